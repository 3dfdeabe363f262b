// In one file although it is long: one list of what is fuzzed, an entry each.
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { loadTokenizer } from '../../src-main/engine/tokenizer/tokenizer.ts';
import { ChatTemplate } from '../../src-main/engine/tokenizer/chat-template.ts';
import { previewImport } from '../../src-main/imports/index.ts';
import { readReport } from '../../src-main/imports/reports/read-report.ts';
import { openFolder } from '../../src-main/trainer/node-folders.ts';
import { parseSpec } from '../../src-main/workbench/runs/spec-text.ts';
import { quietTask } from '../../src-main/workbench/supervision/task.ts';
import { importWorkspaceFile } from '../../src-main/workbench/workspace/restore-workspace.ts';
import { zipOf } from '../imports/zip-fixture.ts';

/** A reader of other people's bytes: a small file of ours, and what reads it. Rejects with an error of ours, or answers. */
export interface FuzzKind {
  ending: string;
  make(folder: string): Promise<Uint8Array> | Uint8Array;
  read(file: string): Promise<unknown>;
}

const rows = Array.from({ length: 6 }, (_, i) => ({
  id: `s${i}`,
  prompt: `Question ${i}?`,
  output: `Answer ${i}`,
  correct: i % 2 === 0,
  score: i / 3,
}));
const pairs = Array.from({ length: 6 }, (_, i) => ({ prompt: `p${i}`, chosen: `good ${i}`, rejected: `bad ${i}` }));
const lines = (records: readonly object[]) =>
  Buffer.from(records.map((record) => `${JSON.stringify(record)}\n`).join(''));
const evaluation = (file: string) => previewImport(file, { purpose: 'evaluation' });
const dataset = (file: string) => previewImport(file, { purpose: 'dataset' });
const samples = rows.map((row, i) => ({
  doc_id: i,
  doc: { question: row.prompt },
  target: row.output,
  arguments: [[row.prompt, row.output]],
  resps: [[['-1.0', 'False']]],
  filtered_resps: [row.output],
  exact_match: i % 2,
  filter: 'none',
  metrics: ['exact_match'],
}));
const inspectSample = {
  id: 1,
  epoch: 1,
  input: 'Question',
  target: 'A',
  output: { choices: [{ message: { content: 'A' } }] },
  scores: { match: { value: 'C' } },
};
const header = { version: 2, status: 'success', eval: { task: 't', model: 'm' } };

export const fuzzKinds: Readonly<Record<string, FuzzKind>> = {
  'jsonl evaluation': { ending: '.jsonl', make: () => lines(rows), read: evaluation },
  'json evaluation': { ending: '.json', make: () => Buffer.from(JSON.stringify(rows)), read: evaluation },
  'csv evaluation': {
    ending: '.csv',
    make: () =>
      Buffer.from(
        `id,prompt,output,correct\n${rows.map((row) => `${row.id},"${row.prompt}","${row.output}, so",${row.correct}`).join('\n')}\n`,
      ),
    read: evaluation,
  },
  'gzip evaluation': { ending: '.jsonl.gz', make: () => gzipSync(lines(rows)), read: evaluation },
  'lm-eval samples': { ending: '.jsonl', make: () => lines(samples), read: evaluation },
  'alpaca-eval': {
    ending: '.json',
    make: () =>
      Buffer.from(
        JSON.stringify(
          rows.map((row, i) => ({
            instruction: row.prompt,
            output_1: 'a',
            output_2: row.output,
            generator_1: 'x',
            generator_2: 'y',
            preference: 1 + (i % 2),
          })),
        ),
      ),
    read: evaluation,
  },
  promptfoo: {
    ending: '.json',
    make: () =>
      Buffer.from(
        JSON.stringify({
          version: 3,
          results: {
            version: 3,
            results: rows.map((row) => ({
              success: row.correct,
              score: row.score,
              prompt: { raw: row.prompt },
              vars: { q: row.prompt },
              response: { output: row.output },
              provider: { id: 'p' },
            })),
          },
        }),
      ),
    read: evaluation,
  },
  'inspect json': {
    ending: '.json',
    make: () => Buffer.from(JSON.stringify({ ...header, samples: [inspectSample] })),
    read: evaluation,
  },
  'inspect archive': {
    ending: '.eval',
    make: () =>
      zipOf([
        { name: 'header.json', content: JSON.stringify(header) },
        { name: 'samples/1_epoch_1.json', content: JSON.stringify(inspectSample) },
      ]),
    read: evaluation,
  },
  lighteval: {
    ending: '.parquet',
    make: () =>
      new Uint8Array(
        parquetWriteBuffer({
          columnData: [
            { name: 'full_prompt', data: rows.map((row) => row.prompt) },
            { name: 'predictions', data: rows.map((row) => `['${row.output}']`) },
            { name: 'choices', data: rows.map((row) => `[' ${row.output}', 'other']`) },
            { name: 'gold_index', data: rows.map(() => '[0]') },
            { name: 'metrics', data: rows.map((row) => `{'em': ${row.correct ? 1 : 0}, 'f1': ${row.score}}`) },
          ],
        }),
      ),
    read: evaluation,
  },
  opencompass: {
    ending: '.json',
    make: () =>
      Buffer.from(
        JSON.stringify({
          accuracy: 50,
          details: Object.fromEntries(
            rows.map((row, i) => [i, { prompt: row.prompt, pred: row.output, answer: 'a', correct: row.correct }]),
          ),
        }),
      ),
    read: evaluation,
  },
  helm: {
    ending: '.json',
    make: () =>
      Buffer.from(
        JSON.stringify(
          rows.map((row) => ({
            instance_id: row.id,
            train_trial_index: 0,
            stats: [
              {
                name: { name: 'exact_match', split: 'test' },
                count: 1,
                sum: row.correct ? 1 : 0,
                mean: row.correct ? 1 : 0,
              },
            ],
          })),
        ),
      ),
    read: evaluation,
  },
  'swe-bench report': {
    ending: '.json',
    make: () =>
      Buffer.from(
        JSON.stringify(
          Object.fromEntries(
            rows.map((row) => [
              `a__b-${row.id}`,
              { patch_exists: true, patch_successfully_applied: true, resolved: row.correct },
            ]),
          ),
        ),
      ),
    read: evaluation,
  },
  'swe-bench summary': {
    ending: '.json',
    make: () =>
      Buffer.from(
        JSON.stringify({ resolved_ids: ['a'], submitted_ids: ['a', 'b'], unresolved_ids: ['b'], error_ids: [] }),
      ),
    read: evaluation,
  },
  langsmith: {
    ending: '.csv',
    make: () =>
      Buffer.from(
        `inputs.q,outputs.a,reference.a,feedback.ok,example_id\n${rows.map((row) => `"${row.prompt}","{'text': '${row.output}'}",b,${row.correct},${row.id}`).join('\n')}\n`,
      ),
    read: evaluation,
  },
  langfuse: {
    ending: '.json',
    make: () =>
      Buffer.from(
        JSON.stringify({
          data: rows.map((row) => ({
            experimentId: 'e',
            experimentItemId: row.id,
            input: { q: row.prompt },
            output: row.output,
            scores: [{ name: 'ok', value: row.correct ? 1 : 0, dataType: 'BOOLEAN' }],
          })),
        }),
      ),
    read: evaluation,
  },
  braintrust: {
    ending: '.jsonl',
    make: () =>
      lines(
        rows.map((row) => ({
          span_id: row.id,
          root_span_id: row.id,
          input: row.prompt,
          output: row.output,
          expected: 'a',
          scores: { ok: row.score },
        })),
      ),
    read: evaluation,
  },
  parquet: {
    ending: '.parquet',
    make: () =>
      new Uint8Array(
        parquetWriteBuffer({
          columnData: (['id', 'prompt', 'output', 'correct'] as const).map((name) => ({
            name,
            data: rows.map((row) => row[name]),
          })),
        }),
      ),
    read: evaluation,
  },
  dataset: { ending: '.jsonl', make: () => lines(pairs), read: dataset },
  suite: {
    ending: '.jsonl',
    make: () => lines(pairs),
    read: (file) => previewImport(file, { purpose: 'suite', kind: 'pairs' }),
  },
  'workspace archive': {
    ending: '.zip',
    make: () =>
      zipOf([
        { name: 'workspace.sqlite', content: 'SQLite format 3\0'.padEnd(4096, '\0') },
        { name: 'runs/a/spec.json', content: '{}' },
      ]),
    async read(file) {
      const target = `${file}-${randomUUID()}`;
      try {
        await importWorkspaceFile(file, target, quietTask());
      } finally {
        rmSync(target, { recursive: true, force: true });
      }
    },
  },
  'run spec': {
    ending: '.yaml',
    make: () =>
      Buffer.from(
        'name: r\nmodel: m\ndataset: { train: pairs, heldOut: 0.1 }\nalgorithm: { kind: dpo, beta: 0.1 }\nsteps: 4\nguard:\n  kind: flipguard\n',
      ),
    read: (file) => Promise.resolve(parseSpec({ yaml: readFileSync(file, 'utf8') })),
  },
  'report file': {
    ending: '.json',
    make: () =>
      Buffer.from(
        JSON.stringify({ format: 'flipguard-report', version: 1, title: 't', question: '', sections: [], cases: [] }),
      ),
    read: (file) => Promise.resolve(readReport(readFileSync(file, 'utf8'), path.basename(file))),
  },
  'chat template': {
    ending: '.jinja',
    make: () =>
      Buffer.from(
        "{% for m in messages %}{% if m['role'] == 'user' %}<u>{{ m['content']|trim }}{% else %}{{ m.content }}{{ eos_token }}{% endif %}{% endfor %}{% if add_generation_prompt %}<a>{% endif %}",
      ),
    read: (file) =>
      Promise.resolve(
        new ChatTemplate(readFileSync(file, 'utf8'), { eos_token: '</s>' }, 'a model').render([
          { role: 'user', content: ' hi ' },
        ]),
      ),
  },
  'tokenizer.json': {
    ending: '.json',
    make: () =>
      Buffer.from(
        JSON.stringify({
          version: '1.0',
          added_tokens: [{ id: 0, content: '<s>', special: true }],
          normalizer: null,
          pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false },
          post_processor: null,
          decoder: { type: 'ByteLevel' },
          model: { type: 'BPE', vocab: { '<s>': 0, a: 1, b: 2, ab: 3 }, merges: ['a b'] },
        }),
      ),
    async read(file) {
      const folder = `${file}-model`;
      mkdirSync(folder, { recursive: true });
      writeFileSync(path.join(folder, 'tokenizer.json'), readFileSync(file));
      const tokenizer = await loadTokenizer(openFolder(folder));
      return tokenizer.encode('abba');
    },
  },
};
