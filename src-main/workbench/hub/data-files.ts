import { parse } from 'yaml';
import { z } from 'zod';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { HubFile, Repository } from './repository.ts';

const readable = /\.(parquet|jsonl|ndjson|json|csv)(\.gz|\.zst)?$/;
const notData = /(^|\/)(dataset_infos?|config|state|metadata|package|tokenizer\w*)\.json$/;
export const isData = ({ path }: HubFile) => readable.test(path) && !notData.test(path) && !path.startsWith('.');

export interface DataChoice {
  config?: string | undefined;
  split?: string | undefined;
}

/** Files of one split of one configuration. */
export interface DataFiles {
  config: string;
  split: string;
  files: HubFile[];
}

/**
 * Which files a configuration and a split are made of: by the table at the head of the repository's README, else by folders
 * and names, as the datasets library does.
 */
export function chooseDataFiles(repository: Repository, card: string | null, choice: DataChoice): DataFiles {
  const groups = groupsOf(repository, card);
  const configs = [...new Set(groups.map(({ config }) => config))];
  const config = pick('configuration', configs, choice.config, ['default'], repository);
  const inConfig = groups.filter((group) => group.config === config);
  const splits = inConfig.map(({ split }) => split);
  const split = pick('split', splits, choice.split, ['train'], repository);
  return inConfig.find((group) => group.split === split)!;
}

function pick(
  what: 'configuration' | 'split',
  there: readonly string[],
  wanted: string | undefined,
  usual: readonly string[],
  { name }: Repository,
): string {
  const option = what === 'split' ? '--split' : '--config';
  const found = wanted === undefined ? there.find((one) => usual.includes(one)) : there.find((one) => one === wanted);
  if (found !== undefined) return found;
  const [only] = there;
  if (wanted === undefined && there.length === 1 && only !== undefined) return only;
  const list = there.slice(0, 20).join(', ') + (there.length > 20 ? ', …' : '');
  throw new WorkbenchError(
    wanted === undefined ? 'bad-input' : 'not-found',
    wanted === undefined
      ? `${name.repository} has ${there.length} ${what}s.`
      : `${name.repository} has no ${what} “${wanted}”.`,
    { remedy: `Choose with ${option}; there is: ${list}.` },
  );
}

const patterns = z.union([z.string(), z.array(z.string())]);
const cardSchema = z.looseObject({
  configs: z
    .array(
      z.looseObject({
        config_name: z.coerce.string(),
        data_files: z
          .union([patterns, z.array(z.looseObject({ split: z.coerce.string(), path: patterns }))])
          .optional(),
        data_dir: z.string().optional(),
      }),
    )
    .optional(),
});

function groupsOf(repository: Repository, card: string | null): DataFiles[] {
  const data = repository.files.filter(isData);
  const written = cardSchema.safeParse(frontMatter(card)).data?.configs ?? [];
  const groups = written.flatMap((config) => {
    const base = config.data_dir === undefined ? '' : `${config.data_dir.replace(/\/+$/, '')}/`;
    const inBase = data.filter(({ path }) => path.startsWith(base));
    const { data_files } = config;
    if (data_files === undefined) return bySplit(config.config_name, inBase);
    return [data_files].flat().flatMap((entry) => {
      if (typeof entry === 'string') return bySplit(config.config_name, matching(inBase, base, [entry]));
      const files = matching(inBase, base, [entry.path].flat());
      return files.length === 0 ? [] : [{ config: config.config_name, split: entry.split, files }];
    });
  });
  return groups.length > 0 ? groups : bySplit('default', data);
}

/** The table between two lines of dashes at the head of a README. */
export function frontMatter(card: string | null): unknown {
  const table = /^---\r?\n([\s\S]*?)\r?\n---/.exec(card ?? '')?.[1];
  try {
    return table === undefined ? {} : (parse(table) as unknown);
  } catch {
    return {};
  }
}

const splitWords: readonly [split: string, words: RegExp][] = [
  ['validation', /^(validation|valid|val|dev)$/],
  ['test', /^(test|testing|eval|evaluation)$/],
  ['train', /^(train|training)$/],
];

function bySplit(config: string, files: readonly HubFile[]): DataFiles[] {
  const groups = new Map<string, HubFile[]>();
  for (const file of files) {
    const split = splitOf(file.path);
    groups.set(split, [...(groups.get(split) ?? []), file]);
  }
  return [...groups].map(([split, own]) => ({
    config,
    split,
    files: own.sort((a, b) => a.path.localeCompare(b.path)),
  }));
}

/** Of the words in a path; what names none is for training. A name before the first dash or dot with digits (`train_prefs-00000`) is a split of its own. */
function splitOf(path: string): string {
  const file = path.slice(path.lastIndexOf('/') + 1);
  const sharded = /^([\w.]+?)-\d{5}-of-\d{5}/.exec(file)?.[1];
  if (sharded !== undefined) return sharded;
  const words = path
    .toLowerCase()
    .replace(readable, '')
    .split(/[/_.\s-]+|(?<=[a-z])(?=\d)/);
  return splitWords.find(([, pattern]) => words.some((word) => pattern.test(word)))?.[0] ?? 'train';
}

function matching(files: readonly HubFile[], base: string, globs: readonly string[]): HubFile[] {
  const tests = globs.map(globTest);
  return files.filter(({ path }) => tests.some((test) => test.test(path) || test.test(path.slice(base.length))));
}

/** `*` and `?` stay within a folder, `**` does not; `{a,b}` and `[ab]` as in a shell. */
function globTest(glob: string): RegExp {
  const text = glob
    .replace(/^\.\//, '')
    .replace(/[.+^$()|\\]/g, '\\$&')
    .replace(/\{([^}]*)\}/g, (_, parts: string) => `(?:${parts.replaceAll(',', '|')})`)
    .replace(/\*\*\/?|\*|\?/g, (wildcard) =>
      wildcard.startsWith('**') ? '(?:.*)' : wildcard === '*' ? '[^/]*' : '[^/]',
    );
  return new RegExp(`^${text}$`);
}
