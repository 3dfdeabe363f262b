import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { Disk } from './disk.ts';
import type { Cut } from './disk.ts';
import type { Trial } from './kills.ts';
import type { Material } from './journeys.ts';
import { recover } from './recovery.ts';
import type { Reference } from './reference.ts';

/** A state that a power cut leaves, by the last operation before it. */
export interface Outage {
  after: number;
  how: Cut;
}

/** Every state that a power cut at some point of a journey leaves, once. */
export function outagesOf(material: Material, { operations }: Reference): Outage[] {
  const disk = Disk.of(material.template);
  const seen = new Set<string>();
  const outages: Outage[] = [];
  let commit = '';
  for (const [i, operation] of operations.entries()) {
    disk.do(operation);
    if (operation.op === 'commit') commit = operation.to;
    // Writes alone change nothing of what is on disk.
    if (operation.op === 'write' || operation.op === 'truncate') continue;
    for (const how of ['names', 'strict'] as const) {
      const state = createHash('sha256')
        .update(`${commit}\n${disk.cut(how, null)}`)
        .digest('hex');
      if (seen.has(state)) continue;
      seen.add(state);
      outages.push({ after: i + 1, how });
    }
  }
  return outages;
}

/** The power fails at that point: what was not flushed is gone. Then the workspace is opened and the journey continues. */
export async function tryPowerCut(
  material: Material,
  { journey, operations, content }: Reference,
  { after, how }: Outage,
): Promise<Trial> {
  const folder = mkdtempSync(path.join(material.folder, 'power-cut-'));
  const workspace = path.join(folder, 'workspace');
  const done = operations.slice(0, after);
  const disk = Disk.of(material.template);
  for (const operation of done) disk.do(operation);
  disk.cut(how, workspace);
  const commit = done.findLast((operation) => operation.op === 'commit');
  const store = commit?.op === 'commit' ? commit.to : path.join(material.template, 'workspace.sqlite');
  for (const ending of ['', '-wal']) {
    if (existsSync(store + ending)) copyFileSync(store + ending, path.join(workspace, `workspace.sqlite${ending}`));
  }
  const losses = await recover(material, journey, workspace, content);
  rmSync(folder, { recursive: true, force: true });
  const last = done.at(-1);
  return { what: `${journey}: power cut (${how}) after operation ${after}, ${last?.op} ${last?.path}`, losses };
}
