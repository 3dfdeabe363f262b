// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia';
import { z } from 'zod';
import { effectScope, nextTick } from 'vue';
import { beforeEach, describe, expect, it } from 'vitest';
import { runSpecSchema } from '../../src-main/shared/domain/run-spec.ts';
import { connect } from '../../src-renderer/api/client.ts';
import { fieldsOf, readList, readScalar } from '../../src-renderer/format/spec-form.ts';
import type { Field, JsonSchema } from '../../src-renderer/format/spec-form.ts';
import { methodLabel, methodOf } from '../../src-main/shared/presentation/methods.ts';
import { presets } from '../../src-renderer/format/spec-presets.ts';
import { useSpecEditor } from '../../src-renderer/stores/spec-editor.ts';
import { parse } from 'yaml';
import { FakeBridge } from './fake-bridge.ts';

const schema = z.toJSONSchema(runSpecSchema, { io: 'input' }) as JsonSchema;
const fields = fieldsOf(schema);

function find(list: Field[], path: string): Field | undefined {
  for (const field of list) {
    if (field.path.join('.') === path) return field;
    const children =
      field.kind === 'group' || field.kind === 'optional'
        ? field.fields
        : field.kind === 'variant'
          ? field.variants.flatMap((variant) => variant.fields)
          : [];
    const found = find(children, path);
    if (found !== undefined) return found;
  }
  return undefined;
}

describe('the form of a run spec', () => {
  it('has a field for everything in the schema', () => {
    const kinds = ['name', 'dataset', 'algorithm', 'guard.kind', 'guard.learnedWeight', 'optimizer.maxGradNorm'];
    expect(kinds.map((path) => find(fields, path)?.kind)).toEqual([
      'text',
      'group',
      'variant',
      'select',
      'optional',
      'number',
    ]);
    expect(find(fields, 'checkpoint.keep')?.kind).toBe('text');
    expect(find(fields, 'tuning.targets')?.kind).toBe('list');
    expect(find(fields, 'batch.shuffle')?.kind).toBe('toggle');
  });
  it('knows limits, defaults and what is required', () => {
    expect(find(fields, 'optimizer.epsilon')).toMatchObject({ fallback: 1e-8, min: 0, integer: false });
    expect(find(fields, 'algorithm.epochs')).toMatchObject({ integer: true, max: null });
    expect(find(fields, 'name')?.required).toBe(true);
    expect(find(fields, 'seed')?.required).toBe(false);
  });
  it('offers every algorithm', () => {
    const algorithm = find(fields, 'algorithm');
    expect(algorithm?.kind === 'variant' && algorithm.variants.map(({ value }) => value)).toEqual([
      'sft',
      'reward',
      'dpo',
      'kto',
      'orpo',
      'simpo',
      'ppo',
      'online-dpo',
      'rloo',
      'grpo',
    ]);
  });
  it('has presets that the schema takes, each named as the method that it is', () => {
    for (const { name, yaml } of presets) {
      const method = methodLabel(methodOf(runSpecSchema.parse(parse(yaml('m: x', 'd')))));
      expect(name.split(', ')[0]).toBe(method);
    }
  });
});

describe('typed values', () => {
  it('are numbers where they look like numbers', () => {
    expect(['all', '3', '2e-5', ' -1.5 ', '', '1.2.3'].map(readScalar)).toEqual([
      'all',
      3,
      2e-5,
      -1.5,
      undefined,
      '1.2.3',
    ]);
    expect(readList('0.5, 1,, q_proj ')).toEqual([0.5, 1, 'q_proj']);
  });
});

describe('form and YAML', () => {
  beforeEach(() => {
    setActivePinia(createPinia());
    connect(
      new FakeBridge({
        'runs.check': () => ({ ok: true, issues: [], warnings: [], yaml: '', difference: null, estimate: null }),
      }),
    );
  });
  function edit(text: string) {
    const editor = effectScope().run(() => useSpecEditor(text, () => undefined));
    if (editor === undefined) throw new Error('the scope is active');
    return editor;
  }

  it('are kept in step, and comments stay', () => {
    const editor = edit('name: a # mine\nguard: {kind: none}\n');
    editor.set(['guard', 'kind'], 'flipguard');
    editor.set(['optimizer', 'learningRate'], 2e-4);
    expect(editor.yaml.value).toBe('name: a # mine\nguard: { kind: flipguard }\noptimizer:\n  learningRate: 0.0002\n');
  });
  it('read what was typed as YAML', async () => {
    const editor = edit('name: a\n');
    editor.yaml.value = 'name: a\nguard:\n  weight: 3\n';
    await nextTick();
    expect(editor.value(['guard', 'weight'])).toBe(3);
  });
  it('read merge keys, and write next to what is merged in or is elsewhere', () => {
    const editor = edit('batch: &b {size: 4, maxLength: 64}\nmemory: *b\n<<: {guard: {kind: flipguard, weight: 3}}\n');
    expect(editor.value(['guard', 'weight'])).toBe(3);
    editor.set(['guard', 'weight'], 5);
    editor.set(['memory', 'size'], 8);
    expect(editor.value(['guard'])).toEqual({ kind: 'flipguard', weight: 5 });
    expect(editor.value(['memory'])).toEqual({ size: 8, maxLength: 64 });
    expect(editor.value(['batch', 'size'])).toBe(4);
  });
  it('take a key away for its default', () => {
    const editor = edit('name: a\nseed: 3\n');
    editor.set(['seed'], undefined);
    expect(editor.yaml.value).toBe('name: a\n');
  });
  it('rest on the last good spec while the YAML is broken, and name the line', async () => {
    const editor = edit('name: a\nseed: 3\n');
    editor.yaml.value = 'name: a\nguard: {kind: \nseed: 4\n';
    await nextTick();
    expect(editor.value(['seed'])).toBe(3);
    expect(editor.syntaxIssues.value[0]?.line).toBeGreaterThanOrEqual(2);
    editor.set(['seed'], 9);
    expect(editor.yaml.value).toContain('seed: 4');
    expect(editor.ok.value).toBe(false);
  });
  it('take changes back', () => {
    const editor = edit('name: a\n');
    editor.set(['seed'], 1);
    editor.set(['seed'], 2);
    editor.undo();
    expect(editor.value(['seed'])).toBe(1);
  });
});
