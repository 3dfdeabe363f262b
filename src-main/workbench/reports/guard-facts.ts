import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { RunRecord } from '../../shared/domain/entities.ts';
import type { ReportParts } from '../../shared/domain/reports/report-model.ts';
import type { Core } from '../core.ts';
import { runFolder } from '../runs/run-folder.ts';
import { comparisonName } from '../../shared/presentation/names.ts';
import { plural } from '../../shared/presentation/words.ts';

export interface GuardFacts {
  /** For the lineage; a set that was deleted since is named by the spec of a run that used it. */
  sets: { id: string; name: string; detail: string }[];
  /** Name, size and hash of the rows that the run was held to; nothing for a run without a guard set. */
  provenance(run: RunRecord): NonNullable<ReportParts['provenance']>;
}

interface TrainedRows {
  count: number;
  /** Of the rows as NDJSON: what the run's `started` event says too. */
  sha256: string;
}

/** What runs were held to. Size and hash are those of the file that the trainer read, not of a set that may be gone. */
export async function guardSetsOf(
  { store, layout }: Pick<Core, 'store' | 'layout'>,
  runs: readonly RunRecord[],
): Promise<GuardFacts> {
  const known = await store.listGuardSets();
  const comparisons = await store.listComparisons();
  const sets = new Map<string, GuardFacts['sets'][number]>();
  const rows = new Map<string, TrainedRows | null>();
  for (const run of runs) {
    const id = run.guardSetId;
    if (id === null) continue;
    const found = known.find((set) => set.id === id);
    const trained = await trainedRows(runFolder(layout, run).file('guardRows'));
    const count = trained?.count ?? found?.samples;
    const origin = comparisons.find((comparison) => comparison.id === found?.comparisonId);
    const from = origin === undefined ? '' : ` of ${comparisonName(origin.leftName, origin.rightName)}`;
    const size = count === undefined ? 'size unknown' : plural(count, 'sample');
    sets.set(id, { id, name: nameIn(run, found?.name), detail: `${size}${from}` });
    rows.set(run.id, trained);
  }
  return {
    sets: [...sets.values()],
    provenance(run) {
      const set = run.guardSetId === null ? undefined : sets.get(run.guardSetId);
      if (set === undefined) return [];
      const trained = rows.get(run.id);
      if (!trained) {
        return [{ label: `Run ${run.name}, guard set ${set.name}`, value: 'its rows are not in the run’s folder' }];
      }
      const label = `Run ${run.name}, guard set ${set.name} (${plural(trained.count, 'sample')}), SHA-256`;
      return [{ label, value: trained.sha256 }];
    },
  };
}

function nameIn({ spec }: RunRecord, known: string | undefined): string {
  const named = spec.guard.kind === 'none' ? undefined : spec.guard.guardSet;
  return known ?? named ?? 'without a name';
}

async function trainedRows(file: string): Promise<TrainedRows | null> {
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text === null) return null;
  return { count: text.split('\n').filter((line) => line !== '').length, sha256: hash('sha256', text, 'hex') };
}
