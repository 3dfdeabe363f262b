import { expect, test } from 'vitest';
import { importVerdicts, openTestWorkbench } from '../../helpers/workbench.ts';
import { quietTask } from '../../../src-main/workbench/supervision/task.ts';

const verdicts = { old: '1100', now: '1001', later: '0000' };

test('names, notes, tags and the archive belong to anything that has a name', async () => {
  const { things, evaluations } = await withEvaluations();
  const { kind, id } = await things.find('old');
  await things.rename(kind, id, 'before');
  await things.mark(kind, id, { note: 'read twice' });
  await things.mark(kind, id, { tags: ['paper'] });
  await things.mark(kind, id, { archived: true });
  expect(await things.marks()).toEqual([{ kind, id, note: 'read twice', tags: ['paper'], archived: true }]);
  expect((await evaluations.list()).map(({ name }) => name).sort()).toEqual(['before', 'later', 'now']);
  await expect(things.rename(kind, id, 'now')).rejects.toMatchObject({ code: 'conflict', place: { field: 'name' } });
  await expect(things.find('old')).rejects.toMatchObject({ code: 'not-found' });
});

test('a comparison takes a name, and is told by its sides until then', async () => {
  const { things, comparisons, core } = await withEvaluations();
  const [left, right] = await Promise.all([things.find('old'), things.find('now')]);
  const { id } = await comparisons.ready(left.id, right.id, undefined, quietTask());
  expect(await things.find('old → now')).toEqual({ kind: 'comparison', id, name: 'old → now' });
  await things.rename('comparison', id, 'the update of May');
  expect((await core.store.getComparison(id))?.name).toBe('the update of May');
});

test('deleting counts what hangs on a thing and takes it along, annotations too', async () => {
  const { things, comparisons, evaluations, core } = await withEvaluations();
  const [left, right] = await Promise.all([things.find('old'), things.find('now')]);
  const comparison = await comparisons.ready(left.id, right.id, undefined, quietTask());
  const { sampleKeys } = await core.store.flipVectors(comparison.id, {});
  await core.store.annotate(comparison.id, [...sampleKeys].slice(0, 2), { label: 1 });
  expect(await things.dependants('evaluation', left.id)).toEqual({
    deleted: [
      { what: 'comparison', count: 1 },
      { what: 'judged sample', count: 2 },
    ],
    kept: [],
  });
  await things.mark('evaluation', left.id, { note: 'gone with it' });
  await things.delete('evaluation', left.id);
  expect((await evaluations.list()).map(({ name }) => name).sort()).toEqual(['later', 'now']);
  expect(await comparisons.list()).toEqual([]);
  expect(await things.marks()).toEqual([]);
});

test('what is deleted later can be kept, and is deleted when the workbench closes', async () => {
  const workbench = await withEvaluations();
  const { things, evaluations } = workbench;
  const [old, now] = await Promise.all([things.find('old'), things.find('now')]);
  const { token } = await things.deleteLater(old.kind, old.id);
  await things.deleteLater(now.kind, now.id);
  await things.keep(token);
  await expect(things.keep(token)).rejects.toMatchObject({ code: 'not-found' });
  await things.close();
  expect((await evaluations.list()).map(({ name }) => name).sort()).toEqual(['later', 'old']);
});

test('a name that several kinds have asks for the kind', async () => {
  const { things, imports } = await withEvaluations();
  await imports.addDataset('old', [{ kind: 'preference', id: 'a', prompt: 'p', chosen: 'c', rejected: 'r' }]);
  await expect(things.find('old')).rejects.toMatchObject({
    code: 'bad-input',
    remedy: expect.stringMatching(/--kind/),
  });
  expect((await things.find('old', 'dataset')).kind).toBe('dataset');
});

async function withEvaluations() {
  const workbench = await openTestWorkbench();
  await importVerdicts(workbench, verdicts);
  return workbench;
}
