/**
 * Scoring texts without gradients, as a suite of words, cloze or pairs does: the first time, when forms of pass are met first, and again
 * and again, as the checkpoints of a run are evaluated. Both ways in turn, in one run.
 *
 *   node test/bench/evaluate.ts [--size 260K] [--texts 256] [--rounds 4]
 */
import os from 'node:os';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { nativeOps } from '../../src-main/backends/index.ts';
import { loadModel } from '../../src-main/engine/checkpoint/load-model.ts';
import { planPasses, scorePass } from '../../src-main/engine/data/score-sequences.ts';
import type { CompletionSequence } from '../../src-main/engine/losses/layout.ts';
import { createRandom, randomInteger } from '../../src-main/engine/random.ts';
import { medianOf } from '../../src-main/shared/domain/benchmark.ts';
import { openFolder } from '../../src-main/trainer/node-folders.ts';
import { openTestBackend } from '../helpers/backend.ts';
import { findStories15m } from '../helpers/stories15m.ts';
import { stories260k } from '../helpers/trl-golden.ts';

const { values: options } = parseArgs({
  options: {
    size: { type: 'string', default: '15M' },
    texts: { type: 'string', default: '256' },
    rounds: { type: 'string', default: '4' },
  },
});
const backend = await openTestBackend();
const folder = openFolder(await folderOf(options.size));
const { compile: _, ...plain } = nativeOps();
const sides = { compiled: nativeOps(), 'operation by operation': plain };
const random = createRandom(1);
const texts = Array.from({ length: Number(options.texts) }, (): CompletionSequence => {
  const ids = new Int32Array(60 + randomInteger(random, 140));
  return { ids: ids.map((_id, i) => (i === 0 ? 1 : 3 + randomInteger(random, 500))), from: 1 };
});
const tokens = texts.reduce((sum, { ids }) => sum + ids.length, 0);
console.log(`${backend.name}, ${backend.device}, stories${options.size}; ${texts.length} texts, ${tokens} tokens`);
const measured = new Map<string, { seconds: number; processor: number }[]>();
const models = new Map(
  await Promise.all(Object.keys(sides).map(async (name) => [name, await loadModel(folder)] as const)),
);
for (let round = 0; round <= Number(options.rounds); round++) {
  for (const [name, ops] of Object.entries(sides)) {
    const model = models.get(name)!;
    const [startedMs, before] = [performance.now(), process.cpuUsage()];
    for (const pass of planPasses(texts, model.config.vocabSize))
      await scorePass(
        model,
        pass.map((index) => texts[index]!),
        { ops, greedy: true },
      );
    const { user, system } = process.cpuUsage(before);
    const one = { seconds: (performance.now() - startedMs) / 1000, processor: (user + system) / 1e6 };
    measured.set(name, [...(measured.get(name) ?? []), one]);
  }
}
for (const [name, rounds] of measured) {
  const [first, second, ...again] = rounds;
  const at = (round: { processor: number } | undefined) => round?.processor.toFixed(2) ?? '–';
  const later = medianOf(again.map(({ processor }) => processor));
  console.log(
    `${name.padEnd(23)} processor s: first ${at(first)}, second ${at(second)}, then ${later.toFixed(2)} (${(tokens / later).toFixed(0)} tokens per processor second); by the clock ${medianOf(again.map(({ seconds }) => seconds)).toFixed(2)} s`,
  );
}
console.log(`load of the machine: ${os.loadavg()[0]!.toFixed(1)} on ${os.availableParallelism()} threads`);

async function folderOf(size: string): Promise<string> {
  if (size === '260K') return stories260k;
  const found = await findStories15m();
  if (typeof found === 'string') return found;
  if (found.folder === null) throw new Error(found.reason);
  return found.folder;
}
