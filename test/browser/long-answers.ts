import { readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Answers of two models to instructions as AlpacaEval asks them: long, in Markdown, with code and formulas. They are the two files of
 * docs/first-ten-minutes.md, written for this project; what the new model lost is in the texts, not only in the verdicts.
 */
export interface LongAnswer {
  id: string;
  instruction: string;
  old: string;
  now: string;
  oldRight: boolean;
  nowRight: boolean;
  category: string;
}

interface Line {
  id: string;
  prompt: string;
  output: string;
  correct: boolean;
  slice: string;
}

export const answerFiles = ['answers-old.jsonl', 'answers-new.jsonl'].map((name) => ({
  name,
  text: readFileSync(path.join(import.meta.dirname, '../../docs/examples', name), 'utf8'),
}));

const [oldLines = [], newLines = []] = answerFiles.map(({ text }) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line),
);

export const longAnswers: readonly LongAnswer[] = oldLines.flatMap((old, i) => {
  const now = newLines[i];
  if (now?.id !== old.id) throw new Error(`the two files of long answers part at line ${i + 1}`);
  const { id, prompt: instruction, slice: category } = old;
  return { id, instruction, category, old: old.output, now: now.output, oldRight: old.correct, nowRight: now.correct };
});

/** As a file that holds both models' answers. */
export function longAnswersFile(answers: readonly LongAnswer[] = longAnswers) {
  const line = ({ id, instruction, old, now, oldRight, nowRight, category }: LongAnswer) =>
    JSON.stringify({
      id,
      question: instruction,
      ground_truth: null,
      category,
      before: { output: old, right: oldRight },
      after: { output: now, right: nowRight },
    });
  return {
    name: 'alpaca-answers.jsonl',
    text: answers.map(line).join('\n'),
    rows: answers.length,
    negative: answers.filter(({ oldRight, nowRight }) => oldRight && !nowRight).length,
    positive: answers.filter(({ oldRight, nowRight }) => !oldRight && nowRight).length,
    old: { id: 'id', output: 'before.output', correct: 'before.right' },
    now: { id: 'id', output: 'after.output', correct: 'after.right' },
  };
}
