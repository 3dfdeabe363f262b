import { z } from 'zod';
import { reportSections } from '@shared/domain/reports/report-model.ts';
import type { ReportSection } from '@shared/domain/reports/report-model.ts';
import { corrections } from '@shared/domain/statistics/multiple-tests.ts';

/** What a person last chose to have in a report; the next report starts from it. */
const templateSchema = z.object({
  sections: z.array(z.enum(reportSections)).catch([...reportSections]),
  hideTexts: z.boolean().catch(false),
  privateTags: z.string().max(2000).catch(''),
  correction: z.enum(corrections).catch('holm'),
});
export type ReportTemplate = z.output<typeof templateSchema>;

/** Reads the remembered choice; what is missing or damaged is as if it had never been made. */
export function parseTemplate(text: string | undefined): ReportTemplate {
  try {
    return templateSchema.parse(JSON.parse(text ?? '{}'));
  } catch {
    return templateSchema.parse({});
  }
}

/** Tags as typed: separated by commas, with or without #. */
export function parseTags(text: string): string[] {
  const tags = text.split(',').map((tag) => tag.trim().replace(/^#/, ''));
  return [...new Set(tags.filter((tag) => tag !== ''))];
}

export const sectionNames: Record<ReportSection, string> = {
  headline: 'What changed',
  why: 'Why it got worse',
  slices: 'Slices',
  methods: 'Methods at equal reward or KL',
  frontier: 'Reward against flips',
  curves: 'Curves',
  cases: 'Worst regressions',
  annotations: 'Annotations',
  setup: 'Set-up and lineage',
  provenance: 'Provenance',
  exclusions: 'What was left out',
};
