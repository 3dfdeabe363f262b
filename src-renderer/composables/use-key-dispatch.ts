import { onScopeDispose } from 'vue';
import { useEventListener } from '@vueuse/core';
import type { Command } from '../stores/commands.ts';
import { useCommands } from '../stores/commands.ts';
import { isTyping, keyName } from './key-names.ts';
import { attend } from '../stores/toasts.ts';

const sequenceMs = 1200;

/** Runs commands by their keys, sequences such as “g r” included. Used once, by the shell. */
export function useKeyDispatch(): void {
  const store = useCommands();
  let prefix = '';
  let timer: ReturnType<typeof setTimeout> | undefined;

  function forget(): void {
    prefix = '';
    clearTimeout(timer);
  }

  useEventListener(window, 'keydown', (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.isComposing || ['Shift', 'Control', 'Alt', 'Meta'].includes(event.key)) return;
    if (inDialog(event.target)) return;
    // Out of an editor's shadow root the target would be its host.
    const typing = isTyping(event.composedPath()[0] ?? event.target);
    const pressed = prefix === '' ? keyName(event) : `${prefix} ${keyName(event)}`;
    forget();
    const candidates = store.commands.filter((command) => !typing || command.whileTyping === true);
    const command = findLast(candidates, pressed);
    if (command !== undefined) {
      event.preventDefault();
      attend(command.run());
    } else if (candidates.some(({ keys }) => keys?.some((entry) => entry.startsWith(`${pressed} `)))) {
      prefix = pressed;
      timer = setTimeout(forget, sequenceMs);
    }
  });
  onScopeDispose(forget);
}

function findLast(commands: Command[], pressed: string): Command | undefined {
  return commands.findLast(({ keys }) => keys?.includes(pressed));
}

/** A modal dialog owns the keyboard. */
function inDialog(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('[role="dialog"], [role="menu"]') !== null;
}
