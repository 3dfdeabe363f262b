/** What the flip table is sorted by. */
export const flipSortColumns = [
  'delta',
  'kind',
  'sampleId',
  'leftScore',
  'rightScore',
  'length',
  'firing',
  'label',
  'changes',
] as const;
