import { useToasts } from '../stores/toasts.ts';

/** Puts text on the clipboard and says so. */
export function useCopy() {
  async function copy(text: string, said = 'Copied'): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
      useToasts().show({ tone: 'good', title: said }, 2500);
    } catch {
      useToasts().show({ tone: 'bad', title: 'The clipboard is not available here' });
    }
  }
  /** The address of a place, as this window would open it. */
  function copyLink(place: string): Promise<void> {
    const { origin, pathname } = location;
    return copy(`${origin}${pathname}#${place}`, 'Link copied');
  }
  return { copy, copyLink };
}
