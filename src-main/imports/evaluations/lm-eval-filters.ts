import { isPlainObject, own } from '../field-path.ts';
import { findAll, NoSuchPattern, pythonRegex, strip } from './python-regex.ts';

/** Why answers cannot be judged one by one; ends a sentence that begins with “since”. */
export class CannotJudge extends Error {}

type Extract = (answer: string) => string;

/** A filter of a task as far as it can be applied here: what it takes from each answer, and what becomes of them together. */
export interface LmEvalFilter {
  /** What it does to each answer, as its configuration says it: filters that say the same judge answers alike. */
  extraction: string;
  /** The first so many answers alone. */
  first: number;
  select: 'all' | 'first' | 'majority';
  extract: Extract;
}

/** @throws CannotJudge for a step whose effect is not known. */
export function readFilter(name: string, steps: unknown): LmEvalFilter {
  const filter: LmEvalFilter = { extraction: '', first: Infinity, select: 'all', extract: (answer) => answer };
  const said: unknown[] = [];
  for (const step of Array.isArray(steps) ? (steps as unknown[]) : []) {
    const called = own(step, 'function');
    if (called === 'take_first') {
      if (filter.select === 'all') filter.select = 'first';
      continue;
    }
    if (filter.select !== 'all') throw new CannotJudge(`the filter “${name}” does more than select after it selected`);
    if (called === 'majority_vote') filter.select = 'majority';
    else if (called === 'take_first_k') filter.first = Math.min(filter.first, Number(own(step, 'k')));
    else {
      const [before, then] = [filter.extract, extractOf(name, called, step)];
      filter.extract = (answer) => then(before(answer));
      said.push(step);
    }
  }
  return { ...filter, extraction: JSON.stringify(said) };
}

function extractOf(name: string, called: unknown, step: unknown): Extract {
  switch (called) {
    case 'regex':
      return byRegex(name, step);
    case 'remove_whitespace':
      return strip;
    case 'lowercase':
      return (answer) => answer.toLowerCase();
    case 'uppercase':
      return (answer) => answer.toUpperCase();
    case 'map':
      return byMap(name, step);
    default: {
      const what = typeof called === 'string' && /^[\w.-]{1,60}$/.test(called) ? called : 'a function of its own';
      throw new CannotJudge(`the filter “${name}” uses ${what}`);
    }
  }
}

/** The harness's defaults where a setting is left out. */
function byRegex(name: string, step: unknown): Extract {
  const pattern = own(step, 'regex_pattern') ?? String.raw`#### (\-?[0-9\.\,]+)`;
  const group = own(step, 'group_select') ?? 0;
  const fallback = own(step, 'fallback') ?? '[invalid]';
  if (typeof pattern !== 'string' || typeof group !== 'number' || typeof fallback !== 'string') {
    throw new CannotJudge(`the filter “${name}” has settings that are no text`);
  }
  const regex = compiled(`the filter “${name}”`, pattern);
  return (answer) => {
    const found = findAll(regex, answer).at(group);
    if (found === undefined) return fallback;
    const text = typeof found === 'string' ? found : (found.find((part) => part !== '') ?? fallback);
    return strip(text);
  };
}

function byMap(name: string, step: unknown): Extract {
  const [table, usual] = [own(step, 'mapping_dict'), own(step, 'default_value')];
  if (!isPlainObject(table) || Object.values(table).some((value) => typeof value !== 'string')) {
    throw new CannotJudge(`the filter “${name}” maps to what is no text`);
  }
  return (answer) => {
    const mapped = own(table, answer) ?? usual;
    // Whatever is no text equals no target, as there.
    return typeof mapped === 'string' ? mapped : '\u0000';
  };
}

/** @throws CannotJudge with whose pattern it is. */
export function compiled(whose: string, pattern: string): RegExp {
  try {
    return pythonRegex(pattern);
  } catch (error) {
    const why = error instanceof NoSuchPattern ? error.message : 'its pattern is none that is known here';
    throw new CannotJudge(`${whose} cannot be applied here: ${why}`);
  }
}

/** What most of them are; of several that come equally often the one that came first, as Python's `Counter` has it. */
export function majorityOf(texts: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  const most = Math.max(...counts.values());
  return [...counts].find(([, count]) => count === most)?.[0];
}
