import { z } from 'zod';
import { expect, it } from 'vitest';
import { runSpecSchema } from '../../src-main/shared/domain/run-spec.ts';
import { completeSpec } from '../../src-renderer/format/spec-completion.ts';
import { fieldsOf } from '../../src-renderer/format/spec-form.ts';
import type { JsonSchema } from '../../src-renderer/format/spec-form.ts';

const fields = fieldsOf(z.toJSONSchema(runSpecSchema, { io: 'input' }) as JsonSchema);
const names = { model: ['small', 'base: old'], 'evaluate.suites': ['words', 'held-out-pairs'] };
/** What is offered at the `|`: the labels, and the text that the named one leaves behind. */
function at(marked: string) {
  const offset = marked.indexOf('|');
  const text = marked.replace('|', '');
  const found = completeSpec(text, offset, fields, names);
  return {
    labels: found?.options.map(({ label }) => label) ?? null,
    with(label: string) {
      const { apply = '' } = found?.options.find((one) => one.label === label) ?? {};
      return `${text.slice(0, found?.from)}${apply}${text.slice(offset)}`;
    },
  };
}

it('offers the keys of a map that are not there yet, however it is written', () => {
  const top = at('name: a\nmodel: small\n|').labels;
  expect(top).toEqual(expect.arrayContaining(['algorithm', 'dataset', 'guard', 'steps']));
  expect(top).not.toContain('model');
  const guard = at('guard:\n  kind: flipguard\n  weight: 1\n  |').labels;
  expect(guard).toEqual(expect.arrayContaining(['epsilon']));
  expect(guard).not.toContain('weight');
  expect(at('guard: {kind: flipguard, weight: 1, |}').labels).toEqual(guard);
  // What a line is below is told by its indentation, past comments, empty lines and deeper ones.
  expect(at('guard:\n  # strong\n  kind: flipguard\n\n  weight: 1\n  |\nsteps: 3').labels).toEqual(guard);
});

it('offers the shapes of a choice, what a field can be, and the names of what there is', () => {
  expect(at('guard: {kind: |}').labels).toEqual(expect.arrayContaining(['none', 'flipguard', 'flip-hinge']));
  expect(at('guard:\n  kind: fli|').with('flipguard')).toBe('guard:\n  kind: flipguard');
  expect(at('model: |').labels).toEqual(['small', 'base: old']);
  expect(at('model: |').with('base: old')).toBe('model: "base: old"');
  expect(at('evaluate:\n  suites:\n    - |').labels).toEqual(['words', 'held-out-pairs']);
  expect(at('evaluate:\n  suites:\n  - wor|').with('words')).toBe('evaluate:\n  suites:\n  - words');
  expect(at('evaluate: {suites: [words, |]}').labels).toEqual(['words', 'held-out-pairs']);
});

it('writes a key with what follows it', () => {
  expect(at('ste|').with('steps')).toBe('steps: ');
  expect(at('gua|').with('guard')).toBe('guard:\n  ');
});

it('offers nothing in comments, in quotes, below what is no map, and where the schema knows nothing', () => {
  for (const marked of ['# mo|', 'name: "mo|', 'steps:\n  |', 'nowhere:\n  |', 'guard: {kind: flipguard, name: |}'])
    expect(at(marked).labels, marked).toBeNull();
});
