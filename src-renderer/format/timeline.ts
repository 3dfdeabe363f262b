import type { TimelineMark } from '@shared/domain/flip-view.ts';

/** What became of a sample over the evaluations of a run, in words: first flip, recoveries. Ties and gaps are passed over. */
export function verdictChanges(marks: Pick<TimelineMark, 'verdict' | 'step'>[]): string {
  const judged = marks.filter(({ verdict }) => verdict === 'right' || verdict === 'wrong');
  const changes = judged.flatMap((mark, index) => {
    const before = judged[index - 1];
    return before !== undefined && before.verdict !== mark.verdict ? [{ to: mark.verdict, step: mark.step }] : [];
  });
  const [first] = changes;
  if (first === undefined) return judged.length === 0 ? 'never judged' : `always ${judged[0]?.verdict ?? ''}`;
  const at = first.step === null ? '' : ` at step ${first.step}`;
  const what = first.to === 'wrong' ? `first lost${at}` : `first gained${at}`;
  return changes.length === 1 ? `${what}, then kept` : `${what}, ${changes.length} changes in all`;
}
