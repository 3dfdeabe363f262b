import { computed, markRaw, ref, shallowRef } from 'vue';
import { defineStore } from 'pinia';
import type { ComparisonSummary } from '@shared/contract/views.ts';
import type { ComparisonRecord, FlipFacets, FlipFilter, FlipRow } from '@shared/domain/flip-view.ts';
import type { JudgedStatements } from '@shared/domain/kinds/judged-statements.ts';
import type { ErrorReport } from '@shared/domain/errors.ts';
import { WorkbenchError, reportOf } from '@shared/domain/errors.ts';
import { events, invoke } from '../api/client.ts';
import { asksForKinds, hasPopulationPart, populationPart } from '../format/flip-filter.ts';
import type { FlipBrowserState } from '../format/flip-query.ts';
import { defaultState } from '../format/flip-query.ts';
import { useComparisons } from './comparisons.ts';
import { useComputation } from './computation.ts';
import { PagedRows } from './paged-rows.ts';
import { attend } from './toasts.ts';

/** How long a search takes before the window offers to end it. */
const noticedAfterMs = 400;
/** One list per window: what it searched for before is ended when the person types on. */
const place = crypto.randomUUID();

/**
 * The flip browser's data: one comparison, one view of it (an ordered list kept by the workbench, read in windows), facets
 * and the headline. `show` is called with every new state of the address; parts that did not change are not read again.
 */
export const useFlipBrowser = defineStore('flip-browser', () => {
  const comparisons = useComparisons();
  const comparison = shallowRef<ComparisonRecord | null>(null);
  const state = shallowRef<FlipBrowserState>(defaultState);
  const rows = shallowRef<PagedRows<FlipRow> | null>(null);
  const viewId = ref<string | null>(null);
  const facets = shallowRef<FlipFacets | null>(null);
  const summary = shallowRef<ComparisonSummary | null>(null);
  /** The headline within the filter's population (slices, tags, search, length), where it has one. */
  const filteredSummary = shallowRef<ComparisonSummary | null>(null);
  /** Kinds of change within the filter's population; the first time, both sides' texts are read for them. */
  const kinds = useComputation('comparisons.kinds');
  /** What the listed samples have in common; asked for once kinds are found, and again with every filter. */
  const words = useComputation('comparisons.statements');
  /** What a judge said of them before. */
  const judged = shallowRef<JudgedStatements | null>(null);
  const position = ref<number | null>(null);
  const loading = ref(false);
  /** A search has been running long enough to offer its end. */
  const searching = ref(false);
  /** The person ended the search: the list is that of before. */
  const searchStopped = ref(false);
  const error = shallowRef<ErrorReport | null>(null);
  const total = computed(() => rows.value?.total ?? 0);
  /** Samples were judged since the list was opened: it keeps them where they were, and other ones may match the filter now. */
  const judgedSince = ref(false);
  /** How many match now, where that is not how many are listed. */
  const matching = computed(() => {
    const now = facets.value?.matching;
    return !judgedSince.value || loading.value || now === undefined || now === total.value ? null : now;
  });
  let turn = 0;
  let listKey = '';
  /** Which verdicts the headline counts. */
  let summaryBasis: FlipFilter['verdicts'];
  /** What `kinds` were asked for last, and of which comparison they were found once: from then on rows and facets have them. */
  let kindsKey = '';
  let kindsFoundOf = '';
  let kindsAsked: Promise<void> = Promise.resolve();
  let wordsKey = '';

  async function show(comparisonId: string, next: FlipBrowserState): Promise<void> {
    if (comparison.value?.id !== comparisonId) {
      const mine = turn + 1;
      await openComparison(comparisonId);
      // Somebody went on to another comparison meanwhile.
      if (mine !== turn) return;
    }
    const selectionMoved = next.sample !== state.value.sample;
    state.value = next;
    if (comparison.value?.state !== 'ready') return;
    const key = JSON.stringify([comparisonId, next.filter, next.sort]);
    if (key !== listKey) await openList(comparisonId, key);
    else if (selectionMoved) await locate();
  }

  async function openComparison(comparisonId: string): Promise<void> {
    forget();
    const mine = ++turn;
    try {
      const answer = comparisons.newest(await invoke('comparisons.get', { comparisonId }));
      if (mine === turn) comparison.value = answer;
    } catch (problem) {
      if (mine === turn) error.value = reportOf(problem);
    }
  }

  async function openList(comparisonId: string, key: string): Promise<void> {
    const mine = ++turn;
    listKey = key;
    loading.value = true;
    searchStopped.value = false;
    const { filter, sort } = state.value;
    const notice = setTimeout(() => {
      if (mine === turn) searching.value = (filter.search ?? filter.slices) !== undefined;
    }, noticedAfterMs);
    attend(readFacets(comparisonId, mine));
    attend(readSummaries(comparisonId, mine));
    askKinds(comparisonId);
    attend(askWords(comparisonId, filter, mine));
    try {
      // A list by kinds has none before they are found.
      if (kindsFoundOf !== comparisonId && (asksForKinds(filter) || sort.column === 'changes')) await kindsAsked;
      if (mine !== turn) return;
      const view = await invoke('flips.open', { comparisonId, filter, sort, place });
      if (mine !== turn) return closeView(view.viewId);
      adopt(view.viewId, view.total);
      error.value = null;
      await locate();
    } catch (problem) {
      if (mine !== turn) return;
      if (isEnded(problem)) searchStopped.value = true;
      else error.value = reportOf(problem);
    } finally {
      clearTimeout(notice);
      if (mine === turn) loading.value = searching.value = false;
    }
  }

  /** The person has waited long enough; what was listed before stays. */
  function endSearch(): void {
    invoke('searches.end', { place }).catch(() => undefined);
  }

  function adopt(id: string, count: number): void {
    const old = viewId.value;
    rows.value?.close();
    viewId.value = id;
    judgedSince.value = false;
    rows.value = new PagedRows<FlipRow>(
      count,
      (offset, limit) => invoke('flips.window', { viewId: id, offset, limit }),
      {
        onError: (problem) => windowFailed(problem),
      },
    );
    if (old !== null) closeView(old);
  }

  /** Views that cannot be closed are forgotten by the workbench itself. */
  function closeView(id: string): void {
    invoke('flips.close', { viewId: id }).catch(() => undefined);
  }

  /** The workbench forgets views nobody used for long, and all of them when it restarts: open it again. */
  function windowFailed(problem: unknown): void {
    if (problem instanceof WorkbenchError && problem.code === 'not-found') reopen();
    else error.value = reportOf(problem);
  }

  function reopen(): void {
    const id = comparison.value?.id;
    if (id === undefined) return;
    listKey = '';
    viewId.value = null;
    attend(show(id, state.value));
  }

  async function locate(): Promise<void> {
    const { sample } = state.value;
    const id = viewId.value;
    if (sample === null || id === null) {
      position.value = null;
      return;
    }
    const answer = await invoke('flips.position', { viewId: id, sampleKey: sample });
    if (viewId.value === id && state.value.sample === sample) position.value = answer;
  }

  async function readFacets(comparisonId: string, mine: number): Promise<void> {
    const answer = await invoke('flips.facets', { comparisonId, filter: state.value.filter, place }).catch(() => null);
    if (mine === turn && answer !== null) facets.value = answer;
  }

  async function readSummaries(comparisonId: string, mine: number): Promise<void> {
    const { filter } = state.value;
    const part = hasPopulationPart(filter) ? populationPart(filter) : null;
    const basis: FlipFilter = filter.verdicts === undefined ? {} : { verdicts: filter.verdicts };
    const known = summaryBasis === filter.verdicts ? summary.value : null;
    summaryBasis = filter.verdicts;
    const [whole, within] = await Promise.all([
      known ?? invoke('comparisons.summary', { comparisonId, filter: basis }).catch(() => null),
      part === null ? null : invoke('comparisons.summary', { comparisonId, filter: part, place }).catch(() => null),
    ]);
    if (mine !== turn) return;
    summary.value = whole;
    filteredSummary.value = within;
  }

  function askKinds(comparisonId: string): void {
    const filter = populationPart(state.value.filter);
    const key = JSON.stringify([comparisonId, filter]);
    if (key === kindsKey) return;
    kindsKey = key;
    kindsAsked = readKinds(comparisonId, filter);
    attend(kindsAsked);
  }

  /** The filter's samples in words; what was found for another filter is no longer shown. */
  async function askWords(comparisonId: string, filter: FlipFilter, mine: number): Promise<void> {
    const key = JSON.stringify([comparisonId, filter]);
    if (key === wordsKey) return;
    wordsKey = key;
    words.clear();
    judged.value = null;
    const said = await invoke('comparisons.judged', { comparisonId, filter }).catch(() => null);
    if (mine === turn) judged.value = said;
    await kindsAsked;
    if (mine !== turn || kinds.value.value === null) return;
    await words.ask({ comparisonId, filter });
  }

  async function readKinds(comparisonId: string, filter: FlipFilter): Promise<void> {
    await kinds.ask({ comparisonId, filter });
    if (kinds.value.value === null || comparison.value?.id !== comparisonId || kindsFoundOf === comparisonId) return;
    kindsFoundOf = comparisonId;
    rows.value?.invalidate();
    await readFacets(comparisonId, turn);
  }

  function forget(): void {
    endSearch();
    searching.value = searchStopped.value = false;
    kinds.clear();
    words.clear();
    judged.value = null;
    kindsKey = kindsFoundOf = wordsKey = '';
    rows.value?.close();
    if (viewId.value !== null) closeView(viewId.value);
    comparison.value = null;
    rows.value = null;
    viewId.value = null;
    facets.value = null;
    summary.value = null;
    filteredSummary.value = null;
    position.value = null;
    error.value = null;
    listKey = '';
  }

  /** Shows a change to samples at once; the view itself keeps its order until it is opened again. */
  function patchRows(keys: Set<number>, change: Partial<FlipRow>): void {
    rows.value?.patch((row) => (keys.has(row.sampleKey) ? { ...row, ...change } : row));
  }

  async function refreshFacets(): Promise<void> {
    judgedSince.value = true;
    if (comparison.value !== null) await readFacets(comparison.value.id, turn);
  }

  /** A corrected verdict changes what became of samples, and with it every number; the list keeps its order until it is opened again. */
  async function refreshNumbers(): Promise<void> {
    const id = comparison.value?.id;
    if (id === undefined) return;
    judgedSince.value = true;
    summary.value = null;
    rows.value?.invalidate();
    kindsKey = wordsKey = '';
    askKinds(id);
    attend(askWords(id, state.value.filter, turn));
    await Promise.all([readFacets(id, turn), readSummaries(id, turn)]);
  }

  events().on('comparison', ({ comparison: changed }) => {
    if (changed.id !== comparison.value?.id) return;
    const becameReady = comparison.value.state !== 'ready' && changed.state === 'ready';
    comparison.value = changed;
    if (becameReady) reopen();
  });
  events().onResync(reopen);

  return {
    comparison,
    state,
    rows,
    viewId,
    facets,
    summary,
    filteredSummary,
    kinds: markRaw(kinds),
    words: markRaw(words),
    judged,
    position,
    loading,
    searching,
    searchStopped,
    endSearch,
    error,
    total,
    matching,
    show,
    forget,
    patchRows,
    refreshFacets,
    refreshNumbers,
    reopen,
  };
});

function isEnded(problem: unknown): boolean {
  return problem instanceof WorkbenchError && problem.code === 'cancelled';
}
