/**
 * How long the kinds of change of a large comparison take the first time: `node build/node24.mjs test/bench/kinds-scale.ts [samples]`,
 * a million by default. Prints wall-clock and processor seconds of finding them, of counting them once they are kept, and of putting the
 * negative flips into words; the target is 60 s for finding a million on a quiet machine. Asserts nothing.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openStore } from '../../src-main/store/client.ts';
import { defaultRule } from '../../src-main/shared/domain/flips.ts';
import type { SampleResult } from '../../src-main/shared/domain/evaluations.ts';

const samples = Number(process.argv[2] ?? 1_000_000);
const folder = mkdtempSync(path.join(tmpdir(), 'flipguard-kinds-'));
const atOnce = 5000;

/** Answers of some 220 characters, every tenth new one of a kind. */
function answer(side: 'old' | 'new', i: number): string {
  const sum = (i * 7) % 100;
  const worked = `Tom has ${i % 90} apples and buys ${sum} more at the market in town. So he has ${i % 90} + ${sum} = ${(i % 90) + sum} apples in all, which he carries home and shares with his sister.\nThe answer is`;
  if (side === 'old') return `${worked} ${(i % 90) + sum}.`;
  switch (i % 40) {
    case 0:
      return 'I’m sorry, but I cannot help with that request.';
    case 4:
      return `${'the answer is '.repeat(12)}.`;
    case 8:
      return worked.slice(0, 120);
    case 12:
      return `\`\`\`json\n{"answer": ${(i % 90) + sum + 1}}\n\`\`\``;
    default:
      return `${worked} ${(i % 90) + sum + (i % 10 === 0 ? 1 : 0)}.`;
  }
}

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const [began, cpu] = [performance.now(), process.cpuUsage()];
  const result = await work();
  const used = process.cpuUsage(cpu);
  console.info(
    `${what}: ${((performance.now() - began) / 1000).toFixed(1)} s, ${((used.user + used.system) / 1e6).toFixed(1)} processor seconds`,
  );
  return result;
}

const store = await openStore(folder, { checkIntegrity: false });
try {
  const ids: string[] = [];
  for (const side of ['old', 'new'] as const) {
    const id = await timed(`taking in ${samples} answers (${side})`, async () => {
      const ingest = await store.beginEvaluation({
        name: side,
        suiteId: null,
        suiteName: 'apples',
        modelId: null,
        runId: null,
        checkpointId: null,
        step: null,
        decoding: null,
        import: null,
      });
      for (let from = 0; from < samples; from += atOnce) {
        const rows = Array.from({ length: Math.min(atOnce, samples - from) }, (_, k): SampleResult => {
          const i = from + k;
          return {
            sampleId: String(i),
            prompt: `Tom has ${i % 90} apples and buys ${(i * 7) % 100} more. How many has he in question ${i}?`,
            target: String((i % 90) + ((i * 7) % 100)),
            output: answer(side, i),
            verdict: side === 'old' || i % 10 !== 0 ? 'right' : 'wrong',
            score: null,
            slices: [`part ${i % 20}`],
          };
        });
        await ingest.push(rows);
      }
      return ingest.commit();
    });
    ids.push(id);
  }
  const opened = await store.openComparison(ids[0] ?? '', ids[1] ?? '', defaultRule);
  await timed('comparing', () => store.buildComparison(opened.id));
  const memory = process.memoryUsage.rss();
  await timed('finding kinds of change', () => store.findKinds(opened.id));
  await timed('asking again', () => store.findKinds(opened.id));
  console.info(`memory: ${((process.memoryUsage.rss() - memory) / 2 ** 20).toFixed(0)} MiB more`);
  await timed('counting them', () => store.changeCounts(opened.id, {}));
  const words = await timed('putting the negative flips into words', () =>
    store.setStatements(opened.id, { kinds: ['negative'] }, () => undefined, new AbortController().signal),
  );
  console.info(words.best.map(({ statement, hits, of }) => `  ${statement}: ${hits} of ${of}`).join('\n'));
} finally {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
}
