/**
 * What the demo asks of a model is cut out of stories that a model wrote. All pure; the same stories give the same material.
 */
import type { PreferenceRow } from '../../shared/domain/datasets.ts';
import type { SuiteItem } from '../../shared/domain/evaluations.ts';
import type { SampledOutput } from '../../shared/domain/trainer-events.ts';

const promptWords = 20;
/** A cloze prompt ends before the last word of the first sentence that ends at or after this many words. */
const clozeWords = 30;

/** The opening of a story as a prompt, or null when there is not enough story left to continue. */
export function openingOf(story: string): string | null {
  const words = story.trim().split(/\s+/);
  if (words.length < promptWords * 2) return null;
  return words.slice(0, promptWords).join(' ');
}

/** The last word of a sentence to be guessed from all that comes before it. Only plain words qualify. */
export function clozeItem(story: string, id: string): SuiteItem | null {
  const words = story.trim().split(/\s+/);
  const end = words.findIndex((word, index) => index >= clozeWords && /^[A-Za-z]+[.!?]$/.test(word));
  const last = words[end];
  if (last === undefined) return null;
  return { kind: 'cloze', id, prompt: words.slice(0, end).join(' '), target: last.slice(0, -1) };
}

/** A whole story, of which the suite checks every content word. */
export function wordsItem(story: string, id: string): SuiteItem | null {
  const text = story.trim();
  return text.split(/\s+/).length < promptWords * 2 ? null : { kind: 'words', id, text };
}

/** A prompt with what a model said to it, several times, each rated. */
export interface SampledPrompt {
  id: string;
  prompt: string;
  outputs: readonly SampledOutput[];
}

/**
 * The best and the worst rated sample of each prompt become chosen and rejected. Prompts whose samples all score the same
 * say nothing about the preference and are left out. Ties go to the earlier sample.
 */
export function rankedPairs(sampled: readonly SampledPrompt[]): PreferenceRow[] {
  return sampled.flatMap(({ id, prompt, outputs }): PreferenceRow[] => {
    const ranked = outputs.filter(({ text }) => text.trim() !== '').sort((a, b) => scoreOf(b) - scoreOf(a));
    const [best] = ranked;
    const worst = ranked.find((output) => scoreOf(output) === scoreOf(ranked.at(-1)));
    if (best === undefined || worst === undefined || scoreOf(best) === scoreOf(worst)) return [];
    return [{ kind: 'preference', id, prompt, chosen: best.text, rejected: worst.text }];
  });
}

function scoreOf(output: SampledOutput | undefined): number {
  return output?.score ?? 0;
}
