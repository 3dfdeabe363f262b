import { computed, ref, shallowRef } from 'vue';
import { defineStore } from 'pinia';
import type { Dependants, ThingKind, ThingMarks } from '@shared/domain/things.ts';
import { events, invoke } from '../api/client.ts';
import { useToasts } from './toasts.ts';

export type MarksChange = Partial<Pick<ThingMarks, 'note' | 'tags' | 'archived'>>;
const keyOf = (kind: ThingKind, id: string) => `${kind} ${id}`;
/** As long as the workbench waits before it deletes. */
const undoMs = 10_000;

/** Names, notes, tags and the archive of whatever the workspace holds, and deleting it with ten seconds to change one's mind. */
export const useThings = defineStore('things', () => {
  const marks = shallowRef<ReadonlyMap<string, ThingMarks>>(new Map());
  /** Deleted a moment ago: out of the lists, and back in them when it is kept. */
  const leaving = shallowRef<ReadonlySet<string>>(new Set());
  const showArchived = ref(false);
  let reading: Promise<void> | null = null;

  async function refresh(): Promise<void> {
    const list = await invoke('things.marks', {});
    marks.value = new Map(list.map((one) => [keyOf(one.kind, one.id), one]));
  }

  /** Reads the marks if nobody has yet. */
  function load(): Promise<void> {
    reading ??= refresh().catch(() => {
      reading = null;
    });
    return reading;
  }

  const marksOf = (kind: ThingKind, id: string): ThingMarks =>
    marks.value.get(keyOf(kind, id)) ?? { kind, id, note: '', tags: [], archived: false };
  const isShown = (kind: ThingKind, id: string): boolean =>
    !leaving.value.has(keyOf(kind, id)) && (showArchived.value || !marksOf(kind, id).archived);
  const anyArchived = computed(
    () => new Set([...marks.value.values()].filter((one) => one.archived).map((one) => one.kind)),
  );

  async function mark(kind: ThingKind, id: string, change: MarksChange): Promise<void> {
    await invoke('things.mark', { kind, id, ...change });
    await refresh();
  }

  const rename = (kind: ThingKind, id: string, name: string) => invoke('things.rename', { kind, id, name });
  const dependants = (kind: ThingKind, id: string): Promise<Dependants> => invoke('things.dependants', { kind, id });

  async function remove(kind: ThingKind, id: string, name: string): Promise<void> {
    const { token } = await invoke('things.delete', { kind, id });
    const key = keyOf(kind, id);
    leaving.value = new Set([...leaving.value, key]);
    const toasts = useToasts();
    toasts.show(
      {
        tone: 'neutral',
        title: `Deleted “${name}”`,
        action: {
          label: 'Undo',
          run: () => {
            invoke('things.keep', { token }).then(
              () => (leaving.value = new Set([...leaving.value].filter((other) => other !== key))),
              (error: unknown) => toasts.error(error, 'It could not be kept'),
            );
          },
        },
      },
      undoMs - 500,
    );
  }

  events().on('changed', () => {
    if (reading !== null) refresh().catch(() => undefined);
  });
  return { marks, leaving, showArchived, anyArchived, load, marksOf, isShown, mark, rename, dependants, remove };
});
