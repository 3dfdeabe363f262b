/** Any value of a spec as people write it. */
export function shownValue(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
      // 0.00002 is read wrong more easily than 2e-5.
      return value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential() : String(value);
    case 'boolean':
    case 'bigint':
      return String(value);
    default:
      return value === undefined || value === null ? '' : JSON.stringify(value);
  }
}
