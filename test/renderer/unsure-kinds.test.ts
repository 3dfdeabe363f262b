import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  blameSentences,
  kindLabel,
  kindSentence,
  kindShares,
  unsureKinds,
} from '../../src-main/shared/domain/kinds/kind-sentences.ts';
import { changeSummary } from '../../src-main/shared/domain/statistics/change-summary.ts';
import { partsOf } from '../../src-renderer/format/flip-filter.ts';
import { filterWords } from '../../src-main/shared/presentation/filter-words.ts';
import { clusterName } from '../../src-main/shared/presentation/flip-set.ts';
import { kindRows, kindSentences } from '../../src-main/shared/presentation/kinds.ts';
import { statementHead, statementLabel } from '../../src-main/shared/presentation/statements.ts';

// The set is what `npm run bench:kinds` measured; here a rule falls below 0.95.
const measured = unsureKinds as Set<string>;
beforeEach(() => measured.add('cut'));
afterEach(() => measured.delete('cut'));

test('a kind whose rule is right less often than 95 times in 100 is called “maybe” wherever it is named', () => {
  const none = { negative: 0, positive: 0, unchanged: 0, 'kept-right': 0, 'kept-wrong': 0, tied: 0, missing: 0 };
  const kinds = changeSummary(
    [
      { name: 'cut', appeared: { ...none, negative: 6 }, gone: none },
      { name: 'refusal', appeared: { ...none, negative: 1 }, gone: none },
    ],
    { ...none, negative: 8, 'kept-right': 20 },
  );
  expect({
    // The bar over the flips, and the terminal.
    bar: kindShares(kinds, 'negative').map(({ phrase, unsure }) => [phrase, unsure]),
    sentence: kindSentence(kinds, 'negative', 8),
    blame: blameSentences(kinds, 8),
    // The facet, the column, the open sample, the parts of a filter and the tables of the terminal.
    labels: ['cut', 'cut:gone', 'refusal'].map(kindLabel),
    filter: filterWords({ changes: ['cut'] }),
    chips: partsOf({ changes: ['cut'], where: ['change:cut'] }, []).map(({ text }) => text),
    // Reports, and sets of flips in words.
    rows: kindRows(kinds).map(([label]) => label),
    report: kindSentences(kinds, 8)[0],
    group: clusterName({ kinds: ['cut'], gained: [], lost: [] }),
    statement: statementHead({ statement: 'change:cut', hits: 6, of: 8 }),
    chip: statementLabel('change:cut'),
  }).toEqual({
    bar: [
      ['maybe cut off', true],
      ['refuses', false],
    ],
    sentence: '8 negative flips: 6 maybe cut off, 1 refuses.',
    blame: ['6 of 8 negative flips are maybe cut off: raise max_new_tokens and evaluate again.'],
    labels: ['Maybe cut off', 'Maybe cut off, gone', 'Refusal'],
    filter: 'Maybe cut off',
    chips: ['Maybe cut off', 'Maybe cut off'],
    rows: ['Maybe cut off', 'Refusal'],
    report: '8 negative flips: 6 maybe cut off, 1 refuses.',
    group: 'Maybe cut off',
    statement: '6 of 8 are maybe cut off',
    chip: 'Maybe cut off',
  });
});
