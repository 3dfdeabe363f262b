import { computed, ref, shallowRef } from 'vue';
import type { DatasetCheck } from '@shared/domain/data/check.ts';
import type { Finding } from '@shared/domain/data/findings.ts';
import { needsCheck } from '@shared/domain/data/row-view.ts';
import type { ListedRow, RowFilter, RowSort, RowViewHandle } from '@shared/domain/data/row-view.ts';
import type { FlipFilter } from '@shared/domain/flip-view.ts';
import type { DatasetRecord } from '@shared/domain/entities.ts';
import { WorkbenchError, reportOf } from '@shared/domain/errors.ts';
import type { ErrorReport } from '@shared/domain/errors.ts';
import { invoke } from '../api/client.ts';
import { useJobs } from './jobs.ts';
import { isRowScore } from '../format/row-scores.ts';
import { PagedRows } from './paged-rows.ts';
import { useToasts } from './toasts.ts';

/** How long a search takes before the window offers to end it. */
const noticedAfterMs = 400;
/** Datasets up to this many rows are checked when they are opened: it takes a moment. */
const checkedAtOnce = 5_000;

export interface CheckWish {
  model?: string;
  maxLength?: number;
  against?: string[];
  margins?: boolean;
}

/** One dataset in its view: the list under a filter, the newest check, and what may be done with the rows. */
export function useDatasetRoom(dataset: DatasetRecord) {
  const datasetId = dataset.id;
  const jobs = useJobs();
  const toasts = useToasts();
  const filter = ref<RowFilter>({});
  const sort = ref<RowSort>({ column: 'row', direction: 'ascending' });
  const view = shallowRef<RowViewHandle | null>(null);
  const rows = shallowRef<PagedRows<ListedRow> | null>(null);
  const check = shallowRef<DatasetCheck | null>(null);
  const jobId = ref<string | null>(null);
  const error = shallowRef<ErrorReport | null>(null);
  /** A search or an order has been taking long; the person ended one. */
  const searching = ref(false);
  const searchStopped = ref(false);
  /** Which rows are shown, in a sentence, where they are those near flips. */
  const near = ref<string | null>(null);
  const place = crypto.randomUUID();
  const job = computed(() => (jobId.value === null ? null : jobs.byId(jobId.value)));
  let asked = 0;

  async function reopen(): Promise<void> {
    const mine = ++asked;
    searchStopped.value = false;
    const notice = setTimeout(() => {
      if (mine === asked) searching.value = true;
    }, noticedAfterMs);
    const known = check.value !== null;
    // Before a check there is nothing to filter or sort by but the words.
    const wanted = known || !needsCheck(filter.value) ? filter.value : {};
    const order: RowSort =
      known || isRowScore(sort.value.column) ? sort.value : { column: 'row', direction: sort.value.direction };
    try {
      const opened = await invoke('datasets.open', { datasetId, filter: wanted, sort: order, place });
      if (mine !== asked) {
        await invoke('datasets.close', { viewId: opened.viewId });
        return;
      }
      const before = view.value;
      rows.value?.close();
      view.value = opened;
      rows.value = new PagedRows<ListedRow>(
        opened.total,
        (offset, limit) => invoke('datasets.window', { viewId: opened.viewId, offset, limit }),
        { onError: (problem) => toasts.error(problem, 'Rows could not be read') },
      );
      error.value = null;
      if (before !== null) await invoke('datasets.close', { viewId: before.viewId });
    } catch (problem) {
      if (mine !== asked) return;
      if (problem instanceof WorkbenchError && problem.code === 'cancelled') searchStopped.value = true;
      else error.value = reportOf(problem);
    } finally {
      clearTimeout(notice);
      if (mine === asked) searching.value = false;
    }
  }

  function endSearch(): void {
    invoke('searches.end', { place }).catch(() => undefined);
  }

  async function load(): Promise<void> {
    try {
      check.value = (await invoke('datasets.checked', { datasetId }))?.check ?? null;
    } catch (problem) {
      error.value = reportOf(problem);
    }
    await reopen();
    if (check.value === null && dataset.rows <= checkedAtOnce) await runCheck({});
  }

  async function runCheck(wish: CheckWish): Promise<void> {
    try {
      const started = await invoke('datasets.check', { datasetId, ...wish });
      jobId.value = started.jobId;
      await jobs.finished(started.jobId);
      check.value = (await invoke('datasets.checked', { datasetId }))?.check ?? null;
      await reopen();
    } catch (problem) {
      toasts.error(problem, 'The dataset could not be checked');
    } finally {
      jobId.value = null;
    }
  }

  function narrow(next: RowFilter): Promise<void> {
    filter.value = Object.fromEntries(
      Object.entries(next).filter(([, part]) => part !== undefined && !(Array.isArray(part) && part.length === 0)),
    ) as RowFilter;
    return reopen();
  }

  /** Shows the rows whose prompts are like those of samples that flipped. */
  async function showNear(comparisonId: string, flips: FlipFilter): Promise<void> {
    near.value = 'Looking for rows near the flips…';
    try {
      const found = await invoke('datasets.nearFlips', { datasetId, comparisonId, filter: flips });
      near.value = found.ids.length === 0 ? `No row is near. ${found.note}` : found.note;
      if (found.ids.length > 0) await narrow({ ids: found.ids });
    } catch (problem) {
      near.value = null;
      toasts.error(problem, 'Rows near the flips could not be looked for');
    }
  }

  function sortBy(column: RowSort['column']): Promise<void> {
    const same = sort.value.column === column;
    sort.value = { column, direction: same && sort.value.direction === 'descending' ? 'ascending' : 'descending' };
    return reopen();
  }

  async function mark(numbers: readonly number[], on: boolean): Promise<void> {
    try {
      await invoke('datasets.mark', { datasetId, rows: [...numbers], on });
      rows.value?.patch((row) => (numbers.includes(row.number) ? { ...row, marked: on } : row));
    } catch (problem) {
      toasts.error(problem, 'The row could not be marked');
    }
  }

  function toggleFinding(finding: Finding, only: boolean): Promise<void> {
    const selected = filter.value.findings ?? [];
    const next = only
      ? [finding]
      : selected.includes(finding)
        ? selected.filter((one) => one !== finding)
        : [...selected, finding];
    return narrow({ ...filter.value, findings: next });
  }

  function close(): void {
    asked += 1;
    endSearch();
    rows.value?.close();
    if (view.value !== null) invoke('datasets.close', { viewId: view.value.viewId }).catch(() => undefined);
  }

  return {
    filter,
    sort,
    view,
    rows,
    check,
    job,
    error,
    searching,
    searchStopped,
    endSearch,
    near,
    showNear,
    load,
    reopen,
    runCheck,
    narrow,
    sortBy,
    mark,
    toggleFinding,
    close,
  };
}

export type DatasetRoom = ReturnType<typeof useDatasetRoom>;
