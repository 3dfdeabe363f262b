import { afterAll, describe, expect, test } from 'vitest';
import type { SuiteItem } from '../../src-main/shared/domain/evaluations.ts';
import type { SuiteFile, TrainJob } from '../../src-main/shared/domain/jobs.ts';
import type { RunSpecInput } from '../../src-main/shared/domain/run-spec.ts';
import { expectSameRun, linesOf, ndjson, removeRuns, run, trainJob, type Told } from '../helpers/trainer-runs.ts';
import { goldenPresent } from '../helpers/trl-golden.ts';

if (!goldenPresent) console.warn('skipped: ../shared/models/stories-260k is not there');
afterAll(removeRuns);

const story = 'Once upon a time, there was a little girl named Lily. She loved to play outside in the park. One day,';
const texts: SuiteItem[] = [
  {
    kind: 'words',
    id: 'lily',
    text: `${story} she saw a big, red ball. She wanted to play with it.`,
    slices: ['long'],
  },
  { kind: 'words', id: 'sky', text: `${story} she looked up at the sky and saw a bird.`, prompt: '' },
  {
    kind: 'cloze',
    id: 'cloze',
    prompt: `${story} her mom gave her a`,
    target: 'big hug',
    slices: ['last word', 'long'],
  },
  { kind: 'choice', id: 'choice', prompt: 'Once upon a', options: ['rock', 'time'], answer: 1 },
  { kind: 'pairs', id: 'pair', prompt: 'Once upon a time,', chosen: ' there was a cat.', rejected: ' no.' },
  { kind: 'generate', id: 'answered', prompt: 'Once upon a time, there', target: 'was a' },
  { kind: 'generate', id: 'open', prompt: 'Once upon a time, there' },
];
const guardSuite = (): SuiteFile => ({
  id: 'g',
  name: 'texts',
  kind: 'words',
  itemsPath: ndjson('guard-texts.ndjson', texts),
});
const guard = { kind: 'flip-hinge', suite: 'texts', weight: 0.5 } as const;

function hingeJob(changes: Partial<RunSpecInput> = {}, job: Partial<TrainJob> = {}): TrainJob {
  const batch = { size: 4, maxLength: 96 };
  return trainJob(
    { guard, optimizer: { learningRate: 1e-3 }, steps: 6, batch, ...changes },
    { suites: [], guardSuite: guardSuite(), ...job },
  );
}

const messages = ({ events }: Told) => events.flatMap((event) => (event.type === 'log' ? [event.message] : []));
const guarded = ({ events }: Told) => events.flatMap((event) => (event.type === 'step' ? [event.tables.guarded!] : []));

const weightsBySlice = (events: Told['events']) =>
  events.flatMap((event) =>
    event.type === 'step'
      ? [Object.fromEntries(Object.entries(event.others ?? {}).filter(([name]) => name.startsWith('guard/weight/')))]
      : [],
  );

describe.skipIf(!goldenPresent)('a run under a flip hinge', () => {
  test('reads every kind of suite that has answers, each text in its turn, and says what it holds', async () => {
    const told = await run(hingeJob());
    expect(told.end).toMatchObject({ outcome: 'completed' });
    const [held, passedOver] = [/holds (\d+) of (\d+) tokens in 6 texts/, /1 of 7 samples of “texts” have no answer/];
    expect(messages(told)).toEqual([expect.stringMatching(passedOver), expect.stringMatching(held)]);
    const tables = guarded(told);
    expect(new Set(tables.flatMap(({ sampleIds }) => sampleIds))).toEqual(
      new Set(['lily', 'sky', 'cloze', 'choice', 'pair', 'answered'].map((id) => `guard:${id}`)),
    );
    // The order is gone through once before any text comes again; six steps of four are four rounds.
    const turns = tables.flatMap(({ sampleIds }) => sampleIds);
    expect(new Set(turns.slice(0, 6)).size).toBe(6);
    const [, heldTokens = 0, allTokens = 0] = (held.exec(messages(told)[1]!) ?? []).map(Number);
    const first = new Map(tables.flatMap(({ sampleIds, metrics }) => sampleIds.map((id, i) => [id, { metrics, i }])));
    const total = (name: 'guard/held_tokens' | 'guard/tokens') =>
      [...first.values()].reduce((sum, { metrics, i }) => sum + (metrics[name]?.[i] ?? 0), 0);
    expect([total('guard/held_tokens'), total('guard/tokens')]).toEqual([heldTokens, allTokens]);
    expect(heldTokens).toBeGreaterThan(0);
    expect(heldTokens).toBeLessThan(allTokens);
  });

  test('warns where the guarded suite is also the one that is reported', async () => {
    const told = await run(
      hingeJob(
        { steps: 1 },
        {
          suites: [guardSuite()].map((one) => ({ ...one, itemsPath: ndjson('words-only.ndjson', texts.slice(0, 2)) })),
        },
      ),
    );
    expect(messages(told).join('\n')).toContain('its flips are those of texts that training has read');
  });

  const algorithms: Record<string, Partial<RunSpecInput>> = {
    'orpo on random tokens': { algorithm: { kind: 'orpo' }, guard: { ...guard, tokens: 'random' } },
    'ppo, every update of a step': {
      algorithm: { kind: 'ppo', reward: { kind: 'lexicon' }, maxNewTokens: 8, epochs: 2 },
      guard: { ...guard, learnedWeight: { rate: 0.5, target: 0.1, of: 'fall', per: 'slice' } },
    },
    'rloo as an adapter': {
      algorithm: { kind: 'rloo', reward: { kind: 'lexicon' }, maxNewTokens: 8 },
      tuning: { kind: 'lora', rank: 2 },
    },
  };
  test.each(Object.keys(algorithms))('stopped and resumed, is the run that was not: %s', async (kind) => {
    const changes = { ...algorithms[kind], steps: 2, batch: { size: 2, maxLength: 96 }, checkpoint: { every: 1 } };
    const whole = await run(hingeJob(changes));
    const job = hingeJob(changes);
    await run(job, (event, session) => {
      if (event.type === 'checkpoint') session.stop();
    });
    const resumed = await run({ ...job, resume: true });
    expect(resumed.end).toMatchObject({ outcome: 'completed', step: 2 });
    expectSameRun(linesOf(job), whole.events);
    expect(guarded({ ...whole, events: linesOf(job) })).toEqual(guarded(whole));
    expect(weightsBySlice(linesOf(job))).toEqual(weightsBySlice(whole.events));
    if (kind.startsWith('ppo')) {
      const [first, second] = weightsBySlice(whole.events) as [Record<string, number>, Record<string, number>];
      expect(first).toEqual({ 'guard/weight/long': 0.5, 'guard/weight/last word': 0.5, 'guard/weight/untagged': 0.5 });
      expect(second).not.toEqual(first);
    }
  });

  test('refuses to learn λ per slice where nothing is in a slice', async () => {
    const items = texts.slice(4, 6);
    const learnedWeight = { rate: 1, target: 0, per: 'slice' } as const;
    const { end } = await run(
      hingeJob(
        { guard: { ...guard, learnedWeight } },
        { guardSuite: { ...guardSuite(), itemsPath: ndjson('unsliced.ndjson', items) } },
      ),
    );
    expect(end).toMatchObject({
      error: { code: 'bad-input', message: 'λ is to be learned per slice, and no guarded sample is in a slice.' },
    });
  });

  test('refuses a suite whose texts the old model gets nowhere right', async () => {
    const items: SuiteItem[] = [{ kind: 'cloze', id: 'odd', prompt: 'Once upon a', target: '%%' }];
    const itemsPath = ndjson('odd.ndjson', items);
    const { end } = await run(
      hingeJob({}, { guardSuite: { ...guardSuite(), kind: 'cloze', delimiter: '', itemsPath } }),
    );
    expect(end).toMatchObject({
      error: { code: 'bad-input', message: expect.stringContaining('right at no token of “texts”') as string },
    });
  });
});
