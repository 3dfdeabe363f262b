import { nextTick, ref } from 'vue';
import type { Ref } from 'vue';

/** Changes within so many pixels of height are one stop. */
const oneStop = 22;

/** Walks from difference to difference of what `root` shows, in the order of their height; the one that was reached is marked. */
export function useDifferenceSteps(root: Readonly<Ref<HTMLElement | null>>) {
  const at = ref(-1);
  const count = ref(0);

  function stops(): HTMLElement[][] {
    const found = [...(root.value?.querySelectorAll<HTMLElement>('[data-change], mark.change') ?? [])];
    const inOrder = found
      .map((element) => ({ element, top: element.getBoundingClientRect().top }))
      .sort((a, b) => a.top - b.top);
    const grouped: { top: number; elements: HTMLElement[] }[] = [];
    for (const { element, top } of inOrder) {
      const last = grouped.at(-1);
      if (last !== undefined && top - last.top < oneStop) last.elements.push(element);
      else grouped.push({ top, elements: [element] });
    }
    return grouped.map(({ elements }) => elements);
  }

  async function step(by: 1 | -1): Promise<void> {
    await nextTick();
    const all = stops();
    count.value = all.length;
    for (const element of all.flat()) delete element.dataset['current'];
    if (all.length === 0) return;
    at.value = at.value < 0 && by < 0 ? all.length - 1 : (at.value + by + all.length) % all.length;
    for (const element of all[at.value] ?? []) element.dataset['current'] = '';
    all[at.value]?.[0]?.scrollIntoView({ block: 'center', inline: 'nearest' });
  }

  /** Other texts are walked from their start. */
  function reset(): void {
    at.value = -1;
    count.value = 0;
  }
  return { at, count, step, reset };
}
