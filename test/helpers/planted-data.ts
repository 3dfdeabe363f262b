import type { PreferenceRow, TextOrChat } from '../../src-main/shared/domain/datasets.ts';

/** How many rows have each fault; each is in rows of its own. */
export interface Planted {
  duplicates: number;
  nearDuplicates: number;
  /** Written in capitals with double blanks: near duplicates of the plainest sort. */
  normalisedDuplicates: number;
  contradictions: number;
  emptySides: number;
  identicalSides: number;
  templateMarks: number;
  /** Prompts of `plantedQuestions`, as they stand or with two words more. */
  exactOverlaps: number;
  nearOverlaps: number;
  /** Chosen responses of 300 words. */
  long: number;
  /** Conversations among plain text, whose user speaks twice. */
  oddRoles: number;
}

export const noFaults: Planted = {
  duplicates: 0,
  nearDuplicates: 0,
  normalisedDuplicates: 0,
  contradictions: 0,
  emptySides: 0,
  identicalSides: 0,
  templateMarks: 0,
  exactOverlaps: 0,
  nearOverlaps: 0,
  long: 0,
  oddRoles: 0,
};

const syllables = ['ba', 're', 'ti', 'on', 'tha', 'ing', 'mo', 'ka', 'lu', 'ser', 'an', 'to', 'pi', 'der', 've', 'sta'];

/** xorshift32: the same rows everywhere. */
function random(seed: number): (below: number) => number {
  let state = (seed * 2_654_435_761 + 1) | 0;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const word = (draw: (below: number) => number) =>
  Array.from({ length: 2 + draw(3) }, () => syllables[draw(16)] ?? '').join('');

function sentence(draw: (below: number) => number, words: number): string {
  return Array.from({ length: words }, () => word(draw)).join(' ');
}

/** Questions of an evaluation, 14 words each. */
export function plantedQuestions(count: number, seed = 77): string[] {
  const draw = random(seed);
  return Array.from({ length: count }, () => sentence(draw, 14));
}

/**
 * Pairs of random words, of which no two are alike by accident, with as many faults as are asked for: first the clean rows, then the
 * faulty ones. Half of the clean pairs have the longer response chosen.
 */
export function* plantedPairs(clean: number, planted: Partial<Planted> = {}, seed = 1): Generator<PreferenceRow> {
  const faults = { ...noFaults, ...planted };
  const draw = random(seed);
  let made = 0;
  const row = (prompt: TextOrChat, chosen: TextOrChat, rejected: TextOrChat): PreferenceRow => ({
    kind: 'preference',
    id: `row-${made++}`,
    prompt,
    chosen,
    rejected,
    tags: [made % 3 === 0 ? 'code' : 'chat'],
  });
  const fresh = (longerChosen = draw(2) === 0) => {
    const [short, long] = [12 + draw(6), 20 + draw(10)];
    return row(
      sentence(draw, 8 + draw(6)),
      sentence(draw, longerChosen ? long : short),
      sentence(draw, longerChosen ? short : long),
    );
  };
  const copied: [string, string, string][] = [];
  const copies = faults.duplicates + faults.nearDuplicates + faults.normalisedDuplicates + faults.contradictions;
  for (let i = 0; i < clean; i++) {
    const next = fresh();
    if (i < copies) copied.push([next.prompt as string, next.chosen as string, next.rejected as string]);
    yield next;
  }
  const copy = () => copied.pop() ?? (['', '', ''] as [string, string, string]);
  for (let i = 0; i < faults.duplicates; i++) yield row(...copy());
  for (let i = 0; i < faults.nearDuplicates; i++) {
    const [prompt, chosen, rejected] = copy();
    yield row(
      prompt,
      chosen.replace(/\S+$/, (last) => `${last}x`),
      rejected,
    );
  }
  for (let i = 0; i < faults.normalisedDuplicates; i++) {
    const [prompt, chosen, rejected] = copy();
    yield row(prompt.toUpperCase().replaceAll(' ', '  '), `${chosen}!`, rejected);
  }
  for (let i = 0; i < faults.contradictions; i++) {
    const [prompt, chosen, rejected] = copy();
    yield row(prompt, rejected, chosen);
  }
  for (let i = 0; i < faults.emptySides; i++) yield row(sentence(draw, 9), sentence(draw, 15), ' ');
  for (let i = 0; i < faults.identicalSides; i++) {
    const same = sentence(draw, 15);
    yield row(sentence(draw, 9), same, same);
  }
  for (let i = 0; i < faults.templateMarks; i++) {
    yield row(sentence(draw, 9), `${sentence(draw, 15)}<|im_end|>`, sentence(draw, 15));
  }
  const questions = plantedQuestions(faults.exactOverlaps + faults.nearOverlaps);
  for (const [i, question] of questions.entries()) {
    const prompt = i < faults.exactOverlaps ? question : `Please answer ${question}`;
    yield row(prompt, sentence(draw, 15), sentence(draw, 18));
  }
  for (let i = 0; i < faults.long; i++) yield row(sentence(draw, 9), sentence(draw, 300), sentence(draw, 15));
  for (let i = 0; i < faults.oddRoles; i++) {
    yield row(
      [
        { role: 'user', content: sentence(draw, 9) },
        { role: 'user', content: sentence(draw, 9) },
      ],
      [{ role: 'assistant', content: sentence(draw, 15) }],
      [{ role: 'assistant', content: sentence(draw, 15) }],
    );
  }
}
