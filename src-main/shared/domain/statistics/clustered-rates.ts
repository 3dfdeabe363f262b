import type { FlipKind } from '../flips.ts';
import { flipKinds, isCounted } from '../flips.ts';
import type { ClusteredRate, ComparisonSummary } from './comparison-summary.ts';
import { criticalT, pairedDifference, scoreInterval } from './intervals.ts';

/** One value and its sample count per cluster, in parallel. */
interface ClusterTotals {
  negative: number;
  positive: number;
  size: number;
}

/**
 * NFR, PFR and net change where samples come in clusters. Each interval is computed on n / design effect samples, with
 * Student's t of clusters − 1 in place of the normal quantile; the design effect is the linearised cluster variance of the
 * rate over the variance of independent samples, and never below 1 (Kish 1965; the survey Wilson interval). A rate of 0
 * tells nothing of its clustering and keeps effect 1. Null when every counted sample is its own cluster or there is only one.
 *
 * @param kinds index into `flipKinds`, one a sample
 * @param clusters cluster id, one a sample
 */
export function clusteredRates(kinds: Uint8Array, clusters: Int32Array, level: number): ComparisonSummary['clustered'] {
  const groups = totalsByCluster(kinds, clusters);
  const n = groups.reduce((sum, group) => sum + group.size, 0);
  if (groups.length < 2 || groups.length === n) return null;
  const critical = criticalT(level, groups.length);
  const rateOf = (hitsOf: (group: ClusterTotals) => number): ClusteredRate => {
    const hits = groups.reduce((sum, group) => sum + hitsOf(group), 0);
    const effect = designEffect(groups, hitsOf, (hits / n) * (1 - hits / n), n);
    const interval = scoreInterval(hits / effect, n / effect, critical);
    return { ...interval, method: 'wilson-clustered', level, clusters: groups.length, designEffect: effect };
  };
  return {
    nfr: rateOf((group) => group.negative),
    pfr: rateOf((group) => group.positive),
    netChange: netOf(groups, n, critical),
  };
}

/** Null where no two samples share a cluster. A sample of none (0) stands for itself and gets an id of its own, below 0. */
export function clustersOrNull(clusters: Int32Array): Int32Array | null {
  const seen = new Set<number>();
  let shared = false;
  let alone = 0;
  const own = clusters.map((cluster) => {
    if (cluster === 0) return (alone -= 1);
    shared ||= seen.has(cluster);
    seen.add(cluster);
    return cluster;
  });
  return shared ? own : null;
}

function netOf(groups: ClusterTotals[], n: number, critical: number) {
  const negative = groups.reduce((sum, group) => sum + group.negative, 0);
  const positive = groups.reduce((sum, group) => sum + group.positive, 0);
  const net = (positive - negative) / n;
  const variance = (negative + positive) / n - net * net;
  const effect = designEffect(groups, (group) => group.positive - group.negative, variance, n);
  const interval = pairedDifference(negative / effect, positive / effect, n / effect, critical);
  return { ...interval, designEffect: effect };
}

/** Cluster variance of the mean Σ value / n over `variance` / n, the variance of independent samples. */
function designEffect(
  groups: ClusterTotals[],
  valueOf: (group: ClusterTotals) => number,
  variance: number,
  n: number,
): number {
  if (variance <= 0) return 1;
  const mean = groups.reduce((sum, group) => sum + valueOf(group), 0) / n;
  const squares = groups.reduce((sum, group) => sum + (valueOf(group) - mean * group.size) ** 2, 0);
  const clusterVariance = ((groups.length / (groups.length - 1)) * squares) / (n * n);
  return Math.max(1, clusterVariance / (variance / n));
}

function totalsByCluster(kinds: Uint8Array, clusters: Int32Array): ClusterTotals[] {
  const groups = new Map<number, ClusterTotals>();
  for (let i = 0; i < kinds.length; i += 1) {
    const kind = flipKinds[kinds[i] as number] as FlipKind; // callers encode with flipKinds.indexOf
    if (!isCounted(kind)) continue;
    const id = clusters[i] as number;
    let group = groups.get(id);
    if (group === undefined) groups.set(id, (group = { negative: 0, positive: 0, size: 0 }));
    group.size += 1;
    if (kind === 'negative') group.negative += 1;
    if (kind === 'positive') group.positive += 1;
  }
  return [...groups.values()];
}
