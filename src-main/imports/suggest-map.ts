import type { SuiteKind } from '../shared/domain/evaluations.ts';
import { acceptedFields, type FieldMap, type MapField } from './field-map.ts';
import { parseFieldPath } from './field-path.ts';
import type { ImportPurpose } from './types.ts';

/** Names people give to fields, the canonical one first. */
const synonyms: Record<MapField, readonly string[]> = {
  id: ['id', 'sampleId', 'sample_id', 'doc_id', 'uuid', 'uid', 'question_id', 'task_id', 'key', 'idx', 'index'],
  prompt: ['prompt', 'question', 'instruction', 'input', 'query', 'context', 'problem'],
  output: [
    'output',
    'completion',
    'response',
    'solution',
    'model_output',
    'prediction',
    'generation',
    'generated_text',
    'model_answer',
  ],
  target: ['target', 'ground_truth', 'gold', 'reference', 'expected', 'last_word', 'answer'],
  correct: ['correct', 'verdict', 'is_correct', 'passed', 'pass', 'success', 'exact_match', 'acc', 'label'],
  score: ['score', 'reward', 'rating', 'margin', 'logprob', 'log_prob'],
  slice: ['slice', 'slices', 'subset', 'category', 'subject', 'domain', 'dataset', 'task'],
  cluster: ['cluster', 'family', 'group', 'story_id'],
  tags: ['tags'],
  resultTags: ['resultTags', 'result_tags'],
  chosen: ['chosen', 'preferred', 'winner', 'response_chosen'],
  rejected: ['rejected', 'dispreferred', 'loser', 'response_rejected'],
  completion: ['completion', 'response', 'output', 'answer'],
  label: ['label', 'thumb', 'is_good'],
  text: ['text', 'story', 'content', 'document'],
  options: ['options', 'choices', 'endings'],
  answer: ['answer', 'label', 'gold', 'target', 'correct'],
};

/**
 * A mapping guessed from field names: each field takes the first path that ends in one of its names, shallow paths before
 * deep ones; once a nested verdict is selected, output and score are looked for next to it. `isCertain` when every field was
 * found under its canonical name at the top.
 */
export function suggestMap(
  paths: readonly string[],
  purpose: ImportPurpose,
  kind?: SuiteKind,
): { map: FieldMap; isCertain: boolean } {
  const map: FieldMap = {};
  const taken = new Set<string>();
  let isCertain = true;
  for (const field of searchOrder(acceptedFields(purpose, kind))) {
    const beside = field === 'output' || field === 'score' ? parentOf(map.correct) : '';
    const path = findPath(paths, synonyms[field], taken, beside);
    if (path === null) continue;
    map[field] = path;
    taken.add(path);
    if (path !== synonyms[field][0]) isCertain = false;
  }
  const isEnough = purpose === 'evaluation' ? makesEvaluation((field) => map[field] !== undefined) : taken.size > 0;
  return { map, isCertain: isCertain && isEnough };
}

/** Whether fields tell samples apart and give something to compare. */
export function makesEvaluation(has: (field: MapField) => boolean): boolean {
  return (has('id') || has('prompt')) && (has('correct') || has('score') || has('output'));
}

/** The verdict first: the others are sought next to it. */
function searchOrder(fields: readonly MapField[]): MapField[] {
  return [...fields].sort((a, b) => Number(b === 'correct') - Number(a === 'correct'));
}

function findPath(
  paths: readonly string[],
  names: readonly string[],
  taken: ReadonlySet<string>,
  beside: string,
): string | null {
  const free = paths.filter((path) => !taken.has(path) && !path.includes('['));
  const near = beside === '' ? [] : free.filter((path) => parentOf(path) === beside);
  const shallow = free.toSorted((a, b) => depthOf(a) - depthOf(b));
  for (const candidates of [near, shallow]) {
    for (const name of names) {
      const found = candidates.find((path) => lastStep(path) === name.toLowerCase());
      if (found !== undefined) return found;
    }
  }
  return null;
}

function depthOf(path: string): number {
  return parseFieldPath(path).steps.length;
}

function lastStep(path: string): string {
  return String(parseFieldPath(path).steps.at(-1)).toLowerCase();
}

function parentOf(path: string | undefined): string {
  return path?.includes('.') === true ? path.slice(0, path.lastIndexOf('.')) : '';
}
