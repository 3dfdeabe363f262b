import type { SampleDetail } from '@shared/domain/flip-view.ts';

/** What of a sample is laid out, of the workspace or of a report. */
export type ShownSample = Pick<
  SampleDetail,
  'sampleKey' | 'prompt' | 'target' | 'rejected' | 'left' | 'right' | 'annotation'
> &
  Partial<Pick<SampleDetail, 'continues' | 'stability' | 'changes' | 'parting'>>;
