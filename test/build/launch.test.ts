import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'flipguard-launch-'));
});
afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
});

function script(name: string, source: string) {
  const file = path.join(dir, name);
  writeFileSync(file, source);
  return file;
}

describe('starting a script under the right Node', () => {
  it('runs TypeScript, passes arguments and streams, and returns the exit status', () => {
    const file = script(
      'a.ts',
      "const n: number = 7; process.stdin.pipe(process.stdout); console.error(process.argv.slice(2).join('|')); process.exitCode = n;",
    );
    const ran = spawnSync(process.execPath, ['build/node24.mjs', file, 'x y', '--json'], {
      input: 'through',
      encoding: 'utf8',
    });
    expect(ran).toMatchObject({ status: 7, stdout: 'through', stderr: 'x y|--json\n' });
  });

  it.skipIf(process.platform === 'win32')(
    'passes an interrupt on and waits for the script to finish its step',
    async () => {
      const file = script(
        'b.ts',
        "process.on('SIGINT', () => { console.log('stopped after the step'); process.exit(5); }); setInterval(() => {}, 1000); console.log('ready');",
      );
      const child = spawn(process.execPath, ['build/node24.mjs', file], { stdio: ['ignore', 'pipe', 'inherit'] });
      let out = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        out += text;
        if (text.includes('ready')) child.kill('SIGINT');
      });
      const status = await new Promise((resolve) => child.on('close', resolve));
      expect({ status, out }).toEqual({ status: 5, out: 'ready\nstopped after the step\n' });
    },
  );

  it.skipIf(process.platform === 'win32')('reports a crash as a shell would', () => {
    const file = script('c.ts', "process.kill(process.pid, 'SIGKILL');");
    expect(spawnSync(process.execPath, ['build/node24.mjs', file]).status).toBe(137);
  });
});
