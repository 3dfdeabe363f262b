import { computed } from 'vue';
import { useRouter } from 'vue-router';
import { comparisonName } from '@shared/presentation/names.ts';
import { useCommands } from '../stores/commands.ts';
import { useComparisons } from '../stores/comparisons.ts';
import { useDatasets, useEvaluations, useGuardSets, useModels } from '../stores/library.ts';
import { useRuns } from '../stores/runs.ts';
import { attend } from '../stores/toasts.ts';

export interface PaletteEntry {
  id: string;
  group: string;
  title: string;
  keys?: string | undefined;
  run: () => void;
}

/** What the palette finds: commands, and everything of the workspace that has a name. */
export function usePaletteEntries() {
  const router = useRouter();
  const commands = useCommands();
  const runs = useRuns();
  const comparisons = useComparisons();
  const models = useModels();
  const evaluations = useEvaluations();
  const datasets = useDatasets();
  const guardSets = useGuardSets();

  const entries = computed<PaletteEntry[]>(() => [
    ...commands.commands
      .filter((command) => command.keysOnly !== true)
      .map(({ id, group, title, keys, run }) => ({ id, group, title, keys: keys?.[0], run })),
    ...runs.byNewest.map((run) => entry('Run', run.name, `/runs/${run.id}`)),
    ...comparisons.byNewest.map((one) =>
      entry('Flips', comparisonName(one.leftName, one.rightName), `/compare/${one.id}`),
    ),
    ...datasets.items.map((one) => entry('Dataset', one.name, `/datasets/${one.id}`)),
    ...guardSets.items.map((one) => entry('Guard set', one.name, `/guard-sets/${one.id}`)),
    ...models.items.map((one) => entry('Model', one.name, `/models/${one.id}`)),
    ...evaluations.items.map((one) => entry('Evaluation', one.name, `/evaluations/${one.id}`)),
  ]);

  function entry(group: string, title: string, path: string): PaletteEntry {
    return { id: path, group, title, run: () => router.push(path) };
  }

  /** Reads the lists that no place has needed yet. */
  function load(): void {
    for (const store of [runs, comparisons, datasets, guardSets, models, evaluations]) attend(store.load());
  }

  return { entries, load };
}
