import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { afterAll, expect, it } from 'vitest';
import { runCli } from '../../src-main/shells/cli/run-cli.ts';
import { createTerminal } from '../../src-main/shells/cli/terminal.ts';

const folder = mkdtempSync(join(tmpdir(), 'flipguard-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const failing = (code: string): Writable =>
  new Writable({
    highWaterMark: 1,
    decodeStrings: false,
    write: (_chunk, _encoding, done) => done(Object.assign(new Error(`${code}: it failed`), { code })),
  });

function gathering(): Writable & { text: string } {
  const stream: Writable & { text: string } = Object.assign(
    new Writable({
      decodeStrings: false,
      write(chunk: string, _encoding, done) {
        stream.text += chunk;
        done();
      },
    }),
    { text: '' },
  );
  return stream;
}

it.each([
  ['EPIPE', 0, ''],
  ['ENOSPC', 3, 'The answer could not be written: ENOSPC'],
])('ends a command whose answer meets %s with status %i, and calls it no defect', async (code, status, said) => {
  const stderr = gathering();
  const streams = { env: {}, stdin: Readable.from(['']), stdout: failing(code), stderr };
  expect(await runCli(['--workspace', join(folder, code), 'list', 'models'], streams)).toBe(status);
  expect(stderr.text).toContain(said);
  expect(stderr.text).not.toContain('defect');
});

it('goes on without a reader of either stream, and waits for none', async () => {
  const streams = { env: {}, stdin: Readable.from(['']), stdout: failing('EPIPE'), stderr: failing('EPIPE') };
  const terminal = createTerminal(streams, true);
  for (let n = 0; n < 3; n += 1) await terminal.line({ n });
  terminal.note('said to nobody');
  terminal.progress('working', 0.5);
  await new Promise((resolve) => setImmediate(resolve));
  await terminal.line({ n: 3 });
  expect(terminal.lost()).toBeNull();
});
