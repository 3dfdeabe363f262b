import { once } from 'node:events';
import { chmodSync, mkdirSync, openSync, writeFileSync, writeSync, closeSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { errorCodes } from '../../src-main/shared/domain/errors.ts';
import { databaseName } from '../../src-main/store/client.ts';
import { flipguard, startCli } from '../helpers/cli.ts';
import type { CliAnswer } from '../helpers/cli.ts';
import {
  pairRows,
  smallModel,
  temporaryFolder,
  tinySpec,
  withSmallModel,
  writeEvaluation,
} from '../helpers/workbench.ts';

/** What a person reads: a sentence with its remedy, no stack, nothing of the inside. */
function expectSentence({ stderr, stdout }: CliAnswer, sentence: RegExp, remedy: RegExp): void {
  expect(stderr).toMatch(sentence);
  expect(stderr).toMatch(remedy);
  expect(`${stderr}${stdout}`).not.toMatch(/\n\s+at |Error:|\[object|undefined|internal/);
}

/** Each way to fail but two, with a command that meets it. A run's failures are below; memory that runs out is in runs/life.long.test.ts. */
const provoked: Record<
  'bad-input' | 'not-found' | 'conflict' | 'unsupported' | 'corrupt' | 'io' | 'unavailable',
  { sentence: RegExp; remedy: RegExp; meet: (workspace: string, folder: string) => Promise<CliAnswer> }
> = {
  'bad-input': {
    sentence: /broken\.jsonl.*\b2\b/s,
    remedy: /--map|JSON|line/i,
    async meet(workspace, folder) {
      const file = path.join(folder, 'broken.jsonl');
      writeFileSync(file, '{"id":"a","prompt":"p","output":"o","correct":true}\n{"id": broken\n');
      return flipguard(workspace, 'import', 'eval', file, '--map', map, '--strict', '--name', 'broken');
    },
  },
  'not-found': {
    sentence: /no .*“nobody”/i,
    remedy: /list|import/i,
    meet: (workspace) => flipguard(workspace, 'compare', 'nobody', 'nobody'),
  },
  conflict: {
    sentence: /already .*“twice”/i,
    remedy: /name/i,
    async meet(workspace, folder) {
      const file = writeEvaluation(path.join(folder, 'twice.jsonl'), '10');
      await flipguard(workspace, 'import', 'eval', file, '--name', 'twice', '--map', map);
      return flipguard(workspace, 'import', 'eval', file, '--name', 'twice', '--map', map);
    },
  },
  unsupported: {
    sentence: /mixtral|mixture/i,
    remedy: /Supported are: llama/,
    async meet(workspace, folder) {
      const model = path.join(folder, 'experts');
      mkdirSync(model);
      const config = { model_type: 'mixtral', architectures: ['MixtralForCausalLM'], num_local_experts: 8 };
      writeFileSync(path.join(model, 'config.json'), JSON.stringify(config));
      writeFileSync(path.join(model, 'model.safetensors'), '');
      return flipguard(workspace, 'import', 'model', model);
    },
  },
  corrupt: {
    sentence: /damaged|malformed|not a database|corrupt/i,
    remedy: /backup|import/i,
    async meet(workspace, folder) {
      const file = writeEvaluation(path.join(folder, 'one.jsonl'), '10');
      await flipguard(workspace, 'import', 'eval', file, '--name', 'one', '--map', map);
      const database = openSync(path.join(workspace, databaseName), 'r+');
      writeSync(database, Buffer.alloc(100, 7), 0, 100, 0);
      closeSync(database);
      return flipguard(workspace, 'list', 'evaluations');
    },
  },
  io: {
    sentence: /report\.md/,
    remedy: /folder|write|space|permission/i,
    async meet(workspace, folder) {
      for (const name of ['old', 'new']) {
        const file = writeEvaluation(path.join(folder, `${name}.jsonl`), name === 'old' ? '1110' : '1000');
        await flipguard(workspace, 'import', 'eval', file, '--name', name, '--map', map);
      }
      // A file where a folder should be: nobody, root included, can write below it.
      const barred = path.join(folder, 'barred');
      writeFileSync(barred, '');
      chmodSync(barred, 0o400);
      return flipguard(workspace, 'report', 'old', 'new', '--format', 'md', '--out', path.join(barred, 'report.md'));
    },
  },
  unavailable: {
    sentence: /127\.0\.0\.1:9/,
    remedy: /HF_ENDPOINT|network|address/i,
    async meet(workspace, folder) {
      // Nobody listens at the port that discards.
      vi.stubEnv('HF_ENDPOINT', 'http://127.0.0.1:9');
      vi.stubEnv('HF_HUB_OFFLINE', '');
      vi.stubEnv('HF_HOME', path.join(folder, 'hub'));
      onTestFinished(() => void vi.unstubAllEnvs());
      return flipguard(workspace, 'import', 'model', 'nobody/nothing-here');
    },
  },
};
const map = 'id=id,prompt=prompt,output=output,correct=correct';

describe('every class of error is met as a sentence with its remedy', () => {
  test('there is a command, or a test named above, for each of them', () => {
    const elsewhere = ['out-of-memory', 'diverged', 'cancelled', 'internal'];
    expect([...Object.keys(provoked), ...elsewhere].sort()).toEqual([...errorCodes].sort());
  });

  test.each(Object.entries(provoked))('%s', async (code, { sentence, remedy, meet }) => {
    const folder = temporaryFolder();
    const answer = await meet(path.join(folder, 'workspace'), folder);
    expect(answer.status).toBe(['bad-input', 'not-found', 'conflict', 'unsupported'].includes(code) ? 2 : 3);
    expectSentence(answer, sentence, remedy);
  });
});

describe.skipIf(smallModel === null)(`a run that ends badly${withSmallModel}`, () => {
  async function prepared(changes: object) {
    const folder = temporaryFolder();
    const workspace = path.join(folder, 'workspace');
    const [rows, spec] = [path.join(folder, 'pairs.jsonl'), path.join(folder, 'run.json')];
    writeFileSync(rows, pairRows.map((row) => JSON.stringify(row)).join('\n'));
    writeFileSync(spec, JSON.stringify(tinySpec({ evaluate: { suites: [] }, ...changes })));
    await flipguard(workspace, 'import', 'model', smallModel ?? '', '--name', 'small');
    await flipguard(workspace, 'import', 'dataset', rows, '--name', 'pairs');
    return { workspace, spec };
  }

  test('diverged: names the step, and what would keep it from happening', async () => {
    const { workspace, spec } = await prepared({ optimizer: { learningRate: 1e30 } });
    const answer = await flipguard(workspace, 'train', spec);
    expect(answer.status).toBe(3);
    expectSentence(answer, /step \d+/, /learning ?rate/i);
  });

  test('cancelled: a run that is interrupted stops and can be resumed', async () => {
    const { workspace, spec } = await prepared({ steps: 400 });
    const child = startCli(workspace, ['train', spec]);
    let said = '';
    let interrupted = false;
    const listen = (text: string) => {
      said += text;
      if (interrupted || !/step 2\b|2\/400/.test(said)) return;
      interrupted = true;
      child.kill('SIGINT');
    };
    child.stdout?.setEncoding('utf8').on('data', listen);
    child.stderr?.setEncoding('utf8').on('data', listen);
    const [status] = (await once(child, 'close')) as [number | null];
    expect(status).not.toBe(0);
    expectSentence({ status, stdout: '', stderr: said }, /stopped/i, /resume/i);
  });
});

test('a file that is not there is told as one, though its path looks like a name of the Hub', async () => {
  const answer = await flipguard(temporaryFolder(), 'import', 'eval', 'results/new.jsonl', '--name', 'new');
  expect(answer).toMatchObject({ status: 2, stderr: expect.stringMatching(/no file or folder at .*new\.jsonl/) });
});
