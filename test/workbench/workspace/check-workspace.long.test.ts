import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import type { WorkspaceCheck } from '../../../src-main/workbench/workspace/check-workspace.ts';
import { quietTask } from '../../../src-main/workbench/supervision/task.ts';
import { documentOf, flipguard } from '../../helpers/cli.ts';
import {
  addTrainingMaterial,
  openTestWorkbench,
  smallModel,
  temporaryFolder,
  tinySpec,
  withSmallModel,
} from '../../helpers/workbench.ts';

test.skipIf(smallModel === null)(
  `The check finds nothing in a sound workspace, and each damage by its name and remedy.${withSmallModel}`,
  async () => {
    const folder = temporaryFolder();
    const run = await trainOnce(folder);
    const sound = await flipguard(folder, '--json', 'doctor', '--check');
    expect([sound.status, documentOf<WorkspaceCheck>(sound).findings]).toEqual([0, []]);

    const runPlace = path.join(folder, run.folder);
    flipBit(path.join(runPlace, 'checkpoints', '3', 'optimizer.safetensors'));
    rmSync(path.join(runPlace, 'checkpoints', '6'), { recursive: true });
    mkdirSync(path.join(runPlace, 'checkpoints', '9.abc.tmp'));
    cutLastLines(path.join(runPlace, 'events.ndjson'), 2);
    mkdirSync(path.join(folder, 'runs', 'empty'));
    mkdirSync(path.join(folder, 'runs', 'full'));
    writeFileSync(path.join(folder, 'runs', 'full', 'spec.json'), '{}');
    const unborn = path.join(folder, 'runs', randomUUID());
    mkdirSync(unborn);
    writeFileSync(path.join(unborn, 'spec.json'), '{}');
    withDatabase(folder, (db) => {
      db.prepare('DELETE FROM dataset_rows WHERE row_key = (SELECT max(row_key) FROM dataset_rows)').run();
    });

    const damaged = await flipguard(folder, '--json', 'doctor', '--check');
    const found = documentOf<WorkspaceCheck>(damaged).findings;
    expect([damaged.status, found.map(({ kind }) => kind).sort()]).toEqual([
      1,
      [
        'damaged-checkpoint',
        'events',
        'missing-checkpoint',
        'rows',
        'unknown-checkpoint',
        'unknown-folder',
        'unknown-folder',
        'unknown-folder',
      ],
    ]);
    expect(found.every(({ message, remedy }) => message.length > 0 && remedy.length > 0)).toBe(true);

    const repaired = await flipguard(folder, '--json', 'doctor', '--check', '--repair');
    const done = documentOf<WorkspaceCheck>(repaired).findings.filter((finding) => finding.repaired);
    expect([repaired.status, done.map(({ kind }) => kind).sort()]).toEqual([
      1,
      ['events', 'unknown-checkpoint', 'unknown-folder', 'unknown-folder'],
    ]);
    const after = await flipguard(folder, '--json', 'doctor', '--check');
    expect(
      documentOf<WorkspaceCheck>(after)
        .findings.map(({ kind }) => kind)
        .sort(),
    ).toEqual(['damaged-checkpoint', 'missing-checkpoint', 'rows', 'unknown-folder']);
    expect(readFileSync(path.join(folder, 'runs', 'full', 'spec.json'), 'utf8')).toBe('{}');
  },
);

test('A model whose folder is gone and a report whose file is gone are named.', async () => {
  const folder = temporaryFolder();
  await (await openTestWorkbench({ folder })).close();
  withDatabase(folder, (db) => {
    db.prepare(
      `INSERT INTO models (id, name, path, family, parameters, size_bytes, sha256, origin, created_at, state)
       VALUES ('model-0000000000000001', 'lost', 'models/lost', 'llama', 1, 1, 'aa', 'imported', 1, 'present')`,
    ).run();
  });
  const answer = await flipguard(folder, 'doctor', '--check');
  expect([answer.status, answer.stdout]).toEqual([
    1,
    expect.stringContaining(`! The folder of model “lost” is gone: ${path.join(folder, 'models', 'lost')}.`),
  ]);
});

async function trainOnce(folder: string): Promise<{ folder: string }> {
  const workbench = await openTestWorkbench({ folder });
  await addTrainingMaterial(workbench, smallModel ?? '');
  const run = await workbench.runs.launch({ spec: tinySpec({ checkpoint: { every: 3, keep: 'all' } }) });
  const ended = await workbench.runs.ended(run.id);
  expect(ended.status).toBe('finished');
  await workbench.close();
  return run;
}

function withDatabase(folder: string, change: (db: Database.Database) => void): void {
  const db = new Database(path.join(folder, 'workspace.sqlite'));
  try {
    change(db);
  } finally {
    db.close();
  }
}

function flipBit(file: string): void {
  const bytes = readFileSync(file);
  const at = bytes.length - 5;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(file, bytes);
}

function cutLastLines(file: string, count: number): void {
  const text = readFileSync(file, 'utf8');
  const kept = text.trimEnd().split('\n').slice(0, -count).join('\n');
  truncateSync(file, Buffer.byteLength(`${kept}\n`));
}

test('changed rows are told by their digest, and what is in the folders without a record is named', async () => {
  const folder = path.join(temporaryFolder(), 'workspace');
  const workbench = await openTestWorkbench({ folder });
  await workbench.imports.addDataset('pairs', [
    { kind: 'preference', id: '1', prompt: 'a \ud83d', chosen: 'b', rejected: 'c' },
  ]);
  await workbench.imports.addSuite('words', { kind: 'words' }, [{ kind: 'words', id: 'x', text: 'Once upon a time' }]);
  async function* bytes() {
    yield await Promise.resolve(Buffer.from('x'));
  }
  await workbench.files.receiveUpload('listed.jsonl', bytes());
  expect((await workbench.checkWorkspace({ repair: false }, quietTask())).findings).toEqual([]);
  const { layout } = workbench.core;
  mkdirSync(path.join(layout.models, 'left'));
  writeFileSync(path.join(layout.models, 'left', 'weights.bin'), 'x');
  mkdirSync(path.join(layout.reports, 'empty'));
  writeFileSync(path.join(layout.uploads, 'mine.txt'), 'x');
  withDatabase(folder, (db) => {
    db.exec(`UPDATE dataset_rows SET body = replace(body, '"b"', '"B"')`);
    db.exec(`UPDATE suite_items SET body = replace(body, 'time', 'tame')`);
  });
  const { findings } = await workbench.checkWorkspace({ repair: true }, quietTask());
  expect(findings.map(({ kind, repaired, message }) => [kind, repaired, message.replace(layout.root, '')])).toEqual([
    ['rows', false, 'The rows of the dataset “pairs” are not those that were recorded: their sha256 does not match.'],
    ['rows', false, 'The rows of the suite “words” are not those that were recorded: their sha256 does not match.'],
    ['unknown-folder', false, '/models/left belongs to no model of this workspace.'],
    ['unknown-folder', true, '/reports/empty belongs to no report of this workspace.'],
    ['unknown-folder', false, '/uploads/mine.txt is not on the list of what the workbench made.'],
  ]);
});
