import { computed, shallowRef } from 'vue';
import { useMediaQuery } from '@vueuse/core';
import { useSettings } from '../stores/settings.ts';

/**
 * Tokens as the colours they are right now, for canvases and exported files, where CSS variables mean nothing. `palette`
 * changes when the appearance does.
 */
export function useColours() {
  const settings = useSettings();
  const systemDark = useMediaQuery('(prefers-color-scheme: dark)');
  const probe = shallowRef<HTMLElement | null>(null);

  function resolve(token: string): string {
    probe.value ??= document.body.appendChild(Object.assign(document.createElement('span'), { hidden: true }));
    probe.value.style.color = `var(--${token})`;
    return getComputedStyle(probe.value).color;
  }

  const palette = computed(() => {
    // Named so that the colours are resolved again when either changes.
    void settings.theme;
    void systemDark.value;
    return {
      text: resolve('text'),
      faint: resolve('text-3'),
      line: resolve('line'),
      surface: resolve('surface-2'),
      negative: resolve('negative'),
      positive: resolve('positive'),
      series: [1, 2, 3, 4, 5, 6, 7, 8].map((index) => resolve(`series-${index}`)),
    };
  });
  return { palette };
}
