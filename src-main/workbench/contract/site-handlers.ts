import type { SiteReport } from '../../shared/domain/sites.ts';
import type { Services } from '../services.ts';
import { newSite } from '../sites/new-site.ts';
import { nothing, present, started } from './answers.ts';
import type { Handlers } from './dispatch.ts';

type SiteHandlers = Pick<Handlers, Extract<keyof Handlers, `sites.${string}`>>;

/** Sites and what their doctors saw: a report is kept until the workbench closes, since it ages with the cluster. */
export function siteHandlers({ core, sites }: Pick<Services, 'core' | 'sites'>): SiteHandlers {
  const { bus, jobs } = core;
  const reports = new Map<string, { report: SiteReport; at: number }>();
  const changed = () => bus.publish({ topic: 'changed', lists: ['sites'] });
  return {
    'sites.list': async () =>
      (await sites.list()).map((site) => {
        const seen = reports.get(site.name);
        return { id: site.name, site, report: seen?.report ?? null, reportAt: seen?.at ?? null };
      }),
    'sites.add': async ({ profile, ...given }) => {
      const site = await sites.add(newSite({ ...given, profile: present(profile) }));
      changed();
      return site;
    },
    'sites.remove': ({ name }) =>
      nothing(
        sites.remove(name).then(() => {
          reports.delete(name);
          changed();
        }),
      ),
    'sites.doctor': async ({ name }) => {
      await sites.find(name);
      return started(
        jobs.start({ kind: 'site-doctor', title: `Doctor of ${name}` }, async (task) => {
          reports.set(name, { report: await sites.doctor(name, task), at: Date.now() });
          changed();
          return { site: name };
        }),
      );
    },
    'sites.preview': ({ name, label, tasks, atOnce }) => sites.preview(name, label, tasks, atOnce),
    'sites.jobs': async () => (await sites.seen()).map((job) => ({ ...job, id: job.runId })),
    'sites.log': async ({ runId, lines }) => {
      const run = await core.store.getRun(runId);
      return { log: run === null ? '' : await sites.log(run, lines) };
    },
  };
}
