// Over 300 lines: one table from the channels to what answers them, to be searched as one.
import { kindRulesView, saveKindRules, tryKindRules } from '../comparing/kind-settings.ts';
import { requireAllowedEndpoint } from '../../system/endpoints.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { parsePairBy } from '../../shared/domain/pairing.ts';
import type { Handlers } from './dispatch.ts';
import type { Services } from '../services.ts';
import { basisWithChoices } from '../comparing/basis.ts';
import { compareByVariant } from '../comparing/by-variant.ts';
import { findings } from '../comparing/findings.ts';
import { frontier } from '../comparing/frontier.ts';
import { shownSample } from '../comparing/shown-sample.ts';
import { mitigationLedger } from '../comparing/guard-sets.ts';
import { matrix } from '../comparing/matrix.ts';
import { recentFolders } from '../imports/recent-folders.ts';
import { recogniseHandles } from '../imports/recognise.ts';
import { offeredModels } from '../models/offered-models.ts';
import { existing } from '../workspace/names.ts';
import { comparisonName } from '../../shared/presentation/names.ts';
import { workspaceSummary } from '../workspace/summary.ts';
import type { VersionStep } from '../../shared/domain/data/row-view.ts';
import type { ParsedInput } from '../../shared/contract/channels.ts';
import { checkDataset } from '../data/check-dataset.ts';
import { measureMargins } from '../data/margins.ts';
import { rowsNearFlips } from '../data/near-flips.ts';
import { showDatasetRow } from '../data/show-row.ts';
import { makeVersion } from '../data/versions.ts';
import { readMerge } from '../merging/recipe-text.ts';
import { quietTask } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';
import type { Job } from '../../shared/contract/views.ts';
import { lastModel, nothing, started, present } from './answers.ts';
import { evaluationHandlers } from './evaluation-handlers.ts';
import { judgingHandlers } from './judging-handlers.ts';
import { alertHandlers } from './alert-handlers.ts';
import { promptHandlers } from './prompt-handlers.ts';
import { runHandlers } from './run-handlers.ts';
import { siteHandlers } from './site-handlers.ts';
import { watchingHandlers } from './watching-handlers.ts';

/** The whole contract on one page: which service answers which channel. */
export function createHandlers(services: Services): Handlers {
  return {
    ...workspaceHandlers(services),
    ...materialHandlers(services),
    ...runHandlers(services),
    ...siteHandlers(services),
    ...watchingHandlers(services),
    ...alertHandlers(),
    ...promptHandlers(services),
    ...evaluationHandlers(services),
    ...comparisonHandlers(services),
    ...judgingHandlers(services),
    ...sampleHandlers(services),
    ...thingHandlers(services),
    ...actionHandlers(services),
  };
}

type Named<Prefix extends string> = Pick<Handlers, Extract<keyof Handlers, `${Prefix}.${string}`>>;

function workspaceHandlers({ core, shell, version, files, doctor, settingUp, consents }: Services) {
  const { store, jobs, computations } = core;
  return {
    'workspace.summary': () => workspaceSummary(core, { shell, version }),
    'workspace.doctor': ({ again }) => doctor({ again }),
    'setup.look': ({ mirror }) => settingUp.look(mirror),
    'setup.start': (choice) => settingUp.start(present({ flavour: 'cpu', ...choice })),
    'settings.get': () => store.listSettings(),
    'settings.set': ({ key, value }) => nothing(store.setSetting(key, value)),
    'consents.give': (consent) => nothing(Promise.resolve(consents.give(consent))),
    'jobs.list': () => Promise.resolve(jobs.list()),
    'jobs.cancel': ({ jobId }) => nothing(jobs.cancel(jobId)),
    'jobs.take': async ({ jobId }) => computations.take(jobId),
    'jobs.leave': ({ jobId }) => nothing(computations.leave(jobId)),
    'searches.end': async ({ place }) => {
      store.endSearches(place);
      return null;
    },
    'files.pick': ({ purpose }) => files.pick(purpose),
    'files.browse': ({ handle }) => files.browse(handle),
    'files.find': ({ path }) => files.find(path),
    'files.recent': () => recentFolders(store, files),
    'files.beginUpload': () => files.beginUpload(),
    'files.dropUpload': ({ handle }) => nothing(files.dropUpload(handle)),
    'filters.list': () => store.listSavedFilters(),
    'filters.save': ({ name, query }) => store.saveFilter(name, query),
    'filters.remove': ({ filterId }) => nothing(store.removeFilter(filterId)),
  } satisfies Named<'workspace' | 'setup' | 'settings' | 'consents' | 'jobs' | 'searches' | 'files' | 'filters'>;
}

function materialHandlers({ core, files, hub, models, madeModels, imports }: Services) {
  const { store, jobs } = core;
  return {
    'imports.recognise': ({ handles }) => recogniseHandles(files, handles),
    'imports.preview': (input) => imports.preview(input),
    'imports.accept': ({ previewId, ...said }) => Promise.resolve(imports.accept(previewId, said)),
    'imports.list': () => imports.list(),
    'imports.undo': ({ importId }) => nothing(imports.undo(importId)),
    'models.list': () => models.list(),
    'models.cached': () => offeredModels({ core, files, hub }),
    'models.fetchDemo': () =>
      started(
        jobs.start({ kind: 'fetch-model', title: 'stories15M' }, async (task) => ({
          modelId: (await madeModels.fetchDemo(undefined, task)).id,
        })),
      ),
    'models.remove': ({ modelId }) => nothing(models.remove(modelId)),
    'models.merge': ({ input }) => {
      const merge = readMerge(input);
      return started(
        jobs.start({ kind: 'merge', title: merge.name }, async (task) =>
          lastModel(await madeModels.merge(merge, task)),
        ),
      );
    },
    'datasets.list': () => store.listDatasets(),
    'datasets.rows': ({ datasetId, offset, limit }) => store.datasetRows(datasetId, offset, limit),
    ...datasetHandlers(core),
  } satisfies Named<'imports' | 'models' | 'datasets'>;
}

function datasetHandlers(core: Services['core']) {
  const { store, jobs } = core;
  const find = async (id: string) => existing('dataset', await store.getDataset(id), id);
  return {
    'datasets.show': async ({ datasetId, row, ...choice }) =>
      showDatasetRow(core, await find(datasetId), row, choice, quietTask()),
    'datasets.check': async ({ datasetId, margins, ...choice }) => {
      const dataset = await find(datasetId);
      return started(
        jobs.start({ kind: 'dataset-check', title: `check of ${dataset.name}` }, async (task) => {
          await checkDataset(core, dataset, choice, task);
          if (margins === true) await measureMargins(core, dataset, choice, task);
          return { datasetId };
        }),
      );
    },
    'datasets.checked': ({ datasetId }) => store.getDatasetCheck(datasetId, null),
    'datasets.open': ({ datasetId, filter, sort, place }) =>
      store.openDatasetView(datasetId, present(filter), sort, place),
    'datasets.window': ({ viewId, offset, limit }) => store.datasetWindow(viewId, offset, limit),
    'datasets.close': ({ viewId }) => nothing(store.closeDatasetView(viewId)),
    'datasets.mark': ({ datasetId, rows, on }) =>
      store.markDatasetRows(
        datasetId,
        rows.map((row) => row - 1),
        on,
      ),
    'datasets.nearFlips': async ({ datasetId, comparisonId, filter, similarity }) => {
      const choice = { comparisonId, filter: present(filter), ...(similarity === undefined ? {} : { similarity }) };
      const { where, note } = await rowsNearFlips(core, await find(datasetId), choice);
      return { ids: where.ids ?? [], note };
    },
    'datasets.version': async ({ datasetId, name, step, note }) => {
      const dataset = await find(datasetId);
      const wanted = { name, step: presentStep(step), ...(note === undefined ? {} : { note }) };
      return started(
        jobs.start({ kind: 'dataset-version', title: name }, async (task) => ({
          datasetId: (await makeVersion(core, dataset, wanted, task)).id,
        })),
      );
    },
  } satisfies Partial<Named<'datasets'>>;
}

function presentStep(step: ParsedInput<'datasets.version'>['step']): VersionStep {
  return step.do === 'leave-out' || step.do === 'keep-only' ? { ...step, where: present(step.where) } : step;
}

function comparisonHandlers({ core, imports, comparisons, reports }: Services) {
  const { store, bus } = core;
  async function asked<T>(
    kind: Job['kind'],
    what: string,
    comparisonId: string,
    input: unknown,
    work: (task: Task) => Promise<T>,
  ) {
    const { leftName, rightName } = await comparisons.get(comparisonId);
    const head = { kind, title: `${what} ${comparisonName(leftName, rightName)}` };
    return core.computations.ask(head, [comparisonId, input], work);
  }
  return {
    'comparisons.list': () => comparisons.list(),
    'comparisons.open': ({ leftEvaluationId, rightEvaluationId, rule, pairBy }) =>
      comparisons.open(
        leftEvaluationId,
        rightEvaluationId,
        rule,
        pairBy === undefined ? undefined : parsePairBy(pairBy),
      ),
    'comparisons.get': ({ comparisonId }) => comparisons.get(comparisonId),
    'comparisons.summary': ({ comparisonId, filter, place }) =>
      comparisons.summary(comparisonId, present(filter), place),
    'comparisons.basis': ({ comparisonId }) => basisWithChoices(store, comparisonId),
    'comparisons.byVariant': ({ comparisonId, variant }) =>
      started(compareByVariant({ core, imports, comparisons }, comparisonId, variant)),
    'comparisons.kinds': ({ comparisonId, filter }) =>
      asked('kinds', 'Kinds of change of', comparisonId, filter, (task) =>
        comparisons.kinds(comparisonId, present(filter), task),
      ),
    'comparisons.flipSet': ({ comparisonId, filter }) =>
      asked('flip-set', 'Flips in words of', comparisonId, filter, (task) =>
        comparisons.flipSet(comparisonId, present(filter), task),
      ),
    'comparisons.statements': ({ comparisonId, filter }) =>
      asked('statements', 'What samples have in common in', comparisonId, filter, (task) =>
        comparisons.statements(comparisonId, present(filter), task),
      ),
    'comparisons.judgePlan': ({ comparisonId, filter, judge }) =>
      comparisons.judgePlan(comparisonId, present(filter), judge),
    async 'comparisons.judge'({ comparisonId, filter, judge }) {
      requireAllowedEndpoint(judge.endpoint, 'A judge');
      const { leftName, rightName } = await comparisons.get(comparisonId);
      const title = `${judge.model} on ${comparisonName(leftName, rightName)}`;
      return started(
        core.jobs.start({ kind: 'judge', title }, async (task) => {
          await comparisons.judge(comparisonId, present(filter), judge, task);
          return { comparisonId };
        }),
      );
    },
    'comparisons.judged': ({ comparisonId, filter }) => comparisons.judged(comparisonId, present(filter)),
    'kinds.rules': () => kindRulesView(core),
    'kinds.save': ({ settings }) => nothing(saveKindRules(core, settings)),
    'kinds.try': async ({ settings, text }) => tryKindRules(settings, text),
    'comparisons.setNoiseFloor': ({ comparisonId, leftRepeat, rightRepeat }) =>
      nothing(
        store
          .setNoiseFloor(comparisonId, leftRepeat, rightRepeat)
          .then(() => bus.publish({ topic: 'changed', lists: ['comparisons'] })),
      ),
    'comparisons.searchSlices': ({ comparisonId }) =>
      asked('slice-search', 'Slices of', comparisonId, null, (task) => comparisons.findSlices(comparisonId, task)),
    'comparisons.remove': ({ comparisonId }) => nothing(comparisons.remove(comparisonId)),
    'flips.open': ({ comparisonId, filter, sort, place }) =>
      store.openFlipView(comparisonId, present(filter), sort, place),
    'flips.window': ({ viewId, offset, limit }) => store.flipWindow(viewId, offset, limit),
    'flips.position': ({ viewId, sampleKey }) => store.flipPosition(viewId, sampleKey),
    'flips.close': ({ viewId }) => nothing(store.closeFlipView(viewId)),
    'flips.facets': ({ comparisonId, filter, place }) => store.flipFacets(comparisonId, present(filter), place),
    'flips.export': ({ comparisonId, filter, sort, format }) =>
      started(reports.exportFlips({ comparisonId, filter: present(filter), sort, format })),
    'flips.out': ({ filter, ...rest }) => started(reports.flipsOut({ ...rest, filter: present(filter) })),
  } satisfies Named<'comparisons' | 'flips' | 'kinds'>;
}

function sampleHandlers({ core, samples }: Services) {
  const { store, bus } = core;
  const annotated = () => bus.publish({ topic: 'changed', lists: ['annotations'] });
  return {
    'samples.get': async ({ comparisonId, sampleKey }) => shownSample(await samples.detail(comparisonId, sampleKey)),
    'samples.ledger': async ({ comparisonId, sampleKey }) => {
      const title = `Token ledger of ${(await samples.detail(comparisonId, sampleKey)).sampleId}`;
      return core.computations.ask({ kind: 'ledger', title }, [comparisonId, sampleKey], (task) =>
        samples.ledger(comparisonId, sampleKey, task),
      );
    },
    'samples.timeline': ({ sampleKey }) => store.sampleTimeline(sampleKey),
    'samples.training': ({ sampleKey }) => store.trainingTrace(sampleKey),
    'samples.neighbours': ({ comparisonId, sampleKey, limit }) => store.neighbours(comparisonId, sampleKey, limit),
    'annotations.set': async ({ comparisonId, sampleKeys, change }) => {
      const done = await store.annotate(comparisonId, sampleKeys, present(change));
      annotated();
      return done;
    },
    'annotations.undo': ({ undoToken }) => nothing(store.undoAnnotation(undoToken).then(annotated)),
    'annotations.list': ({ comparisonId }) => store.annotations(comparisonId),
  } satisfies Named<'samples' | 'annotations'>;
}

function thingHandlers({ things }: Services) {
  return {
    'things.marks': () => things.marks(),
    'things.mark': ({ kind, id, ...changes }) => nothing(things.mark(kind, id, present(changes))),
    'things.rename': ({ kind, id, name }) => nothing(things.rename(kind, id, name)),
    'things.dependants': ({ kind, id }) => things.dependants(kind, id),
    'things.delete': ({ kind, id }) => things.deleteLater(kind, id),
    'things.keep': ({ token }) => nothing(things.keep(token)),
  } satisfies Named<'things'>;
}

function actionHandlers({ core, comparisons, files, reports, demo, openFile, showFile, connectHost }: Services) {
  const { store, jobs, bus } = core;
  const guardSetsChanged = () => bus.publish({ topic: 'changed', lists: ['guard-sets'] });
  return {
    'guardSets.list': () => store.listGuardSets(),
    'guardSets.create': async ({ name, note, comparisonId, from }) => {
      const added = await store.addGuardSet({ name, note, comparisonId, ...from });
      guardSetsChanged();
      return added;
    },
    'guardSets.rows': ({ guardSetId }) => store.guardSetRows(guardSetId),
    'guardSets.remove': ({ guardSetId }) => nothing(store.removeGuardSet(guardSetId).then(guardSetsChanged)),
    'guardSets.ledger': async ({ guardSetId, runId }) => {
      const title = `Ledger of ${existing('guard set', await store.getGuardSet(guardSetId), guardSetId).name}`;
      return core.computations.ask({ kind: 'mitigation', title }, [guardSetId, runId], (task) =>
        mitigationLedger(core, comparisons, guardSetId, runId, task),
      );
    },
    'findings.get': ({ runId }) =>
      core.computations.ask({ kind: 'findings', title: 'What was found' }, runId ?? null, (task) =>
        findings(core, comparisons, runId ?? null, task),
      ),
    'matrix.get': () => matrix(core),
    'frontier.get': ({ suiteName, baseEvaluationId }) =>
      core.computations.ask(
        { kind: 'frontier', title: `Frontier of ${suiteName}` },
        [suiteName, baseEvaluationId],
        (task) => frontier(core, comparisons, suiteName, baseEvaluationId, task),
      ),
    'hosts.connect': ({ host, program = null, workspace = null }) =>
      core.computations.ask(
        { kind: 'connect', title: `Connecting to ${host}` },
        [host, program, workspace],
        async (task) => {
          await connectHost({ host, program, workspace }, task);
          return null;
        },
      ),
    'reports.list': () => reports.list(),
    'reports.create': (request) => started(reports.start(request)),
    'reports.open': async ({ reportId }) => {
      const file = await reports.fileOf(reportId);
      return (await openFile(file)) ? { download: null } : { download: files.downloadPath(file) };
    },
    'reports.show': async ({ reportId }) => {
      if (showFile === null)
        throw new WorkbenchError('unsupported', 'A browser cannot show a folder.', { remedy: 'Download the file.' });
      showFile(await reports.fileOf(reportId));
      return null;
    },
    'reports.read': async ({ from }) =>
      reports.read('reportId' in from ? await reports.fileOf(from.reportId) : files.pathOf(from.handle)),
    'demo.start': ({ quick }) => {
      if (jobs.list().some(({ kind, state }) => kind === 'demo' && state === 'running')) {
        throw new WorkbenchError('conflict', 'A demo is running already.', {
          remedy: 'Wait until it has ended, or cancel it first.',
        });
      }
      return started(jobs.start({ kind: 'demo', title: quick ? 'Quick demo' : 'Demo' }, (task) => demo(quick, task)));
    },
  } satisfies Named<'hosts' | 'guardSets' | 'findings' | 'matrix' | 'frontier' | 'reports' | 'demo'>;
}
