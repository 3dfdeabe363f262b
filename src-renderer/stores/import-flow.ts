import { computed, reactive, ref, shallowRef } from 'vue';
import { defineStore } from 'pinia';
import type { ErrorReport } from '@shared/domain/errors.ts';
import { WorkbenchError, reportOf } from '@shared/domain/errors.ts';
import type { SuiteKind } from '@shared/domain/evaluations.ts';
import { invoke } from '../api/client.ts';
import type { Dropped } from '../api/dropped-files.ts';
import { uploadFile } from '../api/upload.ts';
import type { ImportTarget, ImportThing } from './import-things.ts';
import { isReady, namedBase, newThing } from './import-things.ts';
import { useDatasets, useEvaluations, useImports, useModels, useSuites } from './library.ts';
import { useJobs } from './jobs.ts';
import { attend } from './toasts.ts';

export type { ImportTarget } from './import-things.ts';

/** Files on their way to the workbench. */
export interface Uploading {
  name: string;
  files: number;
  at: number;
  sentBytes: number;
  totalBytes: number;
}

/** Things that are looked at by themselves; of more, each when it is asked for. */
const lookedAt = 12;

/**
 * Importing: whatever is dropped, chosen or named by its path is told apart by content, and each thing has one next step. What a
 * person says of a thing (name, mapping, measure) stays with it.
 */
export const useImportFlow = defineStore('import-flow', () => {
  const open = ref(false);
  const wish = ref<ImportTarget | null>(null);
  const things = ref<ImportThing[]>([]);
  const uploading = shallowRef<Uploading | null>(null);
  const recognising = ref(false);
  const error = shallowRef<ErrorReport | null>(null);
  const jobIds = shallowRef<string[]>([]);
  /** A report to be opened instead of imported; the dialog goes there. */
  const report = ref<string | null>(null);
  let nextKey = 1;
  let upload: AbortController | null = null;

  const lists = {
    model: useModels(),
    dataset: useDatasets(),
    evaluation: useEvaluations(),
    suite: useSuites(),
  };
  const imports = useImports();
  /** Nothing has been handed over yet. */
  const empty = computed(() => things.value.length === 0 && uploading.value === null && !recognising.value);
  const importable = computed(() => things.value.filter(({ target }) => target !== null));
  const ready = computed(() => importable.value.filter((thing) => isReady(thing) && takenName(thing) === null));

  /** Opens the dialog; with a wish when a place already says what is meant. */
  function start(wanted?: ImportTarget): void {
    wish.value = wanted ?? null;
    things.value = [];
    error.value = null;
    if (!jobIds.value.some((id) => useJobs().byId(id)?.state === 'running')) jobIds.value = [];
    open.value = true;
    readLists();
  }

  function readLists(): void {
    for (const list of [...Object.values(lists), imports]) attend(list.load());
  }

  /** Uploads files that belong together, then tells what they are. */
  async function drop(files: readonly Dropped[]): Promise<void> {
    if (files.length === 0 || uploading.value !== null) return;
    open.value = true;
    error.value = null;
    readLists();
    const controller = new AbortController();
    upload = controller;
    let folder: string | null = null;
    const totalBytes = files.reduce((sum, { file }) => sum + file.size, 0);
    try {
      uploading.value = { name: files[0]?.path ?? '', files: files.length, at: 1, sentBytes: 0, totalBytes };
      folder = (await invoke('files.beginUpload', {})).handle;
      let before = 0;
      for (const [index, { file, path }] of files.entries()) {
        const progress = (sent: number): void => {
          uploading.value = { name: path, files: files.length, at: index + 1, sentBytes: before + sent, totalBytes };
        };
        progress(0);
        await uploadFile(file, { folder, path, onProgress: progress, signal: controller.signal });
        before += file.size;
      }
      uploading.value = null;
      await take([folder]);
    } catch (problem) {
      uploading.value = null;
      if (folder !== null) invoke('files.dropUpload', { handle: folder }).catch(() => undefined);
      if (!(problem instanceof WorkbenchError && problem.code === 'cancelled')) error.value = reportOf(problem);
    }
  }

  function cancelUpload(): void {
    upload?.abort();
  }

  /** A path that was typed: the workbench looks whether there is something. */
  async function find(path: string): Promise<void> {
    error.value = null;
    try {
      const { handle } = await invoke('files.find', { path });
      await take([handle]);
    } catch (problem) {
      error.value = reportOf(problem);
    }
  }

  /** Tells what is behind handles and looks at it. A report that came alone is opened. */
  async function take(handles: string[]): Promise<void> {
    open.value = true;
    error.value = null;
    recognising.value = true;
    readLists();
    try {
      const found = await invoke('imports.recognise', { handles });
      const [only] = found;
      if (found.length === 1 && only?.kind === 'report' && things.value.length === 0) return openReport(only.handle);
      const added = found.map((one) => reactive(newThing(nextKey++, one, wish.value)));
      things.value = [...things.value, ...added];
      recognising.value = false;
      const here = things.value.filter(({ key }) => added.some((one) => one.key === key));
      const [first] = here;
      if (first !== undefined && things.value.length === 1) first.open = true;
      for (const thing of here.filter(({ target }) => target !== null).slice(0, lookedAt)) await look(thing);
    } catch (problem) {
      error.value = reportOf(problem);
    } finally {
      recognising.value = false;
    }
  }

  function openReport(handle: string): void {
    open.value = false;
    report.value = handle;
  }

  const turns = new Map<number, number>();

  /** Reads the beginning of a thing with what is set now. */
  async function look(thing: ImportThing): Promise<void> {
    const { target } = thing;
    if (target === null) return;
    const mine = (turns.get(thing.key) ?? 0) + 1;
    turns.set(thing.key, mine);
    thing.looking = true;
    try {
      const answer = await invoke('imports.preview', {
        handle: thing.found.handle,
        target,
        format: thing.format,
        mapping: { ...thing.mapping },
        ...(target === 'suite' ? { suiteKind: thing.suiteKind } : {}),
        ...(thing.variant === null ? {} : { variant: thing.variant }),
      });
      if (turns.get(thing.key) !== mine) return;
      thing.preview = answer;
      if (!thing.named) thing.name = freeAmongThings(thing, answer.name);
      if (answer.adapter !== null && thing.baseId === '') {
        thing.baseId = namedBase(answer.adapter.base, lists.model.items);
      }
      thing.error = null;
    } catch (problem) {
      if (turns.get(thing.key) !== mine) return;
      thing.preview = null;
      thing.error = reportOf(problem);
    } finally {
      if (turns.get(thing.key) === mine) thing.looking = false;
    }
  }

  /** Two things of one model that are not imported yet: told apart by their tasks, else by a number. */
  function freeAmongThings(thing: ImportThing, name: string): string {
    const isFree = (wanted: string): boolean =>
      !things.value.some((other) => other.key !== thing.key && other.target === thing.target && other.name === wanted);
    const task = thing.preview?.parts[0]?.task ?? null;
    if (isFree(name)) return name;
    if (task !== null && isFree(`${name} · ${task}`)) return `${name} · ${task}`;
    for (let n = 2; ; n += 1) if (isFree(`${name} ${n}`)) return `${name} ${n}`;
  }

  async function change(
    thing: ImportThing,
    what: {
      target?: ImportTarget;
      format?: string;
      mapping?: Record<string, string>;
      suiteKind?: SuiteKind;
      variant?: string;
    },
  ): Promise<void> {
    if (what.target !== undefined) thing.target = what.target;
    if (what.suiteKind !== undefined) thing.suiteKind = what.suiteKind;
    if (what.format !== undefined) thing.format = what.format;
    if (what.variant !== undefined) thing.variant = what.variant;
    if (what.target !== undefined) thing.format = 'auto';
    // Fields of one target or format mean nothing in another.
    if (what.target !== undefined || what.format !== undefined) {
      thing.mapping = {};
      thing.variant = null;
    }
    if (what.mapping !== undefined) thing.mapping = what.mapping;
    await look(thing);
  }

  function toggle(thing: ImportThing): void {
    thing.open = !thing.open;
    if (thing.open && thing.preview === null && !thing.looking) attend(look(thing));
  }

  function rename(thing: ImportThing, name: string): void {
    thing.name = name;
    thing.named = true;
  }

  function sitOn(thing: ImportThing, baseId: string): void {
    thing.baseId = baseId;
  }

  /** Why a name cannot be had, or null. */
  function takenName(thing: ImportThing): string | null {
    const name = thing.name.trim();
    const { target } = thing;
    if (target === null || name === '') return null;
    const taken =
      lists[target].items.some((other) => other.name === name) ||
      (target === 'evaluation' &&
        imports.items.some((other) => other.target === target && other.undoneAt === null && other.name === name));
    if (taken) return `There is already ${target === 'evaluation' ? 'an' : 'a'} ${target} named “${name}”.`;
    const twice = things.value.some(
      (other) => other.key < thing.key && other.target === target && other.name.trim() === name,
    );
    return twice ? 'Another one in this list has that name.' : null;
  }

  /** Starts the import of a thing; it leaves the list and shows its progress below. */
  async function accept(thing: ImportThing, strict: boolean): Promise<void> {
    const { preview } = thing;
    if (preview === null) return;
    try {
      const { jobId } = await invoke('imports.accept', {
        previewId: preview.previewId,
        name: thing.name.trim(),
        strict,
        ...(preview.adapter === null ? {} : { baseId: thing.baseId }),
      });
      jobIds.value = [...jobIds.value, jobId];
      remove(thing);
      await useJobs().refresh();
    } catch (problem) {
      thing.error = reportOf(problem);
    }
  }

  async function acceptAll(strict: boolean): Promise<void> {
    for (const thing of [...ready.value]) await accept(thing, strict);
  }

  function remove(thing: ImportThing): void {
    things.value = things.value.filter(({ key }) => key !== thing.key);
  }

  return {
    open,
    wish,
    things,
    uploading,
    recognising,
    error,
    jobIds,
    report,
    empty,
    importable,
    ready,
    start,
    drop,
    cancelUpload,
    find,
    take,
    openReport,
    look,
    change,
    toggle,
    rename,
    sitOn,
    takenName,
    accept,
    acceptAll,
    remove,
  };
});
