/**
 * What the data room takes on a big dataset: `npm run bench:data -- [rows] [--words n] [--suite questions] [--model folder]`, a million rows by
 * default. Rows are planted pairs (some 45 words), each side lengthened by `--words` common ones; a file of them is imported, checked,
 * cancelled, opened and searched as a window would, and once more after the workspace was closed. Prints wall-clock and processor seconds
 * (the import's own process left out) and the most memory held. Asserts nothing; targets are printed next to what they are for.
 */
import { createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { plainText } from '../../src-main/shared/domain/datasets.ts';
import type { RowFilter, RowSort } from '../../src-main/shared/domain/data/row-view.ts';
import { launchNodeTrainer } from '../../src-main/trainer/node-child.ts';
import { createWorkbench } from '../../src-main/workbench/create-workbench.ts';
import { checkDataset } from '../../src-main/workbench/data/check-dataset.ts';
import type { CheckChoice } from '../../src-main/workbench/data/check-dataset.ts';
import { quietTask } from '../../src-main/workbench/supervision/task.ts';
import { plantedPairs, plantedQuestions } from '../helpers/planted-data.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { words: { type: 'string' }, suite: { type: 'string' }, model: { type: 'string' } },
});
const rows = Number(positionals[0] ?? 1_000_000);
const words = Number(options.words ?? 0);
const questions = Number(options.suite ?? 0);
const byRow: RowSort = { column: 'row', direction: 'ascending' };
const folder = mkdtempSync(path.join(os.tmpdir(), 'flipguard-data-'));
let peak = 0;
const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 100);

function open() {
  return createWorkbench({ folder: path.join(folder, 'workspace'), shell: 'web', launchTrainer: launchNodeTrainer });
}

async function timed<T>(what: string, work: () => Promise<T>, target = ''): Promise<T> {
  peak = process.memoryUsage.rss();
  const [began, usage] = [performance.now(), process.cpuUsage()];
  const result = await work();
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(usage);
  const cpu = ((user + system) / 1e6).toFixed(2);
  console.info(
    `${what}: ${seconds.toFixed(2)} s, ${cpu} of processors, ${Math.round(peak / 2 ** 20)} MB at most${target === '' ? '' : ` (target ${target})`}`,
  );
  return result;
}

/** The same common words for the same beginning, so that what is planted alike stays alike. Frequencies fall as in a language. */
function lengthened(text: string): string {
  let state = 1;
  for (const character of text.slice(0, 24)) state = (Math.imul(state, 31) + (character.codePointAt(0) ?? 0)) | 0;
  const more: string[] = [];
  for (let i = 0; i < words; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    more.push(i % 11 === 0 ? 'the' : `w${Math.floor(20_000 ** ((state >>> 0) / 2 ** 32))}`);
  }
  return more.length === 0 ? text : `${text} ${more.join(' ')}`;
}

function* lines(): Generator<string> {
  const copies = Math.floor(rows / 100);
  const overlaps = Math.min(questions, Math.floor(rows / 100));
  const planted = { duplicates: copies, nearDuplicates: copies, contradictions: copies, exactOverlaps: overlaps };
  const made = plantedPairs(rows - 3 * copies - overlaps, planted);
  for (const { id, prompt, chosen, rejected, tags } of made) {
    const sides = [prompt, chosen, rejected].map((text) => lengthened(plainText(text)));
    yield `${JSON.stringify({ id, prompt: overlaps > 0 ? prompt : sides[0], chosen: sides[1], rejected: sides[2], tags })}\n`;
  }
}

try {
  const file = path.join(folder, 'pairs.jsonl');
  await pipeline(Readable.from(lines()), createWriteStream(file));
  console.info(`${rows} rows, ${Math.round(statSync(file).size / 1e6)} MB, load ${os.loadavg()[0]?.toFixed(1)}`);
  const workbench = await open();
  const { core, imports } = workbench;
  const { store } = core;
  const dataset = await timed('import', () => imports.dataset({ source: file, name: 'planted' }, quietTask()));
  if (questions > 0) {
    await imports.addSuite(
      'questions',
      { kind: 'generate' },
      plantedQuestions(questions).map((prompt, i) => ({
        kind: 'generate',
        id: `q${i}`,
        prompt,
        scorer: { kind: 'exact' },
      })),
    );
  }
  const choice: CheckChoice = questions > 0 ? { against: ['questions'] } : {};
  await timed('cancel a check that has begun', async () => {
    const abort = new AbortController();
    let asked = 0;
    const progress = (_: string, fraction: number | null): void => {
      if ((fraction ?? 0) < 0.02 || abort.signal.aborted) return;
      asked = performance.now();
      abort.abort();
    };
    await checkDataset(core, dataset, choice, { signal: abort.signal, progress }).catch(() => undefined);
    console.info(`  ended ${Math.round(performance.now() - asked)} ms after it was asked to`);
  });
  let told = 0;
  const counted = { signal: new AbortController().signal, progress: () => told++ };
  const { check } = await timed(
    'check, near duplicates included',
    () => checkDataset(core, dataset, choice, counted),
    '180 s within 1,536 MB',
  );
  const { duplicates, nearDuplicates, contradictions, overlaps } = check;
  console.info(
    `  ${JSON.stringify({ duplicates, nearDuplicates, contradictions, overlaps })}, progress told ${told} times`,
  );
  await timed('until the words are indexed', () => store.settled());
  if (options.model !== undefined) {
    const model = await workbench.models.add(options.model, { name: 'm' }, quietTask());
    await timed('check with token lengths', () => checkDataset(core, dataset, { model: model.id }, quietTask()));
  }
  await workbench.close();

  const again = await timed('open the workspace', open);
  const room = again.core.store;
  async function list(what: string, filter: RowFilter, sort: RowSort, target: string): Promise<void> {
    const found = await timed(
      what,
      async () => {
        const view = await room.openDatasetView(dataset.id, filter, sort);
        await room.datasetWindow(view.viewId, Math.max(0, Math.floor(view.total / 2) - 100), 200);
        return view.total;
      },
      target,
    );
    console.info(`  ${found} rows`);
  }
  await timed(
    'open the dataset: its check and a window of its list',
    async () => {
      await checkDataset(again.core, dataset, choice, quietTask());
      const view = await room.openDatasetView(dataset.id, {}, byRow);
      await room.datasetWindow(view.viewId, 0, 200);
    },
    '0.5 s',
  );
  // Until somebody has typed a word, the thread that searches has been opened.
  await setTimeout(1000);
  const first = (await room.datasetRows(dataset.id, Math.floor(rows / 2), 1))[0];
  const rare =
    first === undefined || typeof first.prompt !== 'string' ? 'w19999' : first.prompt.split(' ').slice(0, 3).join(' ');
  for (const search of [rare, rare.split(' ')[0] ?? '', 'the', 'ba', 'ba re', 'the ba', 'zzzz']) {
    await list(`search for “${search}”`, { search }, byRow, '0.3 s');
  }
  await list('rows with a finding', { findings: ['near-duplicate'] }, byRow, '0.3 s');
  await list('rows of a tag', { tags: ['code'] }, byRow, '0.3 s');
  await list('all by length', {}, { column: 'response', direction: 'descending' }, '0.5 s');
  await again.close();
} finally {
  clearInterval(watch);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
