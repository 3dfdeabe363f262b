import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parsePoll, pollScript } from '../../src-main/sites/poll.ts';
import { temporaryFolder } from '../helpers/workbench.ts';

function look(runs: { folder: string; offset: number }[]) {
  const { stdout } = spawnSync('bash', ['-c', pollScript({ queue: false, runs })], { encoding: 'utf8' });
  return parsePoll(stdout);
}

describe('one look at a site', () => {
  it('reads each run from its offset on, byte for byte', () => {
    const folder = path.join(temporaryFolder(), 'a run’s "folder"');
    mkdirSync(folder);
    writeFileSync(path.join(folder, 'events.ndjson'), '{"a":"ß"}\n@run is text here\n{"torn');
    writeFileSync(
      path.join(folder, 'ends.ndjson'),
      '{"status":75,"signal":"USR1","job":"1","attempt":0,"node":"n1"}\n{"sta',
    );
    writeFileSync(path.join(folder, 'stop'), '');
    writeFileSync(path.join(folder, 'node.txt'), 'node 7\n');
    const { queue, runs } = look([
      { folder, offset: 0 },
      { folder: `${folder} that is not there`, offset: 0 },
      { folder, offset: 11 },
      { folder, offset: 1000 },
    ]);
    expect(queue).toBeNull();
    expect(runs.map(({ present, size, bytes }) => [present, size, bytes.toString()])).toEqual([
      [true, 35, '{"a":"ß"}\n@run is text here\n{"torn'],
      [false, 0, ''],
      [true, 35, '@run is text here\n{"torn'],
      [true, 35, ''],
    ]);
    expect(runs[0]?.ends).toEqual([{ status: 75, signal: 'USR1', job: '1', attempt: 0, node: 'n1' }]);
    expect(runs[0]?.stopAsked).toBe(true);
    expect(runs.map(({ node }) => node)).toEqual(['node 7', null, 'node 7', 'node 7']);
  });

  it('takes an answer that broke off for none', () => {
    expect(() => parsePoll('@run\n@size 12\n@bytes H4sI')).toThrow('broke off');
  });

  it('tells a scheduler that does not answer from one without jobs', () => {
    expect(parsePoll('@queue\n@status 0\n@done')).toMatchObject({ queue: [], queueTrouble: null });
    expect(
      parsePoll('@queue\nslurm_load_jobs error: Unable to contact slurm controller\n@status 1\n@done'),
    ).toMatchObject({
      queue: null,
      queueTrouble: 'slurm_load_jobs error: Unable to contact slurm controller',
    });
  });
});
