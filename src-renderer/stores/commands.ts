import { computed, onScopeDispose, shallowRef } from 'vue';
import { defineStore } from 'pinia';

/** Something a person can do by name (palette) or by keys. Keys are written as in “Ctrl+K”, “j”, or “g r” for a sequence. */
export interface Command {
  id: string;
  title: string;
  group: string;
  keys?: string[];
  /** Not offered while this returns false. */
  enabled?: () => boolean;
  /** Works while typing in a field, too. */
  whileTyping?: boolean;
  /** Shown on the sheet but not in the palette: keys that only make sense as keys. */
  keysOnly?: boolean;
  /** A failure becomes a toast. */
  run: () => unknown;
}

/** Every command there is right now: the shell's, and those of the places on screen. Later ones win over earlier ones. */
export const useCommands = defineStore('commands', () => {
  const groups = shallowRef<Command[][]>([]);
  /** Whether or not they can be used right now: what keys there are at all. */
  const known = computed(() => groups.value.flat());
  const commands = computed(() => known.value.filter((command) => command.enabled?.() ?? true));

  function add(list: Command[]): () => void {
    groups.value = [...groups.value, list];
    return () => (groups.value = groups.value.filter((group) => group !== list));
  }

  return { known, commands, add };
});

/** Offers commands for as long as the calling component lives. */
export function useCommandGroup(list: Command[]): void {
  onScopeDispose(useCommands().add(list));
}
