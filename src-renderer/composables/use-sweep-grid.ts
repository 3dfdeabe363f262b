import { onScopeDispose, ref, shallowRef, watch } from 'vue';
import { nearestName } from '@shared/presentation/nearest-name.ts';
import { invoke } from '../api/client.ts';
import type { SweepAxis } from '../components/launch/sweep-axis.ts';
import { readList } from '../format/spec-form.ts';
import { readYaml, setInYaml } from '../format/spec-yaml.ts';
import { attend } from '../stores/toasts.ts';

export interface SweepRun {
  values: { path: string; value: unknown }[];
  /** Why it cannot start; null where it can. */
  fault: string | null;
  /** What is far from usual in it, and keeps it from nothing. */
  warning: string | null;
}

const checkDelayMs = 350;
/** Runs that are tried before the start; a larger grid is shown and not tried one by one. */
const mostTried = 40;

/** The runs that a sweep would start, each tried against the schema and the workspace while it is typed. */
export function useSweepGrid(state: {
  yaml: () => string;
  axes: () => readonly SweepAxis[];
  paths: () => readonly string[];
  parentRunId: () => string | undefined;
}) {
  const runs = shallowRef<SweepRun[]>([]);
  const faults = shallowRef<string[]>([]);
  const checking = ref(false);
  let turn = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function look(): Promise<void> {
    const mine = ++turn;
    const axes = state.axes().filter(({ path, values }) => path.trim() !== '' || values.trim() !== '');
    faults.value = axes.flatMap((axis) => faultOf(axis, state.paths()));
    const combined = faults.value.length > 0 ? [] : combinations(axes);
    runs.value = combined.map((values) => ({ values, fault: null, warning: null }));
    checking.value = combined.length > 0;
    const parentRunId = state.parentRunId();
    const tried: SweepRun[] = [];
    for (const values of combined.slice(0, mostTried)) {
      const input = { yaml: withValues(state.yaml(), values) };
      const { issues, warnings } = await invoke('runs.check', {
        input,
        estimate: false,
        ...(parentRunId === undefined ? {} : { parentRunId }),
      });
      if (mine !== turn) return;
      const first = ([one]: typeof issues) => (one === undefined ? null : `${one.path}: ${one.message}`);
      tried.push({ values, fault: first(issues), warning: first(warnings) });
    }
    runs.value = [...tried, ...runs.value.slice(tried.length)];
    checking.value = false;
  }

  watch(
    [state.yaml, state.axes],
    () => {
      clearTimeout(timer);
      turn += 1;
      timer = setTimeout(() => attend(look(), 'The sweep could not be checked'), checkDelayMs);
    },
    { immediate: true, deep: true },
  );
  onScopeDispose(() => {
    turn += 1;
    clearTimeout(timer);
  });
  return { runs, faults, checking };
}

function faultOf({ path, values }: SweepAxis, paths: readonly string[]): string[] {
  const field = path.trim();
  if (field === '') return ['Choose the field to vary.'];
  if (!paths.includes(field)) {
    const meant = nearestName(field, paths);
    return [`There is no field “${field}”.${meant === null ? '' : ` Did you mean “${meant}”?`}`];
  }
  return readList(values).length === 0 ? [`Give values for ${field}, with commas between them.`] : [];
}

function combinations(axes: readonly SweepAxis[]): SweepRun['values'][] {
  return axes.length === 0
    ? []
    : axes.reduce<SweepRun['values'][]>(
        (rows, { path, values }) =>
          rows.flatMap((row) => readList(values).map((value) => [...row, { path: path.trim(), value }])),
        [[]],
      );
}

function withValues(yaml: string, values: SweepRun['values']): string {
  const document = readYaml(yaml);
  if (document.errors.length > 0) return yaml;
  for (const { path, value } of values) setInYaml(document, path.split('.'), value);
  return document.toString();
}
