import { afterAll, describe, expect, test } from 'vitest';
import { deathReport } from '../../src-main/trainer/death.ts';
import type { TrainerExit } from '../../src-main/trainer/host.ts';
import { removeRuns, run, trainJob } from '../helpers/trainer-runs.ts';

afterAll(removeRuns);

const exits = {
  killed: { code: null, signal: 'SIGKILL' },
  aborted: { code: null, signal: 'SIGABRT' },
  crashed: { code: 1, signal: null },
} satisfies Record<string, TrainerExit>;
const evaluateJob = { kind: 'evaluate' as const, modelPath: 'm', suites: [] };

describe('a child that says no last word', () => {
  test.each([
    ['killed', '', true, 'out-of-memory', /^Memory ran out, and the system ended/],
    ['killed', '', false, 'internal', /by SIGKILL/],
    ['crashed', '', true, 'internal', /with status 1/],
    ['aborted', "terminate called after throwing an instance of 'std::bad_alloc'", false, 'out-of-memory', /bad_alloc/],
    ['aborted', 'what():  could not create a primitive', false, 'out-of-memory', /primitive/],
    ['aborted', 'Check failed: 1 == 2', false, 'internal', /Check failed/],
  ] as const)('%s with “%s”, the system having killed for memory: %s → %s', (exit, said, oomKilled, code, words) => {
    // What TensorFlow and Node say at every start is nobody's last word.
    const stderr = `I0000 00:00:1 1 port.cc:153] oneDNN custom operations are on.\n(node:1) [DEP0044] old\n${said}\n`;
    const job = trainJob({ batch: { size: 8, accumulation: 2, maxLength: 64 } });
    const report = deathReport(exits[exit], { stderr, job, oomKilled });
    expect(report.code).toBe(code);
    expect(report.message).toMatch(words);
    expect(report.message).not.toMatch(/oneDNN custom|DEP0044/);
    expect(report.remedy).toMatch(
      code === 'out-of-memory' ? /batch\.size \(now 8\).*accumulation \(now 2\).*LoRA/ : /resumed from its last/,
    );
    // Only a run has a checkpoint to continue from, and a batch to make smaller.
    const other = deathReport(exits[exit], { stderr, job: evaluateJob, oomKilled });
    expect(other.remedy).not.toMatch(/resumed|batch\.accumulation/);
  });

  test('whose JavaScript heap was too small is told as lack of memory, for real', async () => {
    const before = process.env['NODE_OPTIONS'];
    process.env['NODE_OPTIONS'] = '--max-old-space-size=8';
    try {
      const { end } = await run(trainJob({ steps: 1 }, { suites: [] }));
      expect(end).toMatchObject({ kind: 'died', error: { code: 'out-of-memory' } });
    } finally {
      if (before === undefined) delete process.env['NODE_OPTIONS'];
      else process.env['NODE_OPTIONS'] = before;
    }
  });
});
