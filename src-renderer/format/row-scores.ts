import { rowScores } from '@shared/domain/data/row-scores.ts';
import type { RowScoreName, RowScores } from '@shared/domain/data/row-scores.ts';
import { formatFixed } from '@shared/presentation/numbers.ts';
import type { GridColumn } from '../components/base/grid-column.ts';

/** Columns of the scores that a dataset has, widest names short. */
const heads: Record<RowScoreName, string> = {
  ches: 'CHES',
  displacement: 'fell',
  fired: 'fired',
  'near-flips': 'near',
  mislabelled: 'rej. +',
  gradient: 'gradient',
};

export function scoreColumns(names: readonly RowScoreName[]): GridColumn[] {
  return names.map((name) => ({
    key: name,
    label: heads[name],
    width: '64px',
    align: 'end',
    sortable: true,
    hint: `${rowScores[name].label}: ${rowScores[name].meaning}`,
  }));
}

export function isRowScore(key: string): key is RowScoreName {
  return Object.hasOwn(rowScores, key);
}

/** A count is whole; shares and nats have two places. */
export function scoreText(scores: RowScores, name: RowScoreName): string {
  const value = scores[name];
  if (value === undefined) return '';
  return name === 'fired' ? String(value) : formatFixed(value, 2);
}
