import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { App } from './pages.ts';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Finding {
  id: string;
  impact: string | null;
  nodes: { html: string; failureSummary?: string }[];
}

/** Of no level, or moderate for axe, and yet what people find their way by. */
const alsoAsked = ['heading-order', 'landmark-unique', 'page-has-heading-one', 'target-size'];

/** What axe finds that matters: serious and critical, headings, landmarks and sizes of targets, as short lines. */
export async function axeFindings(app: App): Promise<string[]> {
  await app.page.evaluate(axeSource);
  const violations = await app.page.evaluate(async (also) => {
    const { axe } = window as unknown as { axe: { run: (options: object) => Promise<{ violations: Finding[] }> } };
    const rules = Object.fromEntries(also.map((id) => [id, { enabled: true }]));
    return (await axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa'], rules })).violations;
  }, alsoAsked);
  return violations
    .filter(({ id, impact }) => impact === 'serious' || impact === 'critical' || alsoAsked.includes(id))
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary ?? ''}`));
}
