import type { SuiteKind } from '@shared/domain/evaluations.ts';

/** What a mapping can name, by what the rows are wanted for. */
const evaluation = ['id', 'prompt', 'output', 'target', 'correct', 'score', 'slice', 'cluster', 'tags', 'resultTags'];
const dataset = ['id', 'prompt', 'chosen', 'rejected', 'completion', 'label', 'text', 'target', 'tags'];
const suite: Record<SuiteKind, string[]> = {
  pairs: ['id', 'prompt', 'chosen', 'rejected', 'slice'],
  cloze: ['id', 'prompt', 'target', 'slice'],
  words: ['id', 'prompt', 'text', 'slice'],
  choice: ['id', 'prompt', 'options', 'answer', 'slice'],
  generate: ['id', 'prompt', 'target', 'slice'],
  outputs: ['id', 'prompt', 'target', 'slice'],
};

export function mappingFields(target: 'model' | 'dataset' | 'evaluation' | 'suite', kind: SuiteKind): string[] {
  switch (target) {
    case 'evaluation':
      return evaluation;
    case 'dataset':
      return dataset;
    case 'suite':
      return suite[kind];
    case 'model':
      return [];
  }
}

export const fieldHelp: Record<string, string> = {
  id: 'What pairs a sample with the same sample of another evaluation. Left empty, its content does.',
  prompt: 'What the model was asked.',
  output: 'What the model answered.',
  target: 'What would have been right.',
  correct: 'The verdict: true or false, 1 or 0, right, wrong or tie.',
  score: 'A number that grows with goodness.',
  slice: 'A group to look at by itself, such as a subject.',
  cluster: 'Samples that belong together, such as words of one story; intervals allow for it.',
  tags: 'Words to filter by, of the sample in whatever evaluation.',
  resultTags: 'Words to filter by, of this answer alone, such as error.',
  chosen: 'The preferred response.',
  rejected: 'The other response.',
  completion: 'The response to learn.',
  label: 'Thumb up or down.',
  text: 'A text without a prompt.',
  options: 'The list of options.',
  answer: 'Which option is right.',
};
