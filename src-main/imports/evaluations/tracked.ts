/** A sample as a tracker of experiments keeps it. */
export interface Tracked {
  /** The id of the example, which all experiments with it share; never that of a run or trace. */
  id: string | null;
  prompt: string | null;
  output: string | null;
  target: string | null;
  /** By name: numbers, truth values, labels. */
  scores: Record<string, unknown>;
  error: string | null;
  /** What the record is instead of a sample: a part of a trace. */
  leftOut: string | null;
  tags?: string[];
}
