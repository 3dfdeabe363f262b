/** Names of keys: from an event, and as shown to people on this platform. */

export const isMac = typeof navigator !== 'undefined' && /Mac|iPhone|iPad/.test(navigator.platform);

/** “Ctrl+K”, “Shift+Enter”, “j”, “?”. Cmd counts as Ctrl on a Mac; Shift is named only where it does not make the character. */
export function keyName(event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>): string {
  const character = event.key.length === 1;
  const key =
    character && (event.ctrlKey || event.metaKey) ? event.key.toUpperCase() : event.key === ' ' ? 'Space' : event.key;
  const parts = [];
  if (event.ctrlKey || event.metaKey) parts.push('Ctrl');
  if (event.altKey) parts.push('Alt');
  if (event.shiftKey && !character) parts.push('Shift');
  return [...parts, key].join('+');
}

const shown: Record<string, string> = { ArrowUp: '↑', ArrowDown: '↓', ArrowLeft: '←', ArrowRight: '→', Escape: 'Esc' };

/** Keys of one shortcut, ready for one <kbd> each; a sequence is a list of several presses. */
export function shownKeys(keys: string): string[] {
  return keys.split(' ').flatMap((press) => {
    const parts = press === '+' ? ['+'] : press.split('+');
    return parts.map((part) => (part === 'Ctrl' && isMac ? '⌘' : (shown[part] ?? part)));
  });
}

/** True when the press belongs to a text field and not to the place around it. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !['checkbox', 'radio', 'button', 'range'].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable;
}
