import path from 'node:path';
import { parseAlert } from '../../shared/domain/alerts.ts';
import { foreignAlertMetrics, requireAlertMetrics } from '../../shared/presentation/alert-metrics.ts';
import type { FlipMeterPoint } from '../../shared/contract/views.ts';
import type { RunRecord } from '../../shared/domain/entities.ts';
import { keepAddress, requireOwnAddress } from '../../system/alert-address.ts';
import { createAlerts } from '../following/alerts.ts';
import { printedCurves, silentRules } from '../following/silent-alerts.ts';
import type { Services } from '../services.ts';
import { throwIfCancelled } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';
import { findByName } from '../workspace/names.ts';
import { started } from './answers.ts';
import type { ParsedInput } from '../../shared/contract/channels.ts';
import type { Handlers } from './dispatch.ts';

/** Between two looks at a folder that is followed. */
const paceMs = 5000;

/** A training elsewhere, by its output folder: a job that ends with the training, and whose cancel leaves the training alone. */
export function watchingHandlers({ core, files, following }: Pick<Services, 'core' | 'files' | 'following'>) {
  async function watch(folder: string, input: ParsedInput<'watching.start'>, said: string[], task: Task) {
    const { name, base, dataset, suites, site, alertsTo } = input;
    const rules = input.alerts.map(parseAlert);
    const about = { name, base, dataset };
    if (!input.follow) return following.importRun(folder, about, task);
    const alerts = createAlerts(core, rules, {
      webhook: alertsTo ?? null,
      say: (message) => core.bus.publish({ topic: 'alert-lost', runName: name ?? path.basename(folder), message }),
    });
    const look = async (run: RunRecord, meter: readonly FlipMeterPoint[]) => void (await alerts.look(run, meter));
    const { run } = await following.watch(
      folder,
      {
        ...about,
        suites,
        site,
        paceMs,
        say: (sentence) => void said.push(sentence),
        onGrown: look,
        onEvaluated: (_evaluation, meter, followed) => look(followed, meter),
      },
      task,
    );
    return { run, said: await silentRules(core, run, rules) };
  }

  return {
    'watching.start': async (given) => {
      // By its id: what is no model here could be a path, and a window names none.
      const base =
        given.base === undefined ? undefined : findByName('model', await core.store.listModels(), given.base).id;
      const input = { ...given, base };
      const folder = files.pathOf(input.handle);
      const said = requireAlertMetrics(
        input.alerts.map(parseAlert),
        input.alerts.length === 0 ? [] : foreignAlertMetrics(await printedCurves(folder)),
      );
      if (input.alertsTo !== undefined && input.alerts.length > 0) {
        requireOwnAddress(input.alertsTo);
        keepAddress(input.alertsTo);
      }
      const title = `${input.follow ? 'Watching' : 'Importing'} ${input.name ?? path.basename(folder)}`;
      return started(
        core.jobs.start({ kind: 'watch', title }, async (task) => {
          const taken = await watch(folder, input, said, task);
          throwIfCancelled(task);
          return { runId: taken.run.id, said: [...said, ...taken.said].join('\n') };
        }),
      );
    },
  } satisfies Pick<Handlers, Extract<keyof Handlers, `watching.${string}`>>;
}
