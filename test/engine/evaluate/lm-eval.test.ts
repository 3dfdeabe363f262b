import { existsSync, readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, test } from 'vitest';
import { nativeOps } from '../../../src-main/backends/index.ts';
import { loadModel } from '../../../src-main/engine/checkpoint/load-model.ts';
import type { EvaluationContext } from '../../../src-main/engine/evaluate/context.ts';
import { prepareSuite, runSuite } from '../../../src-main/engine/evaluate/run-suite.ts';
import { loadTokenizer } from '../../../src-main/engine/tokenizer/tokenizer.ts';
import type { SampleResult, SuiteItem } from '../../../src-main/shared/domain/evaluations.ts';
import { openFolder } from '../../../src-main/trainer/node-folders.ts';
import { openTestBackend } from '../../helpers/backend.ts';
import { sharedFolder } from '../../helpers/golden-models.ts';
import { findStories15m } from '../../helpers/stories15m.ts';

/** lm-evaluation-harness's own log of the same cloze on stories15M. */
const folder = sharedFolder('data', 'lm_eval', 'base_15M');
interface Logged {
  doc: { id: number; context: string; last_word: string };
  resps: [[string, string]][];
}
if (!existsSync(folder)) console.warn('skipped: ../shared/data/lm_eval is not there');

describe.skipIf(!existsSync(folder))('the cloze suite equals lm-evaluation-harness', () => {
  test('log-prob and greedy match of each of 397 targets', async ({ skip }) => {
    const stories = await findStories15m();
    if (stories.folder === null) return skip(stories.reason);
    await openTestBackend();
    const file = readdirSync(folder).find((name) => name.startsWith('samples_')) ?? '';
    const logged = readFileSync(path.join(folder, file), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Logged);
    const items = logged.map(({ doc }): SuiteItem => ({
      kind: 'cloze',
      id: String(doc.id),
      prompt: doc.context,
      target: doc.last_word,
    }));
    const results = await runCloze(stories.folder, items);
    const byId = new Map(results.map((result) => [result.sampleId, result]));
    for (const { doc, resps } of logged) {
      const [logProb, greedy] = resps[0]?.[0] ?? ['NaN', ''];
      const result = byId.get(String(doc.id));
      expect(result?.score, doc.context).toBeCloseTo(Number(logProb), 3);
      expect(result?.verdict, doc.context).toBe(greedy === 'True' ? 'right' : 'wrong');
    }
    expect(results.filter(({ verdict }) => verdict === 'right')).toHaveLength(284);
  });
});

async function runCloze(modelFolder: string, items: SuiteItem[]): Promise<SampleResult[]> {
  const reader = openFolder(modelFolder);
  const tokenizer = await loadTokenizer(reader);
  const model = await loadModel(reader, { trainable: false });
  const suite = prepareSuite({ id: 'c', name: 'cloze', kind: 'cloze' }, items, tokenizer, model.config.maxPositions);
  const context: EvaluationContext = {
    model,
    tokenizer,
    ops: nativeOps(),
    beta: 0.1,
    reference: null,
    old: null,
    scoring: { lexicon: new Map(), rewardModel: null, postJson: () => Promise.reject(new Error('no judge here')) },
    cancelled: () => false,
    breathe: () => Promise.resolve(),
  };
  const results: SampleResult[] = [];
  for await (const event of runSuite(suite, 0, context)) {
    if (event.type === 'evaluation-batch') results.push(...event.results);
  }
  return results;
}
