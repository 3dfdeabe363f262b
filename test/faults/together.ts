import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { quietTask } from '../../src-main/workbench/supervision/task.ts';
import type { Material } from './journeys.ts';
import type { Trial } from './kills.ts';
import { startProgram, untilGone } from './program.ts';
import type { Program } from './program.ts';
import { lastLine } from './recovery.ts';
import { opened } from './reference.ts';

/** Eight commands and two servers on one workspace at once: each does its work, nothing is there twice or half. */
export async function tryTogether(material: Material): Promise<Trial> {
  const folder = mkdtempSync(path.join(material.folder, 'together-'));
  const workspace = material.workspace(folder);
  const start = (args: readonly string[]): Program => startProgram(['--workspace', workspace, ...args]);
  const servers = [start(['serve', '--port', '0']), start(['serve', '--port', '0'])];
  const imported = [0, 1, 2].map((i) =>
    material.args('import', folder).map((word) => (word === 'third' ? `third ${i}` : word)),
  );
  const commands = [
    ...imported,
    material.args('compare', folder),
    material.args('compare', folder),
    material.args('train', folder),
    material.args('train', folder),
    material.args('evaluate', folder),
  ];
  const losses: string[] = [];
  for (const [i, ended] of (await Promise.all(commands.map((args) => start(args).ended))).entries()) {
    if (ended.status !== 0)
      losses.push(
        `“${commands[i]?.slice(0, 2).join(' ')}” ended with ${ended.status ?? ended.signal}: ${lastLine(ended.stderr)}`,
      );
  }
  for (const server of servers) {
    process.kill(server.pid, 'SIGTERM');
    const { status, signal, stderr, hung } = await server.ended;
    if (hung || signal !== null || (status ?? 9) > 3)
      losses.push(`a server ended with ${status ?? signal}: ${lastLine(stderr)}`);
    const left = await untilGone(server.pid);
    if (left !== null) losses.push(left);
  }
  losses.push(
    ...(await opened(workspace, async (workbench) => {
      const { findings } = await workbench.checkWorkspace({ repair: false }, quietTask());
      const evaluations = await workbench.evaluations.list({});
      const held = {
        runs: (await workbench.runs.list()).map(({ status }) => status),
        imported: evaluations.filter(({ name }) => name.startsWith('third')).map(({ samples }) => samples),
        evaluated: evaluations.filter(({ name }) => name.startsWith('small')).length,
        comparisons: (await workbench.comparisons.list()).length,
      };
      const expected = { runs: ['finished', 'finished'], imported: [3000, 3000, 3000], evaluated: 1, comparisons: 2 };
      const faults = findings.map(({ kind, message }) => `${kind}: ${message}`);
      if (JSON.stringify(held) !== JSON.stringify(expected)) faults.push(`it holds ${JSON.stringify(held)}`);
      return faults;
    })),
  );
  rmSync(folder, { recursive: true, force: true });
  return { what: 'eight programs and two servers at once', losses };
}
