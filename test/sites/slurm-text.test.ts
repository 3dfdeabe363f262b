import { describe, expect, it } from 'vitest';
import {
  hasAccounting,
  parseMaxArraySize,
  parseSacct,
  parseShowJob,
  parseSqueue,
  parseSubmitted,
  parseTestOnly,
} from '../../src-main/sites/slurm-commands.ts';
import { phaseOf, reasonInWords, sentenceOf, slurmState } from '../../src-main/sites/slurm-words.ts';

/** Texts as Slurm 22.05 printed them. */
describe('what Slurm prints', () => {
  it('is read from squeue, task by task', () => {
    const text = `12_0|RUNNING|None|n1|364-23:59:59|1795859499
12_1|PENDING|JobArrayTaskLimit||UNLIMITED|N/A
13|PENDING|BeginTime||UNLIMITED|1795859623
slurm_load_jobs error: nothing of this is a row
`;
    expect(parseSqueue(text)).toEqual([
      { id: '12_0', state: 'RUNNING', reason: 'None', node: 'n1', startAt: 1795859499000, exitCode: null },
      { id: '12_1', state: 'PENDING', reason: 'JobArrayTaskLimit', node: null, startAt: null, exitCode: null },
      { id: '13', state: 'PENDING', reason: 'BeginTime', node: null, startAt: 1795859623000, exitCode: null },
    ]);
  });

  it('is read from sacct: the last attempt of a job counts, whatever the first was called', () => {
    const text = `7|PREEMPTED|0:0|1795859499|1795859510|n1
7|COMPLETED|0:0|1795859520|1795859590|n2
8.batch|FAILED|9:0|1795859499|1795859510|n1
9|CANCELLED by 1000|0:15|1795859499|1795859510|None assigned
`;
    expect(parseSacct(text).map(({ id, state, node, exitCode }) => [id, state, node, exitCode])).toEqual([
      ['7', 'COMPLETED', 'n2', '0:0'],
      ['8', 'FAILED', 'n1', '9:0'],
      ['9', 'CANCELLED by 1000', null, '0:15'],
    ]);
  });

  it('is read from scontrol, arrays by their task', () => {
    const line = (rest: string) =>
      `${rest} UserId=root(0) JobState=NODE_FAIL Reason=NodeDown ExitCode=0:0 StartTime=Unknown NodeList=(null)`;
    const text = `${line('JobId=31 JobName=a')}\n${line('JobId=33 ArrayJobId=32 ArrayTaskId=1 JobName=b')}\n`;
    expect(parseShowJob(text).map(({ id, state, node, startAt }) => [id, state, node, startAt])).toEqual([
      ['31', 'NODE_FAIL', null, null],
      ['32_1', 'NODE_FAIL', null, null],
    ]);
  });

  it('names a job with and without its cluster, behind remarks', () => {
    expect([parseSubmitted('4711\n'), parseSubmitted('4711;gpu\n'), parseSubmitted('Note: quota\n12;a\n')]).toEqual([
      { jobId: '4711', cluster: null },
      { jobId: '4711', cluster: 'gpu' },
      { jobId: '12', cluster: 'a' },
    ]);
    expect(parseSubmitted('sbatch: error: invalid partition')).toBeNull();
  });

  it('estimates a start', () => {
    const said = 'sbatch: Job 5 to start at 2026-11-28T09:53:43 using 1 processors on nodes n1 in partition main\n';
    expect(parseTestOnly(said)).toEqual({
      says: 'To start at 2026-11-28T09:53:43 using 1 processors on nodes n1 in partition main',
      startAt: Date.parse('2026-11-28T09:53:43'),
    });
    expect(parseTestOnly('allocation failure: no nodes')).toBeNull();
  });

  it('has a configuration', () => {
    const config = 'AccountingStorageType   = accounting_storage/none\nMaxArraySize            = 2\n';
    expect([parseMaxArraySize(config), parseMaxArraySize(''), hasAccounting(config)]).toEqual([2, 1001, false]);
    expect(hasAccounting('AccountingStorageType = accounting_storage/slurmdbd')).toBe(true);
  });
});

describe('Slurm’s words', () => {
  it('are put into ours', () => {
    const phases = [
      'PENDING',
      'CONFIGURING',
      'RUNNING',
      'COMPLETING',
      'SUSPENDED',
      'PREEMPTED',
      'REQUEUE_HOLD',
      'TIMEOUT',
      'CANCELLED by 7',
      'NEW_ONE',
    ];
    expect(phases.map((state) => phaseOf({ state, reason: 'None' }))).toEqual([
      'waiting',
      'waiting',
      'running',
      'running',
      'paused',
      'waiting',
      'held',
      'ended',
      'ended',
      'unknown',
    ]);
    expect(phaseOf({ state: 'PENDING', reason: 'JobHeldUser' })).toBe('held');
    expect(slurmState('CANCELLED+')).toBe('cancelled');
  });

  it('say why a job waits, and keep what they do not know', () => {
    expect(['Priority', 'QOSMaxNodePerUserLimit', 'AssocGrpMemLimit', 'SomethingNew', ''].map(reasonInWords)).toEqual([
      'other jobs come first',
      'a limit of its QOS is reached (QOSMaxNodePerUserLimit)',
      'a limit of its account is reached (AssocGrpMemLimit)',
      'Slurm says SomethingNew',
      'Slurm gives no reason',
    ]);
  });

  it('say how a job ended', () => {
    const sight = { id: '1', reason: '', node: 'n1', startAt: null, exitCode: null };
    expect(sentenceOf({ ...sight, state: 'FAILED', exitCode: '0:9' })).toBe('Failed on n1 by signal 9.');
    expect(sentenceOf({ ...sight, state: 'FAILED', exitCode: '2:0' })).toBe('Failed on n1 with status 2.');
    expect(sentenceOf({ ...sight, state: 'CANCELLED by 1000' })).toBe('Cancelled by user 1000.');
  });
});
