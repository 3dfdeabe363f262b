import { randomUUID } from 'node:crypto';
import { rename } from 'node:fs/promises';
import path from 'node:path';
import { acceptedFields, parseFieldMap, readPreview } from '../../imports/index.ts';
import type { FieldMap, ImportFormat } from '../../imports/index.ts';
import type { ParsedInput } from '../../shared/contract/channels.ts';
import type { ImportPreview } from '../../shared/contract/views.ts';
import type { DatasetRow } from '../../shared/domain/datasets.ts';
import type { DatasetRecord, EvaluationRecord, ImportRecord, SuiteRecord } from '../../shared/domain/entities.ts';
import { checkRepeats } from '../../shared/domain/attempts.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { SuiteItem, SuiteKind } from '../../shared/domain/evaluations.ts';
import type { Core } from '../core.ts';
import type { Files } from '../workspace/files.ts';
import { isAdapterFolder, readAdapter } from '../models/adapters.ts';
import type { Models } from '../models/models.ts';
import { inside } from '../workspace/inside.ts';
import { existing, freeName, refuseTakenName } from '../workspace/names.ts';
import type { Task } from '../supervision/task.ts';
import { ingestDataset, ingestEvaluations, ingestSuite } from './ingest.ts';
import type { ImportRequest, SuiteHead } from './ingest.ts';
import { suggestName } from './import-names.ts';
import type { Nameable } from './import-names.ts';
import { noteFolder } from './recent-folders.ts';
import { contractPreview, modelPreview } from './preview.ts';
import { evaluationByVariant } from './variants.ts';

export type { ImportRequest, SuiteHead } from './ingest.ts';

/** Takes in what other tools wrote, and rows that this program made. */
export interface Imports {
  preview(input: ParsedInput<'imports.preview'>): Promise<ImportPreview>;
  /** Imports what was previewed, as a job. */
  accept(previewId: string, said: Said): { jobId: string };
  dataset(request: ImportRequest, task: Task): Promise<DatasetRecord>;
  /** The evaluations that a source holds: one, or a folder's tasks and models. */
  evaluations(request: ImportRequest, task: Task): Promise<EvaluationRecord[]>;
  /** The name to offer for them, free in this workspace, as a window does. */
  evaluationName(request: Omit<ImportRequest, 'name'>): Promise<string>;
  /** The first of them, where there is one. */
  evaluation(request: ImportRequest, task: Task): Promise<EvaluationRecord>;
  /** The same samples judged by another variant of their source, read again where the workspace has it not yet. */
  withVariant(evaluation: EvaluationRecord, variant: string, task: Task): Promise<EvaluationRecord>;
  suite(request: ImportRequest & { suite: SuiteHead }, task: Task): Promise<SuiteRecord>;
  /** Rows at hand instead of a file. */
  addDataset(name: string, rows: readonly DatasetRow[]): Promise<DatasetRecord>;
  addSuite(
    name: string,
    head: SuiteHead & { origin?: SuiteRecord['origin'] },
    items: readonly SuiteItem[],
  ): Promise<SuiteRecord>;
  list(): Promise<ImportRecord[]>;
  undo(importId: string): Promise<void>;
}

/** What a person says of a previewed source when it is taken in. */
interface Said {
  name: string;
  strict: boolean;
  /** The model that an adapter sits on. */
  baseId?: string | undefined;
}

type Previewed = {
  target: ImportPreview['target'];
  source: string;
  format: ImportFormat | 'auto';
  map: FieldMap;
  suiteKind: SuiteKind | undefined;
  variant: string | undefined;
};
const keptPreviews = 50;
const batchRows = 1000;
/** A preview answers soon, however large the source; the import itself counts to the end. */
const previewedRecords = 50_000;
/** Records that say which model wrote them. */
const namedBy = 1000;

export function createImports(core: Core, files: Files, models: Models): Imports {
  const { store, bus, jobs } = core;
  const previews = new Map<string, Previewed>();

  async function dataset(request: ImportRequest, task: Task): Promise<DatasetRecord> {
    refuseTakenName('dataset', await store.listDatasets(), request.name);
    const id = await ingestDataset(store, request, task);
    bus.publish({ topic: 'changed', lists: ['datasets', 'imports'] });
    return existing('dataset', await store.getDataset(id), id);
  }

  async function evaluations(request: ImportRequest, task: Task): Promise<EvaluationRecord[]> {
    const known = await store.listEvaluations();
    refuseTakenName('evaluation', known, request.name);
    const taken = (await store.listImports()).some(
      ({ id, name, undoneAt }) =>
        name === request.name && undoneAt === null && known.some(({ importId }) => importId === id),
    );
    if (taken) {
      throw new WorkbenchError('conflict', `There is an import of evaluations named “${request.name}” already.`, {
        remedy: 'Choose another name.',
      });
    }
    const ids = await ingestEvaluations(store, request, task);
    bus.publish({ topic: 'changed', lists: ['evaluations', 'imports'] });
    const all = await store.listEvaluations();
    return ids.map((id) => existing('evaluation', all.find((one) => one.id === id) ?? null, id));
  }

  async function suite(request: ImportRequest & { suite: SuiteHead }, task: Task): Promise<SuiteRecord> {
    checkRepeats(request.suite);
    refuseTakenName('suite', await store.listSuites(), request.name);
    const id = await ingestSuite(store, request, task);
    bus.publish({ topic: 'changed', lists: ['suites', 'imports'] });
    return existing('suite', await store.getSuite(id), id);
  }

  function remember(previewed: Previewed): string {
    const previewId = randomUUID();
    previews.set(previewId, previewed);
    for (const oldest of previews.keys()) if (previews.size > keptPreviews) previews.delete(oldest);
    return previewId;
  }

  async function run(
    previewed: Previewed,
    { name, strict, baseId }: Said,
    task: Task,
  ): Promise<Record<string, string>> {
    const request: ImportRequest = {
      source: previewed.source,
      name,
      format: previewed.format,
      map: previewed.map,
      strict,
      ...(previewed.variant === undefined ? {} : { variant: previewed.variant }),
      naming: 'by-model',
    };
    await noteFolder(store, files, previewed.source);
    switch (previewed.target) {
      case 'dataset':
        return { datasetId: (await dataset(request, task)).id };
      case 'evaluation':
        return evaluationIds(await evaluations(request, task));
      case 'suite':
        return { suiteId: (await suite({ ...request, suite: { kind: requireKind(previewed.suiteKind) } }, task)).id };
      case 'model':
        return { modelId: (await models.add(await ownFolder(previewed.source), { name, base: baseId }, task)).id };
      default:
        throw new WorkbenchError('unsupported', `Importing a ${previewed.target} has no preview.`);
    }
  }

  /** A model stays where it is. One that was uploaded is with us: among the models, where nothing is tidied. */
  async function ownFolder(source: string): Promise<string> {
    if (!files.isUpload(source)) return source;
    const place = inside(core.layout.models, `uploaded-${randomUUID()}`);
    await rename(source, place);
    return place;
  }

  async function nameFor(nameable: Nameable): Promise<string> {
    const lists = {
      model: () => store.listModels(),
      dataset: () => store.listDatasets(),
      evaluation: () => store.listEvaluations(),
      suite: () => store.listSuites(),
    };
    const taken = nameable.target === 'evaluation' ? (await store.listImports()).filter(isThere) : [];
    return freeName([...(await lists[nameable.target]()), ...taken], suggestName(nameable));
  }

  return {
    async evaluationName({ source, format, map, variant }) {
      const preview = await readPreview(source, {
        purpose: 'evaluation',
        format,
        map,
        maxRecords: namedBy,
        ...(variant === undefined ? {} : { variant }),
      });
      return nameFor({ target: 'evaluation', source, parts: preview.parts });
    },
    async preview(input) {
      const source = files.pathOf(input.handle);
      const { target, suiteKind, variant } = input;
      // An unknown format is refused by the reader, which names the ones it accepts.
      const format = input.format as ImportFormat | 'auto';
      if (target === 'model') {
        const adapter = (await isAdapterFolder(source)) ? { base: await readAdapter(source) } : null;
        const notes = adapter === null ? (await models.examine(source)).notes : [];
        const previewId = remember({ target, source, format, map: {}, suiteKind, variant });
        return modelPreview(previewId, source, await nameFor({ target, source, parts: [] }), { notes, adapter });
      }
      const given = parseMapping(input.mapping, target, suiteKind);
      const preview = await readPreview(source, {
        purpose: target,
        format,
        map: given,
        maxRecords: previewedRecords,
        ...(variant === undefined ? {} : { variant }),
        ...(target === 'suite' ? { kind: requireKind(suiteKind) } : {}),
      });
      const { detection } = preview;
      const map = Object.keys(given).length === 0 && detection.needsMap ? detection.suggestedMap : given;
      const previewId = remember({ target, source, format: detection.format, map, suiteKind, variant });
      const shown = Object.keys(given).length === 0 ? detection.suggestedMap : given;
      const name = await nameFor({ target, source, parts: preview.parts });
      return contractPreview(previewId, { target, source, map: shown }, preview, name);
    },
    accept(previewId, said) {
      const previewed = previews.get(previewId);
      if (previewed === undefined) {
        throw new WorkbenchError('not-found', 'This preview is no longer kept.', { remedy: 'Choose the file again.' });
      }
      const title = `${said.name} from ${path.basename(previewed.source)}`;
      return { jobId: jobs.start({ kind: 'import', title }, (task) => run(previewed, said, task)).id };
    },
    dataset,
    evaluations,
    async evaluation(request, task) {
      const [first] = await evaluations(request, task);
      if (first === undefined) throw new WorkbenchError('internal', 'An import brought no evaluation.');
      return first;
    },
    withVariant: (evaluation, variant, task) => evaluationByVariant(store, evaluations, evaluation, variant, task),
    suite,
    async addDataset(name, rows) {
      refuseTakenName('dataset', await store.listDatasets(), name);
      const kind = rows[0]?.kind;
      if (kind === undefined) throw new WorkbenchError('bad-input', `Dataset “${name}” would have no rows.`);
      const ingest = await store.beginDataset({ name, kind, import: null });
      for (let i = 0; i < rows.length; i += batchRows) await ingest.push(rows.slice(i, i + batchRows));
      const id = await ingest.commit();
      bus.publish({ topic: 'changed', lists: ['datasets'] });
      return existing('dataset', await store.getDataset(id), id);
    },
    async addSuite(name, { origin = 'demo', ...head }, items) {
      refuseTakenName('suite', await store.listSuites(), name);
      const ingest = await store.beginSuite({ ...head, name, origin, import: null });
      for (let i = 0; i < items.length; i += batchRows) await ingest.push(items.slice(i, i + batchRows));
      const id = await ingest.commit();
      bus.publish({ topic: 'changed', lists: ['suites'] });
      return existing('suite', await store.getSuite(id), id);
    },
    list: () => store.listImports(),
    async undo(importId) {
      await store.undoImport(importId);
      bus.publish({ topic: 'changed', lists: ['imports', 'datasets', 'suites', 'evaluations', 'comparisons'] });
    },
  };
}

function isThere({ target, undoneAt }: ImportRecord): boolean {
  return target === 'evaluation' && undoneAt === null;
}

function parseMapping(
  mapping: Record<string, string>,
  target: 'dataset' | 'evaluation' | 'suite',
  suiteKind: SuiteKind | undefined,
): FieldMap {
  const pairs = Object.entries(mapping).filter(([, path]) => path !== '');
  return parseFieldMap(
    pairs.map(([field, path]) => `${field}=${path}`),
    acceptedFields(target, suiteKind),
  );
}

/** One result of a job by its name, of several the first and all. */
function evaluationIds(imported: readonly EvaluationRecord[]): Record<string, string> {
  const ids = imported.map(({ id }) => id);
  return { evaluationId: ids[0] ?? '', ...(ids.length > 1 ? { evaluationIds: ids.join(' ') } : {}) };
}

function requireKind(kind: SuiteKind | undefined): SuiteKind {
  if (kind !== undefined) return kind;
  throw new WorkbenchError('bad-input', 'A suite needs a kind: pairs, cloze, words, choice or generate.', {
    place: { field: 'suiteKind' },
  });
}
