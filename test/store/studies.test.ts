import { expect, test } from 'vitest';
import { WorkbenchError } from '../../src-main/shared/domain/errors.ts';
import type { FrozenStudy } from '../../src-main/shared/domain/studies.ts';
import { temporaryFolder } from '../helpers/workbench.ts';
import { testStore } from './workspace.ts';

const frozen: FrozenStudy = {
  at: '2026-01-02T03:04:05.000Z',
  hash: 'a'.repeat(64),
  settings: {
    models: [],
    seeds: [1],
    fractions: [],
    reference: 'DPO',
    methods: [],
    test: { flips: [], sampledReward: { name: 's', sha256: 'x' }, greedyReward: null },
    datasets: [],
  },
  candidates: [],
  seenBefore: 0,
};

test('a study is opened by its name, frozen once, and keeps which thing is which of its points, also closed and opened', async () => {
  const folder = temporaryFolder();
  const store = await testStore(folder);
  const study = await store.openStudy('gentle');
  expect(await store.openStudy('gentle')).toEqual(study);
  await store.freezeStudy(study.id, frozen);
  await expect(store.freezeStudy(study.id, { ...frozen, hash: 'b' })).rejects.toThrow(/frozen already/);
  await store.setStudyPoint(study.id, 'a', 'run-1');
  await store.setStudyPoint(study.id, 'b', 'evaluation-1');
  await store.setStudyPoint(study.id, 'a', 'run-2');
  await expect(store.setStudyPoint('none', 'a', 'run-2')).rejects.toThrow(WorkbenchError);
  await store.close();
  const again = await testStore(folder);
  expect(await again.listStudies()).toEqual([{ ...study, frozen }]);
  expect(await again.getStudy(study.id)).toEqual({ ...study, frozen });
  expect(await again.studyPoints(study.id)).toEqual({ a: 'run-2', b: 'evaluation-1' });
});
