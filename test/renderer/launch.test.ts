import { describe, expect, it } from 'vitest';
import type { DatasetRecord, ModelRecord } from '../../src-main/shared/domain/entities.ts';
import { idOf } from '../../src-main/shared/domain/ids.ts';
import { runSpecSchema } from '../../src-main/shared/domain/run-spec.ts';
import { usualValue, withoutUsual } from '../../src-main/shared/domain/spec-defaults.ts';
import { modelStateText } from '../../src-main/shared/presentation/model-states.ts';
import { weightsChoices } from '../../src-renderer/components/models/weights-choice.ts';
import { launchDefaults } from '../../src-renderer/format/launch-defaults.ts';
import { offeredModels } from '../../src-renderer/format/offered-models.ts';
import { isRounding } from '../../src-renderer/format/matrix.ts';
import { matters } from '../../src-renderer/format/spec-form.ts';
import { runRecord } from './samples.ts';

const model = (name: string, origin: ModelRecord['origin'], createdAt: number): ModelRecord => ({
  id: idOf('model', name),
  name,
  path: '',
  family: 'llama',
  parameters: 1,
  sizeBytes: 1,
  sha256: '',
  origin,
  createdAt,
  state: 'present',
});
const dataset = (name: string, kind: DatasetRecord['kind'], createdAt: number): DatasetRecord => ({
  id: idOf('dataset', name),
  name,
  kind,
  rows: 1,
  sha256: '',
  importId: null,
  createdAt,
  statistics: {},
});
const models = [model('mixed', 'interpolated', 3), model('other', 'imported', 2), model('base', 'demo', 1)];
const datasets = [dataset('texts', 'completion', 1), dataset('pairs', 'preference', 2)];

describe('what a new run starts from', () => {
  it('is the model that came first and preferences, not what was mixed last', () => {
    expect(launchDefaults(models, datasets, [])).toEqual({ model: 'base', dataset: 'pairs' });
  });
  it('is what the newest run had, as long as that is here', () => {
    const run = runRecord();
    const spec = { ...run.spec, model: 'other', dataset: { ...run.spec.dataset, train: 'pairs' } };
    const gone = { ...run, createdAt: 9, spec: { ...spec, model: 'removed' } };
    const runs = [gone, { ...run, createdAt: 8, spec }];
    expect(launchDefaults(models, datasets, runs)).toEqual({ model: 'other', dataset: 'pairs' });
  });
});

describe('a model whose weights are gone', () => {
  it('is offered nowhere, nor is an adapter on it, and says whether they were removed or lost', () => {
    const base = model('base', 'demo', 1);
    const gone: ModelRecord = { ...model('gone', 'imported', 2), state: 'missing' };
    const removed: ModelRecord = { ...model('between', 'interpolated', 3), state: 'missing' };
    const on = (under: ModelRecord): ModelRecord => ({ ...model(`on-${under.name}`, 'imported', 4), baseId: under.id });
    const all = [removed, on(gone), gone, on(base), base];
    expect([
      offeredModels(all).map(({ name }) => name),
      weightsChoices(all, new Map(), []).map(({ label }) => label),
      all.map(modelStateText),
      launchDefaults([removed, gone], datasets, []).model,
    ]).toEqual([
      ['on-base', 'base'],
      ['on-base', 'base'],
      ['weights removed', 'present', 'missing', 'present', 'present'],
      '',
    ]);
  });
});

describe('the guard’s form', () => {
  it('shows what does something under the guard chosen, and what was given', () => {
    const shown = (guard: object) =>
      ['guardSet', 'epsilon', 'weight', 'randomRate'].filter((key) => matters(['guard', key], { guard }));
    expect(shown({})).toEqual([]);
    expect(shown({ kind: 'flipguard' })).toEqual(['epsilon', 'weight']);
    expect(shown({ kind: 'flipguard', target: 'guard-set' })).toEqual(['guardSet', 'epsilon', 'weight']);
    expect(shown({ kind: 'ungated' })).toEqual(['weight']);
    expect(shown({ kind: 'ungated', divergence: 'fall' })).toEqual(['epsilon', 'weight']);
    expect(shown({ kind: 'ungated', learnedWeight: { of: 'fall' } })).toEqual(['epsilon', 'weight']);
    expect(shown({ kind: 'random', epsilon: 1 })).toEqual(['epsilon', 'weight', 'randomRate']);
    const hinge = ['suite', 'tokens', 'margin', 'weight', 'target', 'gate', 'randomRate'];
    expect(hinge.filter((key) => matters(['guard', key], { guard: { kind: 'flip-hinge' } }))).toEqual(
      hinge.slice(0, 4),
    );
  });
  it('shows the default that the rest of the spec makes', () => {
    const usual = (spec: object) => ['guard.weight', 'optimizer.learningRate'].map((path) => usualValue(path, spec));
    const [lora, hinge] = [{ tuning: { kind: 'lora' } }, { guard: { kind: 'flip-hinge' } }];
    expect([
      usual({}),
      usual({ algorithm: { kind: 'dpo' }, ...hinge }),
      usual({ algorithm: { kind: 'rloo' } }),
      usual({ algorithm: { kind: 'online-dpo' }, ...lora }),
    ]).toEqual([
      [1, undefined],
      [0.05, 2e-5],
      [1, 6e-6],
      [1, 1e-4],
    ]);
  });
  it('relaunches with the defaults of the new kind, and keeps what was chosen', () => {
    const spec = { name: 'n', model: 'm', dataset: { train: 'd' }, algorithm: { kind: 'dpo' }, steps: 1 } as const;
    const again = (changed: object, from: object) =>
      runSpecSchema.parse({ ...withoutUsual(runSpecSchema.parse({ ...spec, ...from })), ...changed });
    const rloo = {
      algorithm: { kind: 'rloo', reward: { kind: 'lexicon' } },
      guard: { kind: 'flip-hinge', suite: 's' },
    };
    const [usual, chosen] = [again(rloo, {}), again(rloo, { optimizer: { learningRate: 3e-5 } })];
    expect([usual.optimizer.learningRate, usual.guard.weight, chosen.optimizer.learningRate]).toEqual([
      6e-6, 0.05, 3e-5,
    ]);
  });
});

describe('a matrix', () => {
  it('tells rounding from a value', () => {
    const rows = [-4.55e-8, 1.2, 0].map((value) => ({ cells: { margin: value } }));
    const matrix = { columns: [], rows } as unknown as Parameters<typeof isRounding>[0];
    expect([-4.55e-8, 1.2, 0, 1e-5].map((value) => isRounding(matrix, 'margin', value))).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });
});
