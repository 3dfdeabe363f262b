import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { siteProfileSchema, siteSchema } from '../../src-main/shared/domain/sites.ts';
import { jobScript, timeSeconds } from '../../src-main/sites/job-script.ts';
import { quote } from '../../src-main/sites/quote.ts';

const profile = siteProfileSchema.parse({});
const base = { folder: '/shared/jobs/1', name: 'dpo β=0.1', runIds: ['a', 'b', 'c'] };

function options(script: string): string[] {
  return script.split('\n').flatMap((line) => (line.startsWith('#SBATCH ') ? [line.slice('#SBATCH '.length)] : []));
}

describe('the job script', () => {
  it('asks for what the profile says, and for an array where there are several runs', () => {
    const site = {
      program: '/opt/flip guard',
      profile: {
        ...profile,
        partition: 'gpu',
        time: '8:00:00',
        gpus: 'h100:1',
        cpus: 8,
        memory: '64G',
        sbatch: ['--exclusive'],
      },
    };
    expect(options(jobScript({ ...base, site, atOnce: 2 }))).toEqual(
      [
        '--job-name=flipguard-dpo-=0.1',
        '"--comment=flipguard:3 runs"',
        '--array=0-2%2',
        '--chdir=/shared/jobs/1',
        '--output=/shared/jobs/1/slurm-%A_%a.log',
        '--partition=gpu',
        '--time=8:00:00',
        '--gpus-per-node=h100:1',
        '--cpus-per-task=8',
        '--mem=64G',
        '--signal=B:USR1@180',
        '--requeue',
        '--open-mode=append',
        '--exclusive',
      ].map((line) => line.replace('"--comment=flipguard:3 runs"', '--comment="flipguard:3 runs"')),
    );
  });

  it('is a whole shell script, whatever the folders are called', () => {
    const site = { program: "/opt/it's `here` $HOME", profile: { ...profile, setup: ['module load cuda'] } };
    const script = jobScript({ ...base, folder: '/a b/"c"', site });
    const { status, stderr } = spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
    expect(script).toContain('module load cuda');
  });

  it('leaves a short job time to get something done before it is told to save', () => {
    const lead = (time?: string) =>
      /USR1@(\d+)/.exec(
        jobScript({
          ...base,
          site: { program: '/p', profile: { ...profile, ...(time === undefined ? {} : { time }) } },
        }),
      )?.[1];
    expect([lead(), lead('1'), lead('10'), lead('2:00:00'), lead('UNLIMITED')]).toEqual([
      '180',
      '15',
      '150',
      '180',
      '180',
    ]);
  });

  it('knows how Slurm writes times', () => {
    expect(['5', '5:30', '1:00:00', '2-12', '1-00:30', '1-1:1:1', 'x'].map(timeSeconds)).toEqual([
      300,
      330,
      3600,
      216_000,
      88_200,
      90_061,
      null,
    ]);
  });
});

describe('words for a shell', () => {
  it('arrive as they are', () => {
    const words = ['plain', "it's", '$(reboot)', '`x`', 'a b', '', '"', '\\', 'line\nbreak', '*'];
    const { stdout } = spawnSync('bash', ['-c', `printf '%s\\0' ${words.map(quote).join(' ')}`], { encoding: 'utf8' });
    expect(stdout.split('\0').slice(0, -1)).toEqual(words);
  });
});

describe('a site', () => {
  const site = { name: 'cluster', host: 'login', folder: '/scratch/me', program: '/opt/flipguard', profile: {} };
  it.each([
    ['a host that ssh would take for an option', { host: '-oProxyCommand=reboot' }],
    ['a folder that is not absolute', { folder: 'scratch' }],
    ['a line break in a set-up line', { profile: { setup: ['a\nb'] } }],
    ['an #SBATCH line that is none', { profile: { sbatch: ['reboot'] } }],
    ['a partition with a blank', { profile: { partition: 'a b' } }],
  ])('refuses %s', (_what, change) => {
    expect(siteSchema.safeParse(site).success).toBe(true);
    expect(siteSchema.safeParse({ ...site, ...change }).success).toBe(false);
  });
});
