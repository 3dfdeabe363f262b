/** A field that a sweep varies: a dotted path, and its values as typed, with commas between. */
export interface SweepAxis {
  path: string;
  values: string;
}
