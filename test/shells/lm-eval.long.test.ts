import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { SampleResult } from '../../src-main/shared/domain/evaluations.ts';
import { serveApi } from '../../src-main/shells/api/server.ts';
import { quietTask } from '../../src-main/workbench/supervision/task.ts';
import { openServing } from '../../src-main/workbench/serving/serving.ts';
import { openTestWorkbench, smallModel, temporaryFolder } from '../helpers/workbench.ts';

const python = process.env['FLIPGUARD_LM_EVAL_PYTHON'] ?? '';
const hasLmEval = existsSync(python) && spawnSync(python, ['-c', 'import lm_eval.evaluator']).status === 0;
const why = !hasLmEval
  ? 'FLIPGUARD_LM_EVAL_PYTHON names no Python with lm-eval'
  : smallModel === null
    ? 'no small model is here'
    : null;

// lm-eval sends token ids without the token that begins a text, which an evaluation here has, unless it is told to add it.
const script = `
import json, sys
from lm_eval import simple_evaluate
from lm_eval.tasks import TaskManager
folder, address, tokenizer = sys.argv[1:]
found = simple_evaluate(
    model="local-completions",
    model_args=f"model=m,base_url={address}/completions,tokenizer_backend=huggingface,tokenizer={tokenizer},add_bos_token=True,max_retries=1",
    tasks=["ends"], task_manager=TaskManager(include_path=folder, include_defaults=False), log_samples=True)
with open(folder + "/samples.jsonl", "w") as file:
    for sample in found["samples"]["ends"]:
        file.write(json.dumps({"id": sample["doc"]["id"], "resps": sample["resps"][0][0], "acc": sample["acc"]}) + "\\n")
`;
const task = (folder: string) => `task: ends
dataset_path: json
dataset_kwargs: { data_files: { test: ${JSON.stringify(path.join(folder, 'ends.jsonl'))} } }
test_split: test
output_type: loglikelihood
doc_to_text: "{{context}}"
doc_to_target: "{{end}}"
target_delimiter: ""
metric_list: [{ metric: acc }]
`;
const items = [
  ['Once upon a', 'time'],
  ['Once upon a time, there was a little girl named', 'Lily'],
  ['The cat was very', 'happy'],
  ['She wanted to play with her', 'friends'],
  ['The dog ran to the', 'park'],
  ['One day, Tim went to the', 'moon'],
].map(([prompt = '', target = ''], i) => ({ kind: 'cloze' as const, id: `s${i}`, prompt, target }));

test(`lm-eval's local-completions on the endpoint gives the samples of an evaluation here${why === null ? '' : ` (skipped: ${why})`}`, async (ctx) => {
  if (why !== null || smallModel === null) return ctx.skip(why ?? '');
  const workbench = await openTestWorkbench();
  await workbench.models.add(smallModel, { name: 'm' }, quietTask());
  await workbench.imports.addSuite('ends', { kind: 'cloze' }, items);
  const { id } = await workbench.evaluations.evaluate('m', 'ends', {}, quietTask());
  const own: SampleResult[] = [];
  await workbench.core.store.streamSamples(id, (samples) => {
    own.push(...samples);
    return Promise.resolve();
  });
  const serving = await openServing(workbench.core, ['m'], { idleMs: 60_000, say: () => {} }, quietTask());
  const api = await serveApi(serving, { port: 0, key: null });
  onTestFinished(async () => {
    await api.close();
    await serving.close();
  });
  const folder = temporaryFolder();
  const lines = items.map((item) => JSON.stringify({ id: item.id, context: item.prompt, end: ` ${item.target}` }));
  writeFileSync(path.join(folder, 'ends.jsonl'), `${lines.join('\n')}\n`);
  writeFileSync(path.join(folder, 'ends.yaml'), task(folder));
  writeFileSync(path.join(folder, 'run.py'), script);
  const env = {
    ...process.env,
    OPENAI_API_KEY: 'none',
    HF_HUB_OFFLINE: '1',
    HF_DATASETS_OFFLINE: '1',
    HF_HOME: folder,
  };
  const child = spawn(python, [path.join(folder, 'run.py'), folder, api.address, smallModel], { env });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = `${said}${text}`.slice(-2000)));
  child.stdout.resume();
  const [status] = (await once(child, 'close')) as [number | null];
  expect(status, said).toBe(0);
  expect(readdirSync(folder)).toContain('samples.jsonl');
  const theirs = readFileSync(path.join(folder, 'samples.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { id: string; resps: [number | string, boolean | string]; acc: number });
  const byId = new Map(own.map((sample) => [sample.sampleId, sample]));
  expect(theirs.map((one) => [one.id, one.acc === 1 ? 'right' : 'wrong'])).toEqual(
    items.map((item) => [item.id, byId.get(item.id)?.verdict]),
  );
  const gaps = theirs.map((one) => Math.abs(Number(one.resps[0]) - (byId.get(one.id)?.score ?? Number.NaN)));
  expect(Math.max(...gaps)).toBeLessThan(1e-3);
});
