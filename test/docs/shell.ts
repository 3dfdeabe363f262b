import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const checkout = resolve(import.meta.dirname, '../..');

/** A shell in which `npx flipguard` is this checkout's program, with a workspace and a home of its own. */
export class Shell {
  readonly folder: string;
  readonly #env: NodeJS.ProcessEnv;

  constructor(folder: string, tools: string) {
    this.folder = folder;
    const npx = join(tools, 'npx');
    mkdirSync(tools, { recursive: true });
    writeFileSync(npx, npxScript());
    chmodSync(npx, 0o755);
    this.#env = {
      ...process.env,
      PATH: [tools, dirname(process.execPath), process.env.PATH].join(':'),
      FLIPGUARD_HOME: join(folder, 'workspace'),
      XDG_CONFIG_HOME: join(folder, 'config'),
      // Nothing is fetched: what the machine has is what the commands run on.
      FLIPGUARD_SETUP: 'off',
      NODE_COMPILE_CACHE: join(tools, 'compile-cache'),
    };
    // The tests' own settings of Node are not the commands'.
    delete this.#env.NODE_OPTIONS;
  }

  /** Runs a script; the first command that fails ends it. Answers the status and what it said. */
  run(script: string): Promise<{ status: number | null; output: string }> {
    const child = spawn('bash', ['-e', '-o', 'pipefail', '-c', script], { cwd: this.folder, env: this.#env });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    }
    return new Promise((done, failed) => {
      child.on('error', failed);
      child.on('close', (status) => done({ status, output }));
    });
  }
}

/** The program by its launcher, as npx would start it; other packages are nobody's business here. */
function npxScript(): string {
  const launcher = join(checkout, 'build', 'flipguard.mjs');
  return `#!/bin/sh
[ "$1" = flipguard ] || { echo "npx $1 is not run by tests" >&2; exit 97; }
shift
exec '${process.execPath}' '${launcher}' "$@"
`;
}
