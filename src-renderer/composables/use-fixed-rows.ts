import { computed, shallowRef, watch } from 'vue';
import type { Ref } from 'vue';
import { useElementSize, useEventListener } from '@vueuse/core';

/**
 * Browsers clip elements taller than this (Firefox at 17.9 M px, Chromium at 33.5 M). Longer lists keep a spacer of this
 * height, and a scroll position stands for a proportional place in the list.
 */
export const tallestPx = 16_000_000;
const overscan = 6;

export interface Geometry {
  count: number;
  rowHeight: number;
  viewHeight: number;
}

export function spacerHeight({ count, rowHeight }: Geometry): number {
  return Math.min(count * rowHeight, tallestPx);
}

/** How far into the list (px of full height) a scroll position is. */
export function listOffset(scrollTop: number, geometry: Geometry): number {
  const { count, rowHeight, viewHeight } = geometry;
  const full = count * rowHeight;
  const spacer = spacerHeight(geometry);
  if (full <= spacer) return scrollTop;
  return scrollTop * ((full - viewHeight) / (spacer - viewHeight));
}

/** The scroll position at which the list is at `offset` px of its full height. */
export function scrollTopFor(offset: number, geometry: Geometry): number {
  const { count, rowHeight, viewHeight } = geometry;
  const full = count * rowHeight;
  const spacer = spacerHeight(geometry);
  return full <= spacer ? offset : offset * ((spacer - viewHeight) / (full - viewHeight));
}

/**
 * Windowing of rows of one height over any number of them: only arithmetic, nothing is kept per row, so a million rows
 * cost what forty cost. (General virtual lists build a measurement for each row first.)
 */
export function useFixedRows(
  scroller: Ref<HTMLElement | null>,
  count: Ref<number>,
  rowHeight: Ref<number>,
  headHeight: number,
) {
  const scrollTop = shallowRef(0);
  const { height } = useElementSize(scroller);
  const geometry = computed<Geometry>(() => ({
    count: count.value,
    rowHeight: rowHeight.value,
    viewHeight: Math.max(0, height.value - headHeight),
  }));
  const offset = computed(() => listOffset(scrollTop.value, geometry.value));
  const first = computed(() =>
    Math.max(0, Math.min(count.value, Math.floor(offset.value / rowHeight.value) - overscan)),
  );
  const last = computed(() => {
    const shown = Math.ceil(geometry.value.viewHeight / rowHeight.value);
    return Math.min(count.value - 1, Math.floor(offset.value / rowHeight.value) + shown + overscan);
  });
  /** Where the row is inside the spacer. */
  const topOf = (index: number) => index * rowHeight.value - offset.value + scrollTop.value;
  const spacer = computed(() => spacerHeight(geometry.value));

  useEventListener(scroller, 'scroll', () => (scrollTop.value = scroller.value?.scrollTop ?? 0), { passive: true });
  watch(count, () => (scrollTop.value = scroller.value?.scrollTop ?? 0), { flush: 'post' });

  /** Brings a row into sight, moving as little as needed; `center` when it may be far away. */
  function reveal(index: number, place: 'nearest' | 'center' = 'nearest'): void {
    const element = scroller.value;
    if (element === null) return;
    const { viewHeight } = geometry.value;
    const top = index * rowHeight.value;
    const now = listOffset(element.scrollTop, geometry.value);
    const visible = top >= now && top + rowHeight.value <= now + viewHeight;
    if (visible) return;
    const centered = top - (viewHeight - rowHeight.value) / 2;
    const nearest = top < now ? top : top + rowHeight.value - viewHeight;
    const target = place === 'center' ? centered : nearest;
    element.scrollTop = scrollTopFor(Math.max(0, target), geometry.value);
    scrollTop.value = element.scrollTop;
  }

  return { first, last, topOf, spacer, reveal, viewHeight: computed(() => geometry.value.viewHeight) };
}
