import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue';
import { stringify } from 'yaml';
import type { SpecCheck, SpecIssue } from '@shared/contract/views.ts';
import { reportOf } from '@shared/domain/errors.ts';
import { invoke } from '../api/client.ts';
import { valueAt } from '../format/spec-form.ts';
import { readYaml, setInYaml } from '../format/spec-yaml.ts';
import type { SpecDocument } from '../format/spec-yaml.ts';
import { attend } from './toasts.ts';

const checkDelayMs = 250;

/**
 * A run spec under edit, as form and as YAML at once. The YAML text is what counts: the form reads from it and writes
 * single values into it, so comments and order stay as they were typed. It is checked while typing.
 */
export function useSpecEditor(initial: string, parentRunId: () => string | undefined) {
  const yaml = ref(initial);
  const check = shallowRef<SpecCheck | null>(null);
  const checking = ref(false);
  const estimating = ref(false);
  const past = shallowRef<string[]>([]);
  let turn = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const parsed = computed(() => readYaml(yaml.value));
  /** Faults of the YAML itself; while there are any the form rests. */
  const syntaxIssues = computed<SpecIssue[]>(() =>
    parsed.value.errors.map((error) => ({
      path: '',
      message: error.message.split('\n')[0] ?? error.message,
      ...(error.linePos === undefined ? {} : { line: error.linePos[0].line, column: error.linePos[0].col }),
    })),
  );
  const spec = shallowRef<unknown>({});
  // An empty text is an empty spec.
  const readSpec = (document: SpecDocument): unknown => document.toJS() ?? {};
  watch(parsed, (document) => (document.errors.length === 0 ? (spec.value = readSpec(document)) : undefined), {
    immediate: true,
    flush: 'sync',
  });
  const issues = computed(() => (syntaxIssues.value.length > 0 ? syntaxIssues.value : (check.value?.issues ?? [])));
  const warnings = computed(() => (syntaxIssues.value.length > 0 ? [] : (check.value?.warnings ?? [])));
  const ok = computed(() => syntaxIssues.value.length === 0 && check.value?.ok === true && !checking.value);

  /** Sets one value; undefined deletes the key, so that its default holds. */
  function set(path: readonly string[], value: unknown): void {
    const document = readYaml(yaml.value);
    if (document.errors.length > 0) return;
    setInYaml(document, path, value);
    replace(document.toString({ lineWidth: 110 }));
  }

  function replace(text: string): void {
    past.value = [...past.value, yaml.value].slice(-100);
    yaml.value = text;
  }

  function undo(): void {
    const last = past.value.at(-1);
    if (last === undefined) return;
    past.value = past.value.slice(0, -1);
    yaml.value = last;
  }

  async function runCheck(estimate = false): Promise<void> {
    const mine = ++turn;
    const parent = parentRunId();
    checking.value = !estimate;
    estimating.value = estimate;
    try {
      const answer = await invoke('runs.check', {
        input: { yaml: yaml.value },
        estimate,
        ...(parent === undefined ? {} : { parentRunId: parent }),
      });
      if (mine === turn) check.value = answer;
    } catch (problem) {
      if (mine !== turn) return;
      const { message, place } = reportOf(problem);
      check.value = {
        ok: false,
        issues: [{ path: place?.field ?? '', message }],
        warnings: [],
        yaml: null,
        difference: null,
        estimate: null,
      };
    } finally {
      if (mine === turn) checking.value = estimating.value = false;
    }
  }

  watch(
    [yaml, parentRunId],
    () => {
      clearTimeout(timer);
      turn += 1;
      checking.value = syntaxIssues.value.length === 0;
      if (!checking.value) return;
      timer = setTimeout(() => attend(runCheck()), checkDelayMs);
    },
    { immediate: true },
  );
  onScopeDispose(() => clearTimeout(timer));

  const at = (list: readonly SpecIssue[], path: readonly string[]) =>
    list.find((issue) => issue.path === path.join('.'))?.message;
  const issueAt = (path: readonly string[]) => at(issues.value, path);
  const warningAt = (path: readonly string[]) => at(warnings.value, path);
  const value = (path: readonly string[]) => valueAt(spec.value, path);
  return {
    yaml,
    spec,
    check,
    checking,
    estimating,
    issues,
    warnings,
    syntaxIssues,
    ok,
    past,
    set,
    replace,
    undo,
    runCheck,
    issueAt,
    warningAt,
    value,
  };
}
export type SpecEditor = ReturnType<typeof useSpecEditor>;

/** A finished spec as YAML to edit. */
export function specToYaml(spec: unknown): string {
  return stringify(spec, { lineWidth: 110 });
}
