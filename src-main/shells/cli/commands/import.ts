import { isAnswered } from '../../../shared/domain/evaluations.ts';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { ImportFormat } from '../../../imports/index.ts';
import { acceptedFields, parseFieldMap } from '../../../imports/index.ts';
import { checkedEndpoint } from '../../../endpoints/address.ts';
import type { EvaluationRecord, HubSource } from '../../../shared/domain/entities.ts';
import type { Scorer } from '../../../shared/domain/evaluations.ts';
import { describeMeasure, otherVariants } from '../../../shared/domain/measures.ts';
import { WorkbenchError } from '../../../shared/domain/errors.ts';
import { type HubName, parseHubName, type RepositoryKind } from '../../../workbench/hub/hub-name.ts';
import type { ImportRequest, SuiteHead } from '../../../workbench/imports/imports.ts';
import type { Workbench } from '../../../workbench/workbench.ts';
import type { CommandContext } from '../context.ts';
import type { ImportFlags, ModelFlags, SuiteFlags } from '../options/imports.ts';
import { splitWords } from '../../../shared/domain/programs.ts';
import { rememberProgram } from '../../../system/programs.ts';
import { plain } from '../terminal.ts';
import { formatCount } from '../../../shared/presentation/numbers.ts';
import { plural } from '../../../shared/presentation/words.ts';

/** The word that stands for the demo model instead of a folder. */
const demoModel = /^stories-?15m$/i;

export async function importModel(
  context: CommandContext,
  folder: string | undefined,
  options: ModelFlags,
): Promise<void> {
  if (options.endpoint !== undefined) return importEndpoint(context, folder, options.endpoint, options);
  if (folder === undefined) {
    throw new WorkbenchError('bad-input', 'Name a folder of weights, or a server with --endpoint URL --model NAME.');
  }
  const { models, madeModels, hub } = await context.workbench();
  const named = await hubNameOf('model', folder);
  const model = await (async () => {
    if (demoModel.test(folder)) return madeModels.fetchDemo(options.name, context.task);
    if (named === null) return models.add(path.resolve(folder), options, context.task);
    const fetched = await hub.model(named, context.task, context.terminal.note.bind(context.terminal));
    return models.add(fetched.folder, { ...options, source: fetched.source }, context.task);
  })();
  context.terminal.settle();
  context.terminal.document(model);
  const from = model.source === undefined ? '' : ` From ${model.source.repository} at commit ${model.source.commit}.`;
  context.terminal.print(
    `Model “${plain(model.name)}”: ${plain(model.family)}, ${formatCount(model.parameters)} parameters.${from}`,
  );
  for (const text of model.notes) context.terminal.note(plain(text));
}

async function importEndpoint(
  context: CommandContext,
  folder: string | undefined,
  url: string,
  flags: ModelFlags,
): Promise<void> {
  if (folder !== undefined || flags.model === undefined) {
    throw new WorkbenchError('bad-input', 'A model behind a server has an address and a name there, and no folder.', {
      remedy: 'flipguard import model --endpoint http://127.0.0.1:8000/v1 --model NAME',
    });
  }
  const endpoint = checkedEndpoint({
    url,
    model: flags.model,
    keyVariable: flags.keyEnv ?? null,
    inputPrice: flags.inputPrice ?? null,
    outputPrice: flags.outputPrice ?? null,
    plainHttp: flags.plainHttp ?? false,
    ...(flags.concurrency === undefined ? {} : { concurrency: flags.concurrency }),
  });
  const { models } = await context.workbench();
  const model = await models.addEndpoint(endpoint, flags.name);
  context.terminal.document(model);
  context.terminal.print(`Model “${plain(model.name)}”: ${plain(endpoint.model)} at ${plain(endpoint.url)}.`);
}

export async function importDataset(context: CommandContext, file: string, flags: ImportFlags): Promise<void> {
  const { imports, hub } = await context.workbench();
  const named = await hubNameOf('dataset', file);
  const map = parseFieldMap(flags.map ?? [], acceptedFields('dataset', undefined));
  const name =
    flags.name ?? (named === null ? stemOf(file) : named.repository.slice(named.repository.indexOf('/') + 1));
  const fetched = named === null ? null : await fetch(named);
  const [first = file, ...moreFiles] = fetched?.files ?? [file];
  const from = fetched === null ? {} : { hub: fetched.source };
  const dataset = await imports.dataset({ ...requestOf(first, name, flags), ...from, moreFiles, map }, context.task);
  context.terminal.settle();
  context.terminal.document(dataset);
  const licence = dataset.licence === undefined ? '' : ` Licence: ${plain(dataset.licence)}.`;
  context.terminal.print(`Dataset “${plain(dataset.name)}”: ${plural(dataset.rows, `${dataset.kind} row`)}.${licence}`);
  await noteProblems(context, await context.workbench(), dataset.importId);

  function fetch(repository: HubName): Promise<{ files: string[]; source: HubSource }> {
    const note = context.terminal.note.bind(context.terminal);
    return hub.dataset(repository, flags, context.task, note);
  }
}

export async function importEvaluation(context: CommandContext, source: string, flags: ImportFlags): Promise<void> {
  const { imports, hub } = await context.workbench();
  const map = parseFieldMap(flags.map ?? [], acceptedFields('evaluation', undefined));
  const named = await hubNameOf('dataset', source);
  const note = context.terminal.note.bind(context.terminal);
  const place = named === null ? source : (await hub.evaluation(named, flags, context.task, note)).place;
  const request = { ...requestOf(place, flags.name ?? '', flags), map };
  const name = flags.name ?? (await imports.evaluationName(request));
  if (flags.name === undefined) note(`It is named “${plain(name)}”; --name NAME gives it another name.`);
  const evaluations = await imports.evaluations({ ...request, name }, context.task);
  const [first] = evaluations;
  context.terminal.settle();
  context.terminal.document(evaluations.length === 1 ? first : { evaluations });
  for (const evaluation of evaluations) context.terminal.print(evaluationLines(evaluation).join('\n'));
  await noteProblems(context, await context.workbench(), first?.importId ?? null);
}

/** What an evaluation holds, what judged it and what else its source has, and what the import has to say of it. */
function evaluationLines({ name, suiteName, measure, ...evaluation }: EvaluationRecord): string[] {
  const { samples, right, wrong, tie, missing } = evaluation;
  const verdicts = `${right} right, ${wrong} wrong${tie > 0 ? `, ${plural(tie, 'tie')}` : ''}${missing > 0 ? `, ${missing} without a verdict` : ''}`;
  const counts = `Evaluation “${plain(name)}” on ${plain(suiteName)}: ${plural(samples, 'sample')}, ${verdicts}.`;
  if (measure === null || measure === undefined) return [counts];
  const judged = describeMeasure(measure);
  const others = otherVariants(measure);
  return [
    counts,
    ...(judged === '' ? [] : [`  Judged by: ${plain(judged)}.`]),
    ...(others.length === 0 ? [] : [`  There is also: ${plain(others.join(', '))} (--variant).`]),
    ...measure.notes.map((note) => `  ${plain(note)}`),
  ];
}

export async function importSuite(context: CommandContext, file: string, flags: SuiteFlags): Promise<void> {
  const { imports } = await context.workbench();
  const map = parseFieldMap(flags.map ?? [], acceptedFields('suite', flags.kind));
  const suite = await imports.suite(
    { ...requestOf(file, flags.name, flags), map, suite: suiteHead(flags) },
    context.task,
  );
  context.terminal.settle();
  context.terminal.document(suite);
  context.terminal.print(`Suite “${plain(suite.name)}”: ${formatCount(suite.items)} ${suite.kind} items.`);
  await noteProblems(context, await context.workbench(), suite.importId);
}

export async function importWorkspace(
  context: CommandContext,
  file: string,
  options: { maxSize?: number },
): Promise<void> {
  const { importWorkspaceFile } = await import('../../../workbench/workspace/restore-workspace.ts');
  const limit = options.maxSize === undefined ? {} : { maxBytes: options.maxSize };
  const imported = await importWorkspaceFile(path.resolve(file), context.folder, context.task, limit);
  context.terminal.settle();
  context.terminal.document(imported);
  context.terminal.print(`Workspace restored into ${imported.folder}: ${imported.files} files.`);
}

const fileEnding = /\.(jsonl?|ndjson|csv|tsv|parquet|arrow|txt|log|gz|zst|zip|eval|html?|safetensors|gguf|ya?ml)$/i;

/** What is there as a file or a folder is meant as one, and so is what ends like a file; else `ORG/NAME` is a name of the Hub. */
async function hubNameOf(kind: RepositoryKind, text: string): Promise<HubName | null> {
  const isPath = await stat(path.resolve(text)).then(
    () => true,
    () => false,
  );
  return isPath || fileEnding.test(text) ? null : parseHubName(kind, text);
}

function requestOf(file: string, name: string, flags: ImportFlags): ImportRequest {
  if (file === '') {
    throw new WorkbenchError('bad-input', 'The name of the file is empty.', { remedy: 'Name a file or a folder.' });
  }
  return {
    source: path.resolve(file),
    name,
    // An unknown format is refused by the reader, which names the ones it accepts.
    format: (flags.format ?? 'auto') as ImportFormat | 'auto',
    ...(flags.strict === undefined ? {} : { strict: flags.strict }),
    ...(flags.variant === undefined ? {} : { variant: flags.variant }),
  };
}

function stemOf(file: string): string {
  return path.basename(file).replace(/(\.(jsonl?|csv|parquet|gz|zst|ndjson))+$/i, '');
}

function suiteHead(flags: SuiteFlags): SuiteHead {
  const head = { kind: flags.kind, ...(flags.delimiter === undefined ? {} : { delimiter: flags.delimiter }) };
  // Refused by name where it means nothing, not dropped.
  const repeats = flags.repeats === undefined ? {} : { repeats: flags.repeats };
  if (!isAnswered(flags.kind)) return { ...head, ...repeats };
  if (flags.kind === 'outputs') requireOutputs(flags);
  return {
    ...head,
    ...repeats,
    scorer: namedScorer(flags.scorer ?? 'exact', flags.threshold),
    decoding: { temperature: flags.temperature ?? 0, maxNewTokens: flags.maxNewTokens ?? 64, seed: 0 },
  };
}

/** Old output against new output under one scorer: who is better is told by the scores, and no threshold has a say. */
function requireOutputs({ scorer, threshold }: SuiteFlags): void {
  if (scorer === undefined) {
    throw new WorkbenchError('bad-input', 'A suite of outputs needs a scorer to compare them under.', {
      remedy: 'Give --scorer lexicon:afinn, reward-model:NAME, "command:python score.py", or one that verifies.',
      place: { field: 'scorer' },
    });
  }
  if (threshold === undefined) return;
  throw new WorkbenchError('bad-input', 'Outputs are compared by their scores, and a threshold would hide a fall.', {
    remedy: 'Leave --threshold out, or import the suite as generate.',
    place: { field: 'threshold' },
  });
}

/** A program that is named here is named by the person of this machine: it may run from now on. */
function namedScorer(text: string, threshold: number | undefined): Scorer {
  const scorer = parseScorer(text);
  if (scorer.kind === 'command') rememberProgram(scorer);
  return threshold !== undefined && takesThreshold(scorer) ? { ...scorer, threshold } : scorer;
}

function takesThreshold(scorer: Scorer): scorer is Extract<Scorer, { kind: 'command' | 'lexicon' | 'reward-model' }> {
  return ['command', 'lexicon', 'reward-model'].includes(scorer.kind);
}

/** `exact`, `lexicon:afinn`, `reward-model:NAME`, `judge:ENDPOINT MODEL RUBRIC`. */
function parseScorer(text: string): Scorer {
  const colon = text.indexOf(':');
  const kind = colon < 0 ? text : text.slice(0, colon);
  const argument = colon < 0 ? '' : text.slice(colon + 1);
  switch (kind) {
    case 'exact':
    case 'contains':
    case 'regex':
    case 'numeric':
      return { kind };
    case 'lexicon':
      return { kind, lexicon: 'afinn' };
    case 'reward-model':
      if (argument !== '') return { kind, model: argument };
      break;
    case 'command':
      if (argument.trim() !== '') return { kind, command: splitWords(argument), folder: process.cwd() };
      break;
    case 'judge': {
      const [endpoint, model, ...rubric] = argument.split(' ');
      if (endpoint && model && rubric.length > 0) return { kind, endpoint, model, rubric: rubric.join(' ') };
      break;
    }
  }
  throw new WorkbenchError('bad-input', `“${text}” is not a scorer.`, {
    remedy:
      'Write exact, contains, regex, numeric, lexicon:afinn, reward-model:NAME command:PROGRAM or "judge:ENDPOINT MODEL RUBRIC".',
  });
}

async function noteProblems(
  { terminal }: CommandContext,
  workbench: Workbench,
  importId: string | null,
): Promise<void> {
  const record = (await workbench.imports.list()).find(({ id }) => id === importId);
  if (record === undefined) return;
  for (const decision of record.decisions ?? []) terminal.note(plain(decision));
  if (record.rejected === 0) return;
  const reasons = record.problems.map(
    ({ reason, count, firstLines, message }) =>
      `${reason}: ${count} (lines ${firstLines.join(', ')}${count > firstLines.length ? ', …' : ''})${message === undefined ? '' : `: ${plain(message)}`}`,
  );
  terminal.note(
    `${plural(record.rejected, 'record')} ${record.rejected === 1 ? 'was' : 'were'} left out. ${reasons.join('; ')}`,
  );
}
