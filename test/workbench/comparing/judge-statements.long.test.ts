import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { FlipFilter } from '../../../src-main/shared/domain/flip-view.ts';
import { judgeWishSchema } from '../../../src-main/shared/domain/kinds/judged-statements.ts';
import { readProposals, readYesOrNo } from '../../../src-main/shared/domain/kinds/judged-statements.ts';
import { endpointVariables } from '../../../src-main/system/endpoints.ts';
import { quietTask } from '../../../src-main/workbench/supervision/task.ts';
import { flipguard } from '../../helpers/cli.ts';
import { startJudge } from '../../helpers/judge-server.ts';
import { openTestWorkbench, temporaryFolder } from '../../helpers/workbench.ts';

const lost = 40;
const kept = 60;
const filter: FlipFilter = { kinds: ['negative'] };
const pirate = 'The new answer talks like a pirate.';

/** Every lost sample's new answer says “Ahoy”, and no other text does. */
function rows(side: 'old' | 'now'): string {
  return Array.from({ length: lost + kept }, (_, i) => {
    const isLost = i < lost;
    const output = side === 'now' && isLost ? `Ahoy, it be ${i}, matey.` : `It is number ${i}, as far as I know.`;
    const row = { id: `s${i}`, prompt: `Which town is number ${i}?`, output, correct: side === 'old' || !isLost };
    return `${JSON.stringify(row)}\n`;
  }).join('');
}

/** A judge that says what a small model was seen to say: thoughts before the list, a heading, marks around the statements. */
function judge(onAsked: (asked: number) => unknown = () => undefined) {
  return startJudge(({ system, user }, count) => {
    onAsked(count);
    return system.includes('group A') ? proposals : said(user);
  });
}

const proposals = `<think>Group A says ahoy.</think>\nHere are the statements:\n\n1. **${pirate}**\n2. "The prompt asks about a town."\n- The answer is friendly.\n- The answer is friendly`;

function said(user: string): string {
  if (user.includes('pirate')) return user.includes('New answer:\nAhoy') ? '**Yes**, it says “Ahoy”.' : 'No.';
  return user.includes('a town') ? 'yes' : 'That is hard to say.';
}

async function compared() {
  const workbench = await openTestWorkbench();
  const folder = temporaryFolder();
  const ids: string[] = [];
  for (const side of ['old', 'now'] as const) {
    const source = path.join(folder, `${side}.jsonl`);
    writeFileSync(source, rows(side));
    ids.push((await workbench.imports.evaluation({ source, name: side }, quietTask())).id);
  }
  const { id } = await workbench.comparisons.ready(ids[0] ?? '', ids[1] ?? '', undefined, quietTask());
  return { ...workbench, id };
}

const wishFor = (endpoint: string) =>
  judgeWishSchema.parse({ endpoint, model: 'm', samples: 20, inputPrice: 1, outputPrice: 10 });

beforeEach(() => vi.stubEnv(endpointVariables.allowed, ''));
afterEach(() => vi.unstubAllEnvs());

test('a judge proposes statements and judges each on other samples than it saw; nothing is sent before that is allowed', async () => {
  const { comparisons, core, id } = await compared();
  const { url, asked } = await judge();
  const wish = wishFor(url);
  // 8 of each to make statements from, 20 of each to judge up to five on.
  const plan = await comparisons.judgePlan(id, filter, wish);
  expect(plan).toMatchObject({ origin: new URL(url).origin, samples: 56, requests: 1 + 5 * 40 });
  await expect(comparisons.judge(id, filter, wish, quietTask())).rejects.toMatchObject({
    code: 'bad-input',
    consent: { kind: 'endpoint', origin: new URL(url).origin },
  });
  expect(asked).toEqual([]);
  const nobody = { search: 'nowhere to be found' };
  await expect(comparisons.judgePlan(id, nobody, wish)).rejects.toMatchObject({ code: 'bad-input' });

  // Stopped half-way, nothing is kept.
  const stop = new AbortController();
  const stopping = await judge((count) => count === 10 && stop.abort());
  vi.stubEnv(endpointVariables.allowed, new URL(stopping.url).origin);
  const stopped = comparisons.judge(id, filter, wishFor(stopping.url), { ...quietTask(), signal: stop.signal });
  await expect(stopped).rejects.toMatchObject({ code: 'cancelled' });
  expect(await comparisons.judged(id, filter)).toBeNull();

  vi.stubEnv(endpointVariables.allowed, new URL(url).origin);
  vi.stubEnv(endpointVariables.key, 'secret');
  vi.stubEnv(endpointVariables.keyUrl, 'https://judge.example/v1');
  const found = await comparisons.judge(id, filter, wish, quietTask());
  // The key was given for another address.
  expect(new Set(asked.map(({ key }) => key))).toEqual(new Set([undefined]));
  const told = ({ text, hits, of, restHits, restOf, unclear }: (typeof found.best)[number]) =>
    [text, hits, of, restHits, restOf, unclear] as const;
  expect(found.best.map(told)).toEqual([[pirate, 20, 20, 0, 20, 0]]);
  expect(found.others.map(told).toSorted()).toEqual([
    ['The answer is friendly.', 0, 0, 0, 0, 40],
    ['The prompt asks about a town.', 20, 20, 20, 20, 0],
  ]);
  // One of the 40-choose-20 ways to draw, times three statements.
  expect(found.best[0]?.pHolm).toBeCloseTo(3 / 137_846_528_820, 15);
  expect(found).toMatchObject({ samples: lost, rest: kept, tried: 3, requests: 121, sameSamples: false });
  expect([found.promptTokens, found.outputTokens]).toEqual([12_100, 242]);
  expect(found.cost).toBeCloseTo((12_100 * 1 + 242 * 10) / 1e6, 10);
  expect(asked.slice(1).some(({ system, user }) => /group|negative|wrong/i.test(system + user))).toBe(false);
  // What it saw when it made them, it does not judge.
  const shown = new Set(asked[0]?.user.match(/number \d+\?/g));
  expect(asked.slice(1).some(({ user }) => shown.has(user.match(/number \d+\?/)?.[0] ?? ''))).toBe(false);

  // Kept for this filter; each is a list of the samples that it was said of.
  expect(await comparisons.judged(id, filter)).toEqual(found);
  expect(await comparisons.judged(id, {})).toBeNull();
  const where = [`judged:${pirate}`];
  const view = await core.store.openFlipView(id, { where }, { column: 'sampleId', direction: 'ascending' });
  const listed = await core.store.flipWindow(view.viewId, 0, 100);
  expect(listed.map(({ sampleKey }) => sampleKey).toSorted((a, b) => a - b)).toEqual(
    [...(found.best[0]?.sampleKeys ?? [])].toSorted((a, b) => a - b),
  );
  expect(listed.map(({ kind }) => kind)).toEqual(Array.from({ length: 20 }, () => 'negative'));
});

test('the command line says what will leave the machine, asks, and lists what was said of', async () => {
  const workspace = temporaryFolder();
  const folder = temporaryFolder();
  for (const side of ['old', 'now'] as const) {
    const file = path.join(folder, `${side}.jsonl`);
    writeFileSync(file, rows(side));
    expect((await flipguard(workspace, 'import', 'eval', file, '--name', side)).status).toBe(0);
  }
  const { url, asked } = await judge();
  const ask = ['flips', 'old', 'now', '--groups', '--judge', url, '--judge-model', 'm', '--judge-samples', '20'];
  const refused = await flipguard(workspace, ...ask);
  expect([refused.status, asked.length]).toEqual([2, 0]);
  expect(refused.stderr).toMatch(/answers of 56 samples .* go to http:\/\/127\.0\.0\.1:\d+: at most 201 requests/);
  expect(refused.stderr).toContain('--allow-endpoint');
  const asking = await flipguard(workspace, ...ask, '--allow-endpoint', url);
  expect(asking.stdout).toContain(`- 20 of 20: “${pirate}”, says m: none of the other 20`);
  const report = path.join(folder, 'report.md');
  await flipguard(workspace, 'report', 'old', 'now', '--out', report);
  expect(readFileSync(report, 'utf8')).toMatch(/^- 20 of 20: .*talks like a pirate.* says m/m);
  const listed = await flipguard(workspace, 'flips', 'old', 'now', '--where', `judged:${pirate}`, '--json');
  expect(listed.stdout.trim().split('\n')).toHaveLength(20);
});

test('replies are read in the forms that models give them', () => {
  expect(readProposals('["The answer is empty.", "The prompt is long."]')).toEqual([
    'The answer is empty.',
    'The prompt is long.',
  ]);
  expect(readProposals('Sure! Statements:\n* The answer is empty.\n\n3) The prompt is long.')).toEqual([
    'The answer is empty.',
    'The prompt is long.',
  ]);
  const replies = ['Yes', 'no.', '<think>yes? no.</think>\n"No"', 'TRUE', 'Nothing', 'maybe yes', ''];
  expect(replies.map(readYesOrNo)).toEqual([true, false, false, true, null, null, null]);
});
