import { isPlainObject, own } from '../field-path.ts';
import { asAnswer, asOptionalText } from '../values.ts';
import { addMetric, newMetrics } from './metrics.ts';

/** What was asked and answered, from the predictions of the same run. */
export interface Prediction {
  prompt: string | null;
  output: string | null;
}

/** One answer to a sample as the evaluator noted it. */
interface Judged {
  prompt: string | null;
  output: string | null;
  target: string | null;
  metrics: Record<string, number>;
  truths: string[];
  failed: boolean;
}

/** All answers to one sample. */
export interface Detail {
  judged: Judged[];
  /** Place in the dataset, by which predictions are found. */
  index: number;
  id: string;
}

/** Names that evaluators give to the same things, the most telling first. */
const outputNames = ['origin_prediction', 'prediction', 'pred', 'predictions', 'completion', 'program'];
const targetNames = ['answer', 'answers', 'references', 'reference', 'refr', 'ref', 'refer', 'gold'];
const promptNames = ['prompt', 'origin_prompt'];
/** Grades that a judge model gave that name neither of its two letters. */
const noGrade = /^(unknown|null|none)?$/i;

/** One entry of `details`: a sample, or (with several runs of the dataset) one value per run under each name. */
export function readDetail({ key, value, ordinal }: { key: string; value: unknown; ordinal: number }): Detail {
  const isList = own(value, 'example_abbr') !== undefined;
  const index = /^\d+$/.test(key) ? Number(key) : ordinal;
  const runs = isList ? runsOf(value) : 1;
  return {
    id: /^\d+$/.test(key) ? String(index) : key,
    index,
    judged: Array.from({ length: runs }, (_, run) => judge(isList ? runOf(value, run) : value)),
  };
}

/** An entry of a list of details, as several runs of a dataset leave it. */
export function isOpencompassDetail(record: unknown): boolean {
  return typeof own(record, 'example_abbr') === 'string';
}

function runsOf(value: unknown): number {
  const lengths = isPlainObject(value)
    ? Object.values(value).map((entry) => (Array.isArray(entry) ? entry.length : 0))
    : [];
  return Math.max(1, ...lengths);
}

function runOf(value: unknown, run: number): unknown {
  if (!isPlainObject(value)) return value;
  const entries = Object.entries(value).map(([name, entry]): [string, unknown] => [
    name,
    Array.isArray(entry) ? (entry as unknown[])[run] : entry,
  ]);
  return Object.fromEntries(entries.filter(([, entry]) => entry !== undefined));
}

function judge(value: unknown): Judged {
  const rule = own(value, 'rule_evaluation');
  const judged = own(value, 'llm_evaluation');
  const first = (names: readonly string[]): unknown => {
    for (const holder of [value, rule]) {
      for (const name of names) {
        const found = own(holder, name);
        if (found !== undefined && found !== null && !isLabels(found)) return found;
      }
    }
    return undefined;
  };
  const { metrics, truths } = metricsOf(value);
  const grade = own(value, 'grade_letter') ?? own(judged, 'grade_letter');
  return {
    prompt: textOf(first(promptNames)),
    output: textOf(first(outputNames)),
    target: targetOf(first(targetNames)),
    metrics,
    truths,
    failed: typeof grade === 'string' && noGrade.test(grade) && own(rule, 'correct') !== true,
  };
}

/** Perplexities per label are no answer: the label that was chosen is under another name. */
function isLabels(value: unknown): boolean {
  return isPlainObject(value) && Object.values(value).some((entry) => own(entry, 'PPL') !== undefined);
}

const notMetrics = /^(example_abbr|idx|index|dataset_replica_idx|num_attempts|code_blocks_tried|res_length)$/;

function metricsOf(value: unknown): { metrics: Record<string, number>; truths: string[] } {
  const metrics = newMetrics();
  const truths: string[] = [];
  for (const name of isPlainObject(value) ? Object.keys(value) : []) {
    const entry = own(value, name);
    if (notMetrics.test(name) || [...outputNames, ...targetNames, ...promptNames].includes(name)) continue;
    const truth = truthOf(entry);
    if (truth !== null) truths.push(name);
    if (truth !== null) metrics[name] = truth ? 1 : 0;
    else if (typeof entry === 'number') addMetric(metrics, name, entry);
  }
  return { metrics, truths };
}

/** Truth values, and as the writer of older versions left them: as words. */
function truthOf(value: unknown): boolean | null {
  if (typeof value === 'boolean') return value;
  if (value === 'True' || value === 'true') return true;
  return value === 'False' || value === 'false' ? false : null;
}

function textOf(value: unknown): string | null {
  return value === undefined ? null : asAnswer(turnsOf(value), 'prompt');
}

/** OpenCompass calls the parts of a chat `{role: HUMAN, prompt: …}`. */
export function turnsOf(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return (value as unknown[]).map((turn) => {
    const prompt = own(turn, 'prompt');
    const role = own(turn, 'role');
    if (typeof prompt !== 'string' || typeof role !== 'string') return turn;
    return { role: roles[role.toUpperCase()] ?? role.toLowerCase(), content: prompt };
  });
}

const roles: Readonly<Record<string, string>> = { HUMAN: 'user', BOT: 'assistant', SYSTEM: 'system' };

function targetOf(value: unknown): string | null {
  const only: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value;
  return only === undefined ? null : asOptionalText(only);
}
