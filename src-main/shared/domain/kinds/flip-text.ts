/** A sample of a set that is put into words: both whole answers, and the kinds of change that were found. */
export interface FlipText {
  readonly sampleKey: number;
  readonly sampleId: string;
  readonly target: string | null;
  readonly old: string;
  readonly now: string;
  /** By name, `:gone` ones included. */
  readonly changes: readonly string[];
}

/** A sample that stands for others. */
export interface ExampleSample {
  readonly sampleKey: number;
  readonly sampleId: string;
}

export function exampleOf({ sampleKey, sampleId }: FlipText): ExampleSample {
  return { sampleKey, sampleId };
}
