import type { SpecIssue } from '../../shared/contract/views.ts';
import type { RunSpec } from '../../shared/domain/run-spec.ts';
import { unusualValues } from '../../shared/presentation/unusual-values.ts';
import { dotted, parseSpec } from './spec-text.ts';
import type { SpecInput } from './spec-text.ts';
import type { Locate } from './yaml-places.ts';

/** What a spec may hold and hardly anybody means, with its places; nothing of a spec that cannot be read, whose faults come first. */
export function specWarnings(input: SpecInput): SpecIssue[] {
  const parsed = parseSpec(input);
  return parsed.ok ? warningsOf(parsed) : [];
}

export function warningsOf({ spec, locate }: { spec: RunSpec; locate: Locate }): SpecIssue[] {
  return unusualValues(spec).map(({ path, message }) => ({ path: dotted(path), message, ...locate(path) }));
}
