import { existsSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import type { PreferenceSample } from '../../src-main/engine/data/tokenise.ts';

/** Recorded trajectories and models are next to the checkout, where they are present at all. */
const shared = path.resolve(import.meta.dirname, '../../../shared');
export const goldenFolder = path.join(shared, 'golden/trl');
export const stories260k = path.join(shared, 'models/stories-260k');
export const goldenPresent = existsSync(goldenFolder) && existsSync(stories260k);
export const goldenAbsent = 'skipped: ../shared/golden/trl is not there';

export interface GoldenStep {
  step: number;
  loss: number;
  rewards_chosen: number[];
  rewards_rejected: number[];
  ref_chosen_logps: number[];
  ref_rejected_logps: number[];
  grad_norm: number;
  grad_norm_per_tensor?: Record<string, number>;
}
export interface Golden {
  steps: GoldenStep[];
  final_params: Record<string, { sum: number; norm: number }>;
}

export function readGolden(size: '260K' | '15M'): Golden {
  return JSON.parse(readFileSync(path.join(goldenFolder, `golden_${size}_full.json`), 'utf8')) as Golden;
}

/** The golden pairs, already tokenised, in file order. */
export function readGoldenSamples(size: '260K' | '15M'): PreferenceSample[] {
  const file = path.join(goldenFolder, `batches_${size}.json`);
  const { rows } = JSON.parse(readFileSync(file, 'utf8')) as {
    rows: { prompt: number[]; chosen: number[]; rejected: number[] }[];
  };
  return rows.map(({ prompt, chosen, rejected }, i) => ({
    id: `row-${i}`,
    chosen: { ids: Int32Array.from([...prompt, ...chosen]), from: prompt.length },
    rejected: { ids: Int32Array.from([...prompt, ...rejected]), from: prompt.length },
  }));
}
