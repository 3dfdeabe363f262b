import type { Field } from './spec-form.ts';

/** What most runs need: the rest of the form waits behind “Advanced”. A variant keeps its choice whatever it is. */
const basic = new Set([
  'name',
  'model',
  'steps',
  'dataset.train',
  'dataset.heldOut',
  'algorithm.kind',
  'algorithm.beta',
  'algorithm.reward.kind',
  'algorithm.reward.model',
  'guard.kind',
  'guard.target',
  'guard.weight',
  'guard.guardSet',
  'guard.suite',
  'guard.tokens',
  'optimizer.learningRate',
  'batch.size',
  'evaluate.suites',
  'evaluate.every',
  'limits.alerts',
]);

/** The fields of the short form, and those that `keep` says are needed: such as one with a fault. */
export function basicFields(fields: readonly Field[], keep: (path: string) => boolean): Field[] {
  return fields.flatMap((field): Field[] => {
    const path = field.path.join('.');
    const isKept = basic.has(path) || keep(path);
    switch (field.kind) {
      case 'group': {
        const own = basicFields(field.fields, keep);
        return own.length > 0 ? [{ ...field, fields: own }] : [];
      }
      case 'variant': {
        const variants = field.variants.map((one) => ({ ...one, fields: basicFields(one.fields, keep) }));
        const shown = isKept || basic.has(`${path}.kind`) || variants.some((one) => one.fields.length > 0);
        return shown ? [{ ...field, variants }] : [];
      }
      default:
        return isKept ? [field] : [];
    }
  });
}
