import type { FlipCluster } from '../domain/kinds/flip-clusters.ts';
import { kindLabel } from '../domain/kinds/kind-sentences.ts';

/** “Refusal: “sorry”, “cannot” instead of “paris””; what no rule explains is named by its words alone. */
export function clusterName({ kinds, gained, lost }: Pick<FlipCluster, 'kinds' | 'gained' | 'lost'>): string {
  const quoted = (words: readonly string[]): string => words.map((word) => `“${word}”`).join(', ');
  const what = kinds.length === 0 ? 'No rule says why' : kinds.map(kindLabel).join(' and ');
  if (gained.length > 0 && lost.length > 0) return `${what}: ${quoted(gained)} instead of ${quoted(lost)}`;
  if (gained.length > 0) return `${what}: new answers have ${quoted(gained)}`;
  return lost.length > 0 ? `${what}: new answers lack ${quoted(lost)}` : what;
}
