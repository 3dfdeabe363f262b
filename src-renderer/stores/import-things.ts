import type { Input } from '@shared/contract/channels.ts';
import type { FoundThing, ImportPreview } from '@shared/contract/views.ts';
import type { ModelRecord } from '@shared/domain/entities.ts';
import type { ErrorReport } from '@shared/domain/errors.ts';
import type { SuiteKind } from '@shared/domain/evaluations.ts';

export type ImportTarget = Input<'imports.preview'>['target'];

/** One thing that can be imported or opened, and what a person has said of it so far. */
export interface ImportThing {
  readonly key: number;
  readonly found: FoundThing;
  /** Null: there is nothing to import. */
  target: ImportTarget | null;
  suiteKind: SuiteKind;
  format: string;
  mapping: Record<string, string>;
  variant: string | null;
  name: string;
  /** A name that a person typed is not replaced by a better guess. */
  named: boolean;
  /** The model that an adapter sits on. */
  baseId: string;
  preview: ImportPreview | null;
  looking: boolean;
  error: ErrorReport | null;
  /** Its details are shown. */
  open: boolean;
}

export const kindNames: Record<FoundThing['kind'], string> = {
  evaluation: 'Evaluation',
  dataset: 'Dataset',
  suite: 'Suite',
  model: 'Model',
  report: 'Report',
  workspace: 'Workspace',
  unknown: 'Not importable',
};

const records = ['jsonl', 'json', 'csv', 'parquet'];

/** Records of no tool’s layout: what they are is a guess. */
function isGuess({ format }: FoundThing): boolean {
  return format !== null && records.includes(format);
}

/** `wish`: what the place wanted from which importing was asked for; it decides where the content does not. */
export function newThing(key: number, found: FoundThing, wish: ImportTarget | null): ImportThing {
  return {
    key,
    found,
    target: targetOf(found, wish),
    suiteKind: found.kind === 'suite' ? 'choice' : 'cloze',
    format: 'auto',
    mapping: {},
    variant: null,
    name: '',
    named: false,
    baseId: '',
    preview: null,
    looking: false,
    error: null,
    open: false,
  };
}

function targetOf(found: FoundThing, wish: ImportTarget | null): ImportTarget | null {
  const { kind } = found;
  if (kind === 'report' || kind === 'workspace' || kind === 'unknown') return null;
  if (kind === 'model') return 'model';
  if (wish === 'suite' && (kind === 'dataset' || isGuess(found))) return 'suite';
  return kind;
}

/** Whether importing it makes sense: something fits, and it has a name of its own. */
export function isReady({ target, preview, looking, name, baseId }: ImportThing): boolean {
  if (target === null || preview === null || looking || name.trim() === '') return false;
  if (preview.adapter !== null && baseId === '') return false;
  return target === 'model' || preview.fitting > 0;
}

/** The model of the workspace that an adapter names as its base, by its name on the Hub or by that of its folder. */
export function namedBase(named: string | null, models: readonly ModelRecord[]): string {
  if (named === null) return '';
  const last = named.split('/').at(-1) ?? named;
  const wholes = models.filter(({ baseId }) => baseId === undefined);
  const found = wholes.find(({ source }) => source?.repository === named) ?? wholes.find(({ name }) => name === last);
  return found?.id ?? '';
}
