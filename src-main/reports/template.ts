import { parseStatement } from '../shared/domain/kinds/statements.ts';
import type { ReportModel, ReportSection, ReportWords } from '../shared/domain/reports/report-model.ts';
import type { ReportRow } from '../shared/domain/reports/report-row.ts';

/** Which sections a report has, and what is kept out of it. */
export interface ReportTemplate {
  /** All when left out. */
  sections?: readonly ReportSection[];
  redact?: Redaction;
}
export interface Redaction {
  /** Leave out prompts, outputs, targets, token ledgers, notes on samples, and slices, statements and groups named by words of the texts. */
  texts?: boolean;
  /**
   * Leave out samples that carry one of these tags (or are in a slice of that name), the names, and slices found by words,
   * which these samples may have lent them, as well as groups of flips. Counts keep them.
   */
  privateTags?: readonly string[];
}

/**
 * A report cut to its template. What is left out is gone from the data too, not just hidden: the file that carries the
 * report carries nothing else.
 */
export function applyTemplate(model: ReportModel, template: ReportTemplate): ReportModel {
  return keepSections(redactReport(model, template.redact ?? {}), template.sections);
}

function keepSections(model: ReportModel, wanted: readonly ReportSection[] | undefined): ReportModel {
  if (wanted === undefined) return model;
  const sections = model.sections.filter((section) => wanted.includes(section));
  const has = (section: ReportSection) => sections.includes(section);
  return {
    ...model,
    sections,
    comparisons:
      has('headline') || has('why') || has('slices')
        ? model.comparisons.map((one) => keepKinds(keepSlices(one, has('slices')), has('why')))
        : [],
    methods: has('methods') ? model.methods : [],
    frontiers: has('frontier') ? model.frontiers : [],
    curves: has('curves') ? model.curves : [],
    cases: has('cases') ? model.cases : [],
    annotations: has('annotations') ? model.annotations : [],
    setup: has('setup') ? model.setup : [],
    lineage: has('setup') ? model.lineage : [],
    provenance: has('provenance') ? model.provenance : [],
    exclusions: has('exclusions') ? model.exclusions : [],
  };
}

function keepSlices(comparison: ReportModel['comparisons'][number], keep: boolean) {
  return keep ? comparison : { ...comparison, search: null, summary: { ...comparison.summary, slices: [] } };
}

function keepKinds(comparison: ReportModel['comparisons'][number], keep: boolean) {
  if (keep) return comparison;
  const { kinds: _kinds, words: _words, ...rest } = comparison;
  return rest;
}

function redactReport(model: ReportModel, redaction: Redaction): ReportModel {
  const hidden = new Set(redaction.privateTags);
  const cases = model.cases.flatMap((one) => {
    const row = redactRow(one.row, redaction);
    return row === null ? [] : [{ ...one, row, ledgers: redaction.texts === true ? [] : one.ledgers }];
  });
  const privateSamples = new Set(
    model.cases.filter(({ row }) => isPrivate(row, redaction)).map(({ row }) => row.sampleId),
  );
  const withheld = model.cases.length - cases.length;
  return {
    ...model,
    cases,
    comparisons: model.comparisons.map((one) => redactSlices(one, redaction.texts === true, hidden)),
    annotations: model.annotations.filter(
      (one) =>
        !one.tags.some((tag) => hidden.has(tag)) &&
        (one.sampleId === null || (redaction.texts !== true && !privateSamples.has(one.sampleId))),
    ),
    exclusions: [
      ...model.exclusions,
      ...(withheld > 0
        ? [{ what: 'samples left out of the list', count: withheld, why: 'tagged private; the counts include them' }]
        : []),
      ...(redaction.texts === true
        ? [{ what: 'texts', count: null, why: 'left out of this report; the counts are unchanged' }]
        : []),
    ],
    redaction: { texts: redaction.texts === true, privateTags: hidden.size > 0 },
  };
}

function isPrivate({ tags, slices }: ReportRow, { privateTags = [] }: Redaction): boolean {
  return [...tags, ...slices].some((name) => privateTags.includes(name));
}

/** A row as the redaction lets it out: null when it is withheld. Row exports use it too. */
export function redactRow(row: ReportRow, redaction: Redaction): ReportRow | null {
  if (isPrivate(row, redaction)) return null;
  if (redaction.texts !== true) return row;
  const { rejected: _rejected, ...kept } = row;
  return {
    ...kept,
    prompt: null,
    target: null,
    note: '',
    left: { ...row.left, output: null },
    right: { ...row.right, output: null },
  };
}

function redactSlices(comparison: ReportModel['comparisons'][number], texts: boolean, hidden: ReadonlySet<string>) {
  const { summary, search, words, ...rest } = comparison;
  return {
    ...rest,
    ...(words === undefined ? {} : redactWords(words, texts, hidden)),
    summary: { ...summary, slices: summary.slices.filter(({ name }) => !hidden.has(name)) },
    search: search && {
      ...search,
      found: search.found.filter(
        ({ name, family }) =>
          !((texts || hidden.size > 0) && (family === 'word' || family === 'phrase')) &&
          ![...hidden].some((tag) => name.endsWith(`: ${tag}`)),
      ),
    },
  };
}

/** Groups are named by words of the texts, and list samples. */
function redactWords(words: ReportWords, texts: boolean, hidden: ReadonlySet<string>): { words?: ReportWords } {
  if (!texts && hidden.size === 0) return { words };
  const inCommon = words.inCommon.filter(({ statement }) => {
    const parsed = parseStatement(statement);
    if (parsed === null || parsed.is === 'prompt' || parsed.is === 'judged') return false;
    return !('name' in parsed && hidden.has(parsed.name));
  });
  return { words: { ...words, inCommon, groups: [], inOtherGroups: 0 } };
}
