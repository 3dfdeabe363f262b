import path from 'node:path';
import { snapshotPlace } from '../hub/cached-models.ts';

/** What an import is about, as far as a name can be made of it. */
export interface Nameable {
  target: 'model' | 'dataset' | 'evaluation' | 'suite';
  source: string;
  /** Evaluations: of which models and tasks. */
  parts: readonly { model: string | null; task: string | null }[];
}

/** Names that say nothing without the folder they are in. */
const plainStems =
  /^(train|test|valid|validation|dev|eval|data|dataset|samples|results|outputs?|answers|predictions|annotations|model_outputs|generations|index|file|dropped|checkpoint-\d+|model|final|best|latest)(-\d+(-of-\d+)?)?$/i;
const endings = /(\.(jsonl?|ndjson|csv|tsv|txt|parquet|eval|ya?ml|gz|zst))+$/i;
const moments =
  /[_-]?\d{4}-?\d{2}-?\d{2}[T_-]\d{2}[-:.]?\d{2}([-:.]?\d{2})?(\.\d+|-\d{3,})?([-+]\d{2}[-:]?\d{2}|Z)?[_-]?/g;
const longest = 120;

/** The name to offer for an import: the model’s where the source or the Hub’s cache knows it, else the file’s without its time stamp. */
export function suggestName({ target, source, parts }: Nameable): string {
  if (target === 'evaluation') {
    const models = new Set(parts.map(({ model }) => shortModel(model)));
    const [model] = models;
    if (models.size === 1 && typeof model === 'string') return model;
  }
  const onHub = snapshotPlace(source)?.repository;
  return (shortModel(onHub ?? null) ?? nameOfFile(source)).slice(0, longest);
}

/**
 * A model as people call it: the last part of a path or of `org/name`, of lm-eval’s `org__name` and of `pretrained=…`. Null where
 * nothing is left that tells it from another.
 */
export function shortModel(model: string | null): string | null {
  const given = (model ?? '').trim().replace(/^.*?\bpretrained=([^,]+).*$/, '$1');
  const last =
    given
      .replace(/[\\/]+$/, '')
      .split(/[\\/]/)
      .at(-1) ?? '';
  const name =
    last
      .split('__')
      .filter((part) => part !== '')
      .at(-1) ?? '';
  return name === '' || /^(none|unknown|model|default|main)$/i.test(name) ? null : name.slice(0, longest);
}

function nameOfFile(source: string): string {
  const stem = stemOf(path.basename(source));
  if (stem !== '' && !plainStems.test(stem)) return stem;
  const parent = path.basename(path.dirname(source));
  if (parent === '' || /^[0-9a-f-]{36}$/.test(parent) || parent === 'dropped') return stem || 'imported';
  return plainStems.test(parent) || stem === '' ? parent : `${parent} ${stem}`;
}

function stemOf(name: string): string {
  const stem = name.replace(endings, '').replace(/^samples_(?=.)/, '');
  const bare = stem.replaceAll(moments, ' ').replace(/\s+/g, ' ').trim();
  return bare === '' ? stem : bare;
}
