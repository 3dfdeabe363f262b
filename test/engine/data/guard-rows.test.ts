import { expect, test } from 'vitest';
import { guardRowSequences, tokenisePreferences } from '../../../src-main/engine/data/tokenise.ts';
import { prepareItem } from '../../../src-main/engine/evaluate/prepare.ts';
import { loadTokenizer } from '../../../src-main/engine/tokenizer/tokenizer.ts';
import type { PreferenceRow } from '../../../src-main/shared/domain/datasets.ts';
import type { SuiteSpec } from '../../../src-main/shared/domain/evaluations.ts';
import { openFolder } from '../../../src-main/trainer/node-folders.ts';
import { smallModel, withSmallModel } from '../../helpers/workbench.ts';

const text =
  'Once upon a time, there was a little girl named Lily. "Let\'s play," said her friend.\n\nThey  wanted \n to share, but "none" were kind.';
const held = (prompt: string, guardTarget: string): PreferenceRow => ({
  kind: 'preference',
  id: 'held',
  prompt,
  chosen: guardTarget,
  rejected: ' no',
  guardTarget,
  continues: true,
});

test.skipIf(smallModel === null)(
  `what a guard set holds to are the tokens that the suite scored, and no EOS${withSmallModel}`,
  async () => {
    const tokenizer = await loadTokenizer(openFolder(smallModel ?? ''));
    const suite = (kind: SuiteSpec['kind']): SuiteSpec => ({ id: 's', name: 's', kind, fromPosition: 1 });
    const { sequences, words = [] } = prepareItem({ kind: 'words', id: 't', text }, suite('words'), tokenizer, 512);
    expect(words.length).toBeGreaterThan(8);
    for (const { word, at, from, to } of words) {
      const [, , target] = guardRowSequences(tokenizer, held(text.slice(0, at), word), 512);
      expect([word, target.from, ...target.ids]).toEqual([word, from, ...(sequences[0]?.ids.subarray(0, to) ?? [])]);
    }
    const item = { kind: 'cloze', id: 'c', prompt: 'Lily went to the', target: 'park' } as const;
    const [scored] = prepareItem(item, suite('cloze'), tokenizer, 512).sequences;
    expect(guardRowSequences(tokenizer, held(item.prompt, ' park'), 512)[2]).toEqual(scored);

    // A context that is too long loses its beginning, not the piece that is held.
    const { samples, dropped } = tokenisePreferences([held(text, ' Lily')], tokenizer, 8);
    const [, , whole] = guardRowSequences(tokenizer, held(text, ' Lily'), 512);
    expect(dropped).toEqual([]);
    expect(samples[0]?.guardTarget?.ids).toEqual(whole.ids.subarray(-8));
    expect((samples[0]?.guardTarget?.from ?? 0) - 8).toBe(whole.from - whole.ids.length);
  },
);
