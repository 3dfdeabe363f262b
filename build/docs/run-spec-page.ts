import { stringify } from 'yaml';
import { guardedAlgorithms } from '../../src-main/shared/domain/algorithms.ts';
import { runSpecSchema } from '../../src-main/shared/domain/run-spec.ts';
import { runSpecJsonSchema } from '../../src-main/workbench/runs/spec-schema.ts';
import { studyFileSchema } from '../../src-main/shared/domain/studies.ts';
import { mergeFileSchema } from '../../src-main/shared/domain/merging.ts';
import { mergeJsonSchema } from '../../src-main/workbench/merging/recipe-text.ts';
import { studyJsonSchema } from '../../src-main/workbench/studies/study-text.ts';
import { accepts } from './json-schema.ts';
import type { JsonSchema } from './json-schema.ts';
import { code, page, table } from './markdown.ts';

/** Written by a person; everything else is filled in. */
const least = {
  name: 'dpo',
  model: 'base',
  dataset: { train: 'pairs' },
  algorithm: { kind: 'dpo' },
  steps: 48,
} as const;

const intro = `A run spec is one object: YAML or JSON in a file for \`flipguard train\`, the launch form, and the field \`spec\` of every stored run.
Unknown keys and bad values are refused with their path, line and column. A path with dots names a value for \`--set\`:
\`--set guard.weight=0.5\`.`;

const rules = `Beyond the tables:
- give either \`steps\` or \`epochs\`;
- a gated \`guard\` and its controls (\`flipguard\`, \`ungated\`, \`random\`) need \`algorithm.kind\` ${guardedAlgorithms.map((kind) => `\`${kind}\``).join(', ')};
  \`flip-hinge\` works with every algorithm but \`reward\`, and needs \`guard.suite\`;
- \`guard.target: guard-set\` needs \`guard.guardSet\`, and \`guard.kind: random\` needs \`guard.randomRate\`.`;

export function runSpecPage(): string {
  const schema: JsonSchema = runSpecJsonSchema();
  return page('Run spec', 'src-main/shared/domain/run-spec.ts', [
    intro,
    '## The least there is to write',
    yaml(least),
    '## With every default filled in',
    yaml(runSpecSchema.parse(least)),
    rules,
    ...sections('', schema),
  ]);
}

function yaml(spec: object): string {
  return `\`\`\`yaml\n${stringify(spec).trim()}\n\`\`\``;
}

const leastStudy = {
  name: 'gentle',
  models: [{ model: 'base' }],
  seeds: [1, 2, 3],
  spec: { dataset: { train: 'pairs' }, steps: 48 },
  methods: [
    { name: 'DPO', set: { algorithm: { kind: 'dpo' } } },
    { name: 'DPO + FlipGuard', set: { algorithm: { kind: 'dpo' }, guard: { kind: 'flipguard' } } },
  ],
  reference: 'DPO',
  test: { flips: ['words'], sampledReward: 'sampled', greedyReward: 'greedy' },
};

const studyIntro = `A study file is YAML or JSON for \`flipguard study\`: methods × seeds × models, trained and measured to one report
([Run a study](../how-to/run-a-study.md)). Unknown keys, names that nothing has, and settings that cannot be launched are refused with their line.
Keys of \`set\` and \`candidates\` are paths into a [run spec](run-spec.md), such as \`optimizer.learningRate\`.`;

export function studyPage(): string {
  const schema: JsonSchema = studyJsonSchema();
  studyFileSchema.parse(leastStudy);
  return page('Study file', 'src-main/shared/domain/studies.ts', [
    studyIntro,
    '## The least there is to write',
    yaml(leastStudy),
    ...studySections('', schema),
  ]);
}

const leastMerge = { name: 'half', base: 'base', models: ['dpo'], fraction: 0.5 };

const mergeIntro = `A merge file is YAML or JSON for \`flipguard merge\` ([Merge models](../how-to/merge-models.md)). Unknown keys and bad values are refused
with their line; what the names stand for is looked up when the merge begins. \`--set fraction=0.25\` changes a value.`;

export function mergePage(): string {
  mergeFileSchema.parse(leastMerge);
  return page('Merge file', 'src-main/shared/domain/merging.ts', [
    mergeIntro,
    '## The least there is to write',
    yaml(leastMerge),
    ...studySections('', mergeJsonSchema()),
  ]);
}

/** As `sections`, also of the objects that lists hold. */
function studySections(path: string, schema: JsonSchema): string[] {
  const own = schema.items ?? schema;
  const fields = Object.entries(own.properties ?? {});
  if (fields.length === 0) return [];
  const required = new Set(own.required);
  const rows = fields.map(([name, field]) => [
    code(name),
    accepts(field),
    defaultOf(field, required.has(name)),
    field.description ?? '',
  ]);
  const title = path === '' ? 'Top level' : `${path}${schema.items === undefined ? '' : ', each'}`;
  const inner = fields.flatMap(([name, field]) => studySections(path === '' ? name : `${path}.${name}`, field));
  return [`## ${title}`, table(['Key', 'Accepts', 'Default', 'Meaning'], rows), ...inner];
}

/** A table for the object at `path`, then one for each object inside it; unions get one for each variant. */
function sections(path: string, schema: JsonSchema): string[] {
  const variants = schema.oneOf?.filter(({ properties }) => properties !== undefined);
  if (variants !== undefined) {
    return variants.flatMap((variant) =>
      objectSections(`${path}, kind ${accepts(variant.properties?.kind ?? {})}`, path, variant),
    );
  }
  const object =
    schema.properties !== undefined ? schema : schema.anyOf?.find(({ properties }) => properties !== undefined);
  return object === undefined ? [] : objectSections(path === '' ? 'Top level' : path, path, object);
}

function objectSections(title: string, path: string, schema: JsonSchema): string[] {
  const fields = Object.entries(schema.properties ?? {});
  const required = new Set(schema.required);
  const rows = fields.map(([name, field]) => [
    code(name),
    accepts(field),
    defaultOf(field, required.has(name)),
    field.description ?? '',
  ]);
  const inner = fields.flatMap(([name, field]) => sections(path === '' ? name : `${path}.${name}`, field));
  return [`## ${title}`, table(['Key', 'Accepts', 'Default', 'Meaning'], rows), ...inner];
}

function defaultOf(field: JsonSchema, required: boolean): string {
  if (required) return 'needed';
  const { default: value } = field;
  if (value === undefined) return '–';
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return Object.keys(value).length === 0 ? 'see below' : code(stringify(value, { collectionStyle: 'flow' }).trim());
  }
  return code(stringify(value, { collectionStyle: 'flow' }).trim());
}
