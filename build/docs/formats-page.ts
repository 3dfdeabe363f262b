import { z } from 'zod';
import {
  containers,
  datasetFormats,
  defaultLimits,
  evaluationFormats,
  problemReasons,
} from '../../src-main/imports/index.ts';
import type { ProblemReason } from '../../src-main/imports/index.ts';
import type { Container, DatasetFormat, EvaluationFormat } from '../../src-main/imports/types.ts';
import { datasetFields, evaluationFields, suiteFields } from '../../src-main/imports/field-map.ts';
import { supportedFamilies } from '../../src-main/engine/models/families.ts';
import { ggufTypes } from '../../src-main/workbench/exporting/gguf-export.ts';
import { ggufFamilies } from '../../src-main/workbench/exporting/gguf-model.ts';
import { reportRowSchema } from '../../src-main/shared/domain/reports/report-row.ts';
import { comparisonSummarySchema } from '../../src-main/shared/domain/statistics/comparison-summary.ts';
import type { SuiteKind } from '../../src-main/shared/domain/evaluations.ts';
import { accepts } from './json-schema.ts';
import type { JsonSchema } from './json-schema.ts';
import { code, codes, page, table } from './markdown.ts';

// One line for every member of a closed list: a new format, kind or field does not compile, or does not generate, without its line.
const containerLines: Record<Container, string> = {
  jsonl: 'one JSON object a line',
  json: 'a list of objects, or an object that holds one',
  csv: 'a header and rows; comma, semicolon, tab or bar between cells, quotes as in RFC 4180',
  parquet: 'columns of any codec, nested ones too',
};

const datasetLines: Record<DatasetFormat, string> = {
  trl: '`chosen` and `rejected`, with `prompt`, a `question` (`query`, `input`) and `system` instead, or with the prompt in both; texts or lists of `{role, content}`, also written into a text',
  unpaired: '`prompt`, `completion`, `label`: a thumb up or down (KTO)',
  sharegpt: '`conversations` of `{from, value}`; with `chosen` and `rejected` it is preference data',
  alpaca:
    '`instruction`, `input`, `output`; `system`, `history`, and `chosen` and `rejected` as LLaMA-Factory has them',
  'prompt-completion': '`prompt` and `completion` (or `response`)',
  'language-modeling': '`text`, `messages`, or a bare string a line',
  'prompt-only': '`prompt`, with `target` where there is one: for PPO and for generation',
};

const evaluationLines: Record<EvaluationFormat, string> = {
  'lm-eval': 'lm-evaluation-harness: a folder written with `--log_samples`, or one `samples_*.jsonl`',
  'alpaca-eval':
    'AlpacaEval: a model’s folder (`model_outputs.json`, `<annotator>/annotations.json`), or an annotations file',
  inspect: 'Inspect AI: a log as `.eval` or `.json`',
  promptfoo: 'promptfoo: its JSON or JSONL output',
  lighteval:
    'lighteval: an output folder written with `--save-details`, a model’s folder in it, or one `details_*.parquet`; the columns of all versions',
  opencompass:
    'OpenCompass: an output folder with `results/` and `predictions/`, or one file of results with `details` (`--dump-eval-details`)',
  helm: 'HELM: a folder of runs, one run (`per_instance_stats.json` with the files next to it), or its statistics alone',
  'swe-bench':
    'SWE-bench: `logs/run_evaluation` or a folder in it, one `report.json`, or a run’s summary with `resolved_ids`',
  langsmith:
    'LangSmith: an experiment’s data frame as CSV or JSON (`inputs.…`, `outputs.…`, `reference.…`, `feedback.…`), examples with runs, or runs with feedback statistics',
  langfuse:
    'Langfuse: experiment items from its API, results of its experiment runner, or a table of traces or observations as CSV, JSON or JSONL',
  braintrust: 'Braintrust: an experiment’s events as JSON, JSONL or CSV; of each trace the root',
  flipguard:
    'FlipGuard Workbench: what `flipguard export evaluation` wrote, as JSONL or Parquet; nothing of a sample is lost',
};

const suiteLines: Record<SuiteKind, string> = {
  pairs: 'two responses: right when the chosen one has the higher implicit reward (or log-prob, without a reference)',
  cloze: 'right when the target is the likeliest continuation, token by token: lm-eval’s `acc`',
  words: 'every word of a text, given what comes before it, is a sample; words of one text are a group',
  choice: 'right when the right option is the likeliest; `acc_norm` divides by its characters',
  generate:
    'the model answers (`--repeats k`: k times each, sampled), a scorer judges: `exact`, `contains`, `regex`, `numeric`, `lexicon:afinn`, `reward-model:NAME`, `judge:ENDPOINT MODEL RUBRIC`',
  outputs:
    'the model answers, and its score is held against another model’s to the same prompt, under one scorer and without a verdict: a negative flip is a score that fell. Sampled answers are drawn once more (`score/again`), which tells how many fall by sampling alone',
};

const summaryLines: Record<keyof z.output<typeof comparisonSummarySchema>, string> = {
  left: 'the old side',
  right: 'the new side',
  pairing: 'by what samples were paired (`asked`, `by`), what pairs disagree in and what is left over (`note`)',
  measure:
    'what judged either side, in words; `difference` is a sentence where it was not the same, and no rate then means anything; `variants` both sources have, `others` what else either could be judged by',
  rule: 'what counts as a flip',
  n: 'N (`paired`) and what is not in it',
  accuracy: 'share right on each side; null under the margin rule',
  negativeFlips: 'count',
  positiveFlips: 'count',
  corrections:
    'where people corrected verdicts: how many samples, and the flips as evaluated; all other numbers count the corrected verdicts',
  nfr: 'negative flips / N',
  pfr: 'positive flips / N',
  nfi: 'share of the new wrong answers that were right before',
  lostOfRight: 'share of the old right answers that are wrong now',
  netChange: '(positive − negative) / N; the p-value is about this alone',
  scoreDelta: 'mean of right − left; null without scores',
  clustered: 'NFR, PFR and net change where samples come in groups, else null',
  floor:
    'of a suite `outputs` that was sampled: how many outputs two samplings of the old model make worse (`nfr`, A/A), and the negative flips beyond it (`excess`)',
  chance:
    'of a multiple choice: flips that guessing would bring, and how well either side is calibrated (ECE over `bins`); absent otherwise',
  attempts:
    'where samples were answered several times: avg@k (`success`), pass@k (`passAt`), pass^k (`passAll`), flips of one answer per side and how many sampling alone brings (`oneAnswer`), samples by their own test (`tested`); absent otherwise',
  slices: 'each slice with its own rates, the 1,000 largest; `pHolm` tests for an excess of negative flips',
  slicesLeftOut: 'how many smaller slices are neither listed nor tested; absent where there is none',
};

const rowLines: Record<keyof z.output<typeof reportRowSchema>, string> = {
  sampleId: 'the id by which the sides were paired',
  prompt: 'null where texts are left out',
  target: 'what was wanted, where it is known; of a preference pair the chosen response',
  rejected:
    'of a preference pair the rejected response, which no model wrote: its sides have no output, and their scores are margins',
  kind: 'what became of the sample',
  delta: 'right score − left, positive is better',
  left: 'the old answer',
  right: 'the new answer',
  slices: 'slices the sample belongs to',
  tags: 'tags of the sample, and those that its result on either side came with, such as `error`',
  stability: 'what repeated sampling says of the flip',
  note: 'a person’s',
  changes: 'kinds of change by name, where they were found',
};

const problemLines: Record<ProblemReason, string> = {
  'bad-json': 'not JSON',
  'bad-csv': 'not CSV',
  'invalid-utf8': 'bytes that are no UTF-8',
  'nul-bytes': 'NUL characters in a text',
  'too-large': 'beyond the limits below',
  'too-deep': 'nested beyond the limit below',
  truncated: 'the file ends inside the record',
  columns: 'more or fewer cells than the header has',
  'not-an-object': 'no object with fields',
  'missing-field': 'a field that is needed is not there',
  'wrong-type': 'a field holds something else than it must',
  empty: 'a text that is needed is empty',
  identical: 'chosen and rejected are the same',
  'unknown-verdict': 'a verdict that says neither right nor wrong: guessing would invent flips',
  'out-of-range': 'a number or an index outside its range',
  'duplicate-id': 'an id that an earlier record has',
  'unsafe-name': 'an archive entry that points outside',
  'unreadable-entry': 'an archive entry that cannot be unpacked',
  inflation: 'an archive entry that grows beyond the limits',
  'unsupported-content': 'images, audio: only text can be kept',
};

const runFolder = `    runs/<id>/spec.json            the spec with every default filled in
    runs/<id>/inputs.json          what its names stood for at launch
    runs/<id>/events.ndjson        append-only; each line has seq (from 1) and at (ms since 1970)
    runs/<id>/checkpoints/<step>/  model.safetensors or adapter_model.safetensors, config and tokenizer as on Hugging Face,
                                   optimizer.safetensors and state.json for resuming`;

export function formatsPage(): string {
  return page('Formats', 'src-main/imports, src-main/reports and src-main/shared/domain', [
    'What the workbench reads and what it writes. `--format auto`, the default, decides by content, never by a file’s name.',
    '## Models',
    `A Hugging Face folder: \`config.json\`, \`*.safetensors\` (one file or sharded), \`tokenizer.json\`, \`tokenizer_config.json\`. Families:\n\n${supportedFamilies.map((family) => `- ${family.replace(/^\S+/, code)}`).join('\n')}`,
    'Weights are read as float32, float16 or bfloat16. Refused by name, from `config.json` and before a weight is read, because they would be computed wrongly: quantised weights, multimodal models, mixtures of experts, hybrids with linear attention, convolutions or state-space layers, encoder-decoders, attention that looks ahead, soft-capped scores and logits, and code from a model’s own repository. Weights in pickles are refused because opening one runs code.',
    '## The Hub',
    '`ORG/NAME[@REVISION]` stands for a repository: of a model its configuration, safetensors and tokenizer; of a data set the Parquet, JSONL, JSON or CSV files of one configuration and split, else of the branch that the Hub converts to Parquet; of results per sample lm-eval’s `samples_*.jsonl`, the newest of each task, else the files of a split. The shared cache is read and written; `HF_ENDPOINT`, `HF_HOME`, `HF_HUB_CACHE`, `HF_TOKEN`, `HF_TOKEN_PATH` and `HF_HUB_OFFLINE` mean what they mean elsewhere.',
    '## Adapters',
    'PEFT folders (`adapter_config.json`, `adapter_model.safetensors`) on a model of the workspace: LoRA, rsLoRA, DoRA, `rank_pattern`, `alpha_pattern`, `bias`, `modules_to_save` (blocks too), adapters on the embedding and the head, also where the two are tied. Settings, names and shapes are held against the base at import, before weights are read. Refused by name: adapters that began by changing the base (PiSSA, OLoRA, CorDA, LoftQ, LoRA-GA), activated LoRA (`alora_invocation_tokens`), `lora_bias`, `layer_replication`, `trainable_token_indices`, `target_parameters`, DoRA on embeddings, adapters on an embedding with `ensure_weight_tying`, patterns that only Python reads, pickles, other types than LoRA, and every setting that the workbench does not know.',
    '## What other tools load',
    `\`export checkpoint\` writes a folder of safetensors for transformers and vLLM, an adapter for PEFT and vLLM, or GGUF in ${codes(ggufTypes)} with tokenizer and chat template for llama.cpp and Ollama. GGUF is written for ${codes(ggufFamilies)}; refused are models that llama.cpp would compute by other rules than their configuration’s (other layer patterns of Gemma 3, SmolLM3 and OLMo 3, sliding windows of Qwen, dynamic scaling, GPT-2 and GPT-NeoX without GELU, classifiers) and tokenizers other than BPE or with a pattern of their own. Mistral’s and Phi-3’s contexts end at their window. \`--push ORG/NAME\` uploads a checkpoint, an adapter or a report to the Hub, with a card.`,
    '## Containers',
    'Gzip and Zstandard around any text are seen by their magic numbers.',
    lines(containers, containerLines, 'Container'),
    '## Datasets',
    lines(datasetFormats, datasetLines, 'Format'),
    `Other layouts take a container as the format and a mapping: \`--format jsonl --map prompt=question,chosen=good,rejected=bad\`. Fields a mapping can name: ${codes(datasetFields)}.`,
    '## Evaluations',
    lines(evaluationFormats, evaluationLines, 'Format'),
    `Files of your own take a mapping: \`--map id=doc.id,prompt=question,output=answer,correct=ok\`. Paths reach into objects with dots, into lists with \`[0]\`; \`["a.b"]\` names a key that holds a dot; \`id=\` alone refuses the ids there are, so that samples pair by content. Fields: ${codes(evaluationFields)}. \`tags\` are the sample’s in whatever evaluation, \`resultTags\` this answer’s alone, such as \`error\`. Needed are \`prompt\` or \`id\`, and \`correct\`, \`score\` or \`output\`. Without a mapping, a file whose fields have these very names is read as they say.`,
    'A verdict is written as true/false, 1/0, yes/no, correct/wrong, pass/fail, win/lose or tie; null, blank and NaN mean that none was given.',
    '## Suites',
    table(
      ['Kind', 'What it checks', 'Fields'],
      Object.entries(suiteLines).map(([kind, line]) => [code(kind), line, codes(suiteFields[kind as SuiteKind])]),
    ),
    '## Records that do not fit',
    'They are counted by reason with their first lines, and left out; `--strict` stops at the first.',
    lines(problemReasons, problemLines, 'Reason'),
    table(
      ['Limit', 'Value'],
      Object.entries<number>({ ...defaultLimits }).map(([name, value]) => [code(name), value.toLocaleString('en')]),
    ),
    '## `compare --json`',
    fields(comparisonSummarySchema, summaryLines),
    '## `flips --json`, and rows of reports',
    'NDJSON, one object a sample. JSON and NDJSON exports have the same objects; CSV and Parquet have them as columns (`left_output`, `right_score`, …).',
    fields(reportRowSchema, rowLines),
    'In CSV, a text that a spreadsheet would run as a formula gets an apostrophe in front. For texts to the byte take JSON, NDJSON or Parquet.',
    '## Run folder',
    'The source of truth of what a run put out; the database indexes it.',
    runFolder,
  ]);
}

function lines<Name extends string>(names: readonly Name[], of: Record<Name, string>, head: string): string {
  return table(
    [head, 'What it is'],
    names.map((name) => [code(name), of[name]]),
  );
}

/** Top-level fields of an answer; what is inside an object is listed by name. */
function fields(schema: z.ZodType, meanings: Record<string, string>): string {
  const { properties = {} } = z.toJSONSchema(schema) as JsonSchema;
  const rows = Object.entries(properties).map(([name, field]) => {
    const meaning = meanings[name];
    if (meaning === undefined) throw new Error(`the field ${name} has no line`);
    return [code(name), shape(field), meaning];
  });
  return table(['Field', 'Value', 'Meaning'], rows);
}

function shape(schema: JsonSchema): string {
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return [...new Set(choices.map(shape))].join(', or ');
  if (schema.type === 'array' && schema.items?.properties !== undefined) return `list of ${shape(schema.items)}`;
  if (schema.properties === undefined) return accepts(schema);
  return `{ ${Object.keys(schema.properties).map(code).join(', ')} }`;
}
