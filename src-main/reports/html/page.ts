import { createHash } from 'node:crypto';
import { reportDataId } from '../../shared/domain/reports/report-model.ts';
import type { ReportModel, ReportSection } from '../../shared/domain/reports/report-model.ts';
import { visibleJson } from '../visible-text.ts';
import { casesSection } from './cases.ts';
import { headlineSection } from './headline.ts';
import { markup, raw } from './markup.ts';
import type { Markup } from './markup.ts';
import { reportScript } from './script.ts';
import { reportStyle } from './style.ts';
import {
  annotationsSection,
  curvesSection,
  exclusionsSection,
  frontierSection,
  methodsSection,
  provenanceSection,
  setupSection,
  slicesSection,
} from './tables.ts';
import { whySection } from './why.ts';

/** In reading order: the answer, the evidence, what it rests on. */
const sections: Record<ReportSection, { title: string; render: (model: ReportModel) => Markup | false }> = {
  headline: { title: 'What changed', render: headlineSection },
  why: { title: 'Why', render: whySection },
  slices: { title: 'Where', render: slicesSection },
  methods: { title: 'Methods', render: methodsSection },
  frontier: { title: 'Reward against flips', render: frontierSection },
  curves: { title: 'Curves', render: curvesSection },
  cases: { title: 'Worst regressions', render: casesSection },
  annotations: { title: 'Annotations', render: annotationsSection },
  setup: { title: 'Set-up', render: setupSection },
  provenance: { title: 'Provenance', render: provenanceSection },
  exclusions: { title: 'Left out', render: exclusionsSection },
};

/**
 * The report as one HTML file: no network, readable without scripts. Its policy allows the one style sheet and the one
 * script it was made with, by hash, and nothing else; the report's data is in it for `readReport`.
 */
export function renderHtml(model: ReportModel): string {
  const rendered = model.sections.flatMap((id) => {
    const content = sections[id].render(model);
    return content === false ? [] : [{ id, title: sections[id].title, content }];
  });
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${raw(policy())}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${model.title}</title>
<style>${raw(reportStyle)}</style>
</head>
<body>
<header>
<h1><bdi>${model.title}</bdi></h1>
${model.question !== '' && markup`<p class="question"><bdi>${model.question}</bdi></p>`}
${model.answer.length > 0 && model.subject.kind !== 'comparison' && markup`<section class="answer" aria-label="What was found">${model.answer.map((sentence) => markup`<p><bdi>${sentence}</bdi></p>`)}</section>`}
<p class="meta">Written <time datetime="${model.createdAt}">${model.createdAt}</time></p>
<nav aria-label="Sections"><ul>${rendered.map(({ id, title }) => markup`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>
</header>
<main>
${rendered.map(({ content }) => markup`${content}\n`)}</main>
<footer><p>NFR and PFR are the shares of paired samples that got worse and better. Intervals are Wilson’s unless a line says otherwise. The exact McNemar test is of the net change alone: as many samples lost as won gives p = 1. ▼ negative, ▲ positive.</p></footer>
<script type="application/json" id="${reportDataId}">${raw(visibleJson(model))}</script>
<script>${raw(reportScript)}</script>
</body>
</html>
`.text;
}

function policy(): string {
  const script = hashOf(reportScript);
  const style = hashOf(reportStyle);
  return `default-src 'none'; style-src '${style}'; script-src '${script}'; base-uri 'none'; form-action 'none'`;
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text, 'utf8').digest('base64')}`;
}
