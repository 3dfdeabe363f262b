import { computed, shallowRef, watchEffect } from 'vue';
import { defineStore } from 'pinia';
import { invoke } from '../api/client.ts';

export type Theme = 'system' | 'light' | 'dark';
export type Density = 'compact' | 'roomy';
const defaultTaxonomy = [
  'fact lost',
  'reasoning broke',
  'instruction ignored',
  'tone or style',
  'refusal',
  'check is wrong',
];

/**
 * Settings of the workspace, kept by the workbench. Theme and density are also kept in this browser, so that the first
 * painted frame already has them.
 */
export const useSettings = defineStore('settings', () => {
  const values = shallowRef<Record<string, string>>(rememberedAppearance());

  async function load(): Promise<void> {
    values.value = { ...values.value, ...(await invoke('settings.get', {})) };
  }

  async function set(key: string, value: string): Promise<void> {
    values.value = { ...values.value, [key]: value };
    await invoke('settings.set', { key, value });
  }

  const theme = computed<Theme>(() => oneOf(values.value['appearance.theme'], ['light', 'dark'], 'system'));
  const density = computed<Density>(() => oneOf(values.value['appearance.density'], ['roomy'], 'compact'));
  /** Names of the labels 1–6. */
  const taxonomy = computed<string[]>(() => {
    const own = parseList(values.value['triage.taxonomy']);
    return defaultTaxonomy.map((name, index) => own[index]?.trim() || name);
  });

  watchEffect(() => {
    const root = document.documentElement;
    if (theme.value === 'system') delete root.dataset['theme'];
    else root.dataset['theme'] = theme.value;
    root.dataset['density'] = density.value;
    localStorage.setItem('appearance', JSON.stringify({ theme: theme.value, density: density.value }));
  });

  return { values, theme, density, taxonomy, load, set };
});

function rememberedAppearance(): Record<string, string> {
  const { theme, density } = parseRecord(localStorage.getItem('appearance'));
  return {
    ...(typeof theme === 'string' ? { 'appearance.theme': theme } : {}),
    ...(typeof density === 'string' ? { 'appearance.density': density } : {}),
  };
}

function oneOf<T extends string, D extends string>(value: string | undefined, known: T[], otherwise: D): T | D {
  return known.find((name) => name === value) ?? otherwise;
}

function parseList(text: string | undefined): string[] {
  try {
    const value: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(value) ? value.map(String) : [];
  } catch {
    return [];
  }
}

function parseRecord(text: string | null): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
