import { computed, ref, shallowRef } from 'vue';
import { defineStore } from 'pinia';
import type { Input } from '@shared/contract/channels.ts';
import type { ImportPreview } from '@shared/contract/views.ts';
import type { ErrorReport } from '@shared/domain/errors.ts';
import { reportOf } from '@shared/domain/errors.ts';
import type { SuiteKind } from '@shared/domain/evaluations.ts';
import { invoke } from '../api/client.ts';
import { uploadFile } from '../api/upload.ts';
import { useJobs } from './jobs.ts';
import { attend } from './toasts.ts';

export type ImportTarget = Input<'imports.preview'>['target'];
export interface ChosenFile {
  handle: string;
  name: string;
}
const mostFiles = 8;

/**
 * Importing: choose files, see what would be read, accept. Files chosen together wait in a queue and are looked at one
 * after the other; what the person said about the first (target, mapping) is offered for the next.
 */
export const useImportFlow = defineStore('import-flow', () => {
  const open = ref(false);
  const target = ref<ImportTarget>('evaluation');
  const suiteKind = ref<SuiteKind>('cloze');
  const format = ref('auto');
  const mapping = shallowRef<Record<string, string>>({});
  const queue = shallowRef<ChosenFile[]>([]);
  const preview = shallowRef<ImportPreview | null>(null);
  const name = ref('');
  const looking = ref(false);
  const error = shallowRef<ErrorReport | null>(null);
  const jobIds = shallowRef<string[]>([]);
  const file = computed(() => queue.value[0] ?? null);
  let turn = 0;

  /** Opens the dialog; with a target when a place already says what is meant. */
  function start(wanted?: ImportTarget): void {
    if (wanted !== undefined) target.value = wanted;
    forgetFile();
    queue.value = [];
    jobIds.value = [];
    open.value = true;
  }

  async function choose(files: ChosenFile[]): Promise<void> {
    open.value = true;
    queue.value = [...queue.value, ...files].slice(0, mostFiles);
    if (preview.value === null && !looking.value) await look();
  }

  async function drop(files: File[]): Promise<void> {
    open.value = true;
    error.value = null;
    looking.value = true;
    try {
      const chosen = [];
      for (const one of files.slice(0, mostFiles)) chosen.push(await uploadFile(one));
      looking.value = false;
      await choose(chosen);
    } catch (problem) {
      error.value = reportOf(problem);
    } finally {
      looking.value = false;
    }
  }

  /** Reads the beginning of the file with what is set now. */
  async function look(): Promise<void> {
    const chosen = file.value;
    if (chosen === null) return;
    const mine = ++turn;
    looking.value = true;
    try {
      const answer = await invoke('imports.preview', {
        handle: chosen.handle,
        target: target.value,
        format: format.value,
        mapping: mapping.value,
        ...(target.value === 'suite' ? { suiteKind: suiteKind.value } : {}),
      });
      if (mine !== turn) return;
      preview.value = answer;
      name.value ||= nameFrom(chosen.name);
      error.value = null;
    } catch (problem) {
      if (mine === turn) {
        preview.value = null;
        error.value = reportOf(problem);
      }
    } finally {
      if (mine === turn) looking.value = false;
    }
  }

  async function change(what: {
    target?: ImportTarget;
    format?: string;
    mapping?: Record<string, string>;
    suiteKind?: SuiteKind;
  }) {
    if (what.target !== undefined) target.value = what.target;
    if (what.suiteKind !== undefined) suiteKind.value = what.suiteKind;
    if (what.format !== undefined) format.value = what.format;
    // Fields of one target or format mean nothing in another.
    if (what.target !== undefined || what.format !== undefined) mapping.value = {};
    if (what.mapping !== undefined) mapping.value = what.mapping;
    await look();
  }

  /** Starts the import of the file in sight and moves on to the next. */
  async function accept(strict: boolean): Promise<void> {
    const ready = preview.value;
    if (ready === null) return;
    try {
      const { jobId } = await invoke('imports.accept', { previewId: ready.previewId, name: name.value.trim(), strict });
      jobIds.value = [...jobIds.value, jobId];
      await useJobs().refresh();
    } catch (problem) {
      error.value = reportOf(problem);
      return;
    }
    skip();
  }

  /** Passes over the file in sight. */
  function skip(): void {
    queue.value = queue.value.slice(1);
    const keep = mapping.value;
    forgetFile();
    mapping.value = keep;
    if (queue.value.length > 0) attend(look());
  }

  function forgetFile(): void {
    turn += 1;
    preview.value = null;
    name.value = '';
    error.value = null;
    looking.value = false;
    format.value = 'auto';
    mapping.value = {};
  }

  return {
    open,
    target,
    suiteKind,
    format,
    mapping,
    queue,
    file,
    preview,
    name,
    looking,
    error,
    jobIds,
    start,
    choose,
    drop,
    look,
    change,
    accept,
    skip,
  };
});

function nameFrom(fileName: string): string {
  return fileName.replace(/\.(jsonl?|ndjson|csv|tsv|parquet|eval|ya?ml)(\.gz)?$/i, '').slice(0, 120);
}
