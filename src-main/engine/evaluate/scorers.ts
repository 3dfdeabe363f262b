import type { Scorer } from '../../shared/domain/evaluations.ts';
import type { Program, ProgramAnswer } from '../../shared/domain/programs.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { Answer, Judgement } from './answers.ts';
import { judgeAnswer, type PostJson } from './judge.ts';
import { lexiconScore, type Lexicon } from './lexicon.ts';

/** What scorers need from outside. */
export interface ScoringTools {
  lexicon: Lexicon;
  /** Scalar rewards of prompt + output; null if no reward model was given. */
  rewardModel: ((answers: readonly Answer[]) => Promise<number[]>) | null;
  postJson: PostJson;
  /** Asks a person’s own program about answers; gives a text for those it did not judge. Absent: no program may be started here. */
  askProgram?: AskProgram;
  /** Absent: patterns are tried as they are, which is meant for one's own patterns. */
  testPattern?: TestPattern;
  /** Called with the reason when a judge gave no judgement on an answer. */
  onUnjudged?: (reason: string) => void;
}

/** Replies in the order of the answers asked about. */
export type AskProgram = (
  program: Program,
  answers: readonly Answer[],
) => Promise<readonly ({ answer: ProgramAnswer } | { fault: string })[]>;

/** Whether a pattern of a suite is found in a text, or null if finding out takes too long. */
export type TestPattern = (pattern: RegExp, text: string) => boolean | null;

/** Judges answers in order. Without a scorer they stay unjudged. */
export async function scoreAnswers(
  scorer: Scorer | null,
  answers: readonly Answer[],
  tools: ScoringTools,
): Promise<Judgement[]> {
  if (scorer === null) return answers.map(() => missing);
  switch (scorer.kind) {
    case 'exact':
    case 'contains':
    case 'regex':
    case 'numeric':
      return answers.map((answer) => matchTarget(scorer.kind, answer, tools));
    case 'lexicon':
      return answers.map(({ output }) => byThreshold(lexiconScore(output, tools.lexicon), scorer.threshold ?? 1));
    case 'reward-model': {
      if (tools.rewardModel === null) {
        throw new WorkbenchError('bad-input', `the reward model ${scorer.model} was not handed to this evaluation`);
      }
      const rewards = await tools.rewardModel(answers);
      return rewards.map((reward) => byThreshold(reward, scorer.threshold ?? 0));
    }
    case 'judge':
      return judgeAll(scorer, answers, tools);
    case 'command':
      return judgeByProgram(scorer, answers, tools);
  }
}

const missing: Judgement = { score: null, verdict: null };

function byThreshold(score: number, threshold: number): Judgement {
  return { score, verdict: score >= threshold ? 'right' : 'wrong' };
}

/** A scorer that needs a target judges nothing if there is none. */
export function matchTarget(
  kind: 'exact' | 'contains' | 'regex' | 'numeric',
  answer: Answer,
  tools: Pick<ScoringTools, 'testPattern' | 'onUnjudged'> = {},
): Judgement {
  const { target, output } = answer;
  if (target === undefined) return missing;
  const right = kind === 'regex' ? findPattern(target, output, tools.testPattern) : matches(kind, output, target);
  if (right !== null) return { score: Number(right), verdict: right ? 'right' : 'wrong' };
  tools.onUnjudged?.(
    `The regular expression “${target.slice(0, 80)}” takes too long to try: it backtracks without end.`,
  );
  return missing;
}

function findPattern(target: string, output: string, test: TestPattern = (pattern, text) => pattern.test(text)) {
  return test(compile(target), output);
}

function matches(kind: 'exact' | 'contains' | 'numeric', output: string, target: string): boolean {
  switch (kind) {
    case 'exact':
      return output.trim() === target.trim();
    case 'contains':
      return output.toLowerCase().includes(target.trim().toLowerCase());
    case 'numeric': {
      const [got, wanted] = [lastNumber(output), lastNumber(target)];
      return got !== null && wanted !== null && Math.abs(got - wanted) <= 1e-6 * Math.max(1, Math.abs(wanted));
    }
  }
}

function compile(pattern: string): RegExp {
  try {
    return new RegExp(pattern, 'u');
  } catch (cause) {
    throw new WorkbenchError('bad-input', `“${pattern}” is not a regular expression`, {
      remedy: 'Correct the item’s target, or choose another scorer.',
      cause,
    });
  }
}

/** The last number of a text, thousands separators allowed: how GSM8K answers are read. */
export function lastNumber(text: string): number | null {
  const found = text.match(/-?\d[\d,]*(?:\.\d+)?(?:[eE][+-]?\d+)?/gu);
  const last = found?.at(-1);
  return last === undefined ? null : Number(last.replaceAll(',', ''));
}

/** If the program gives no verdict of its own, the score decides, provided the suite says from which score on it is right. */
async function judgeByProgram(
  scorer: Extract<Scorer, { kind: 'command' }>,
  answers: readonly Answer[],
  tools: ScoringTools,
): Promise<Judgement[]> {
  if (tools.askProgram === undefined) throw new WorkbenchError('unsupported', 'No program can be started here.');
  const outcomes = await tools.askProgram(scorer, answers);
  return outcomes.map((outcome): Judgement => {
    if ('fault' in outcome) {
      tools.onUnjudged?.(outcome.fault);
      return missing;
    }
    const { score, correct, note } = outcome.answer;
    const fields = note === null ? {} : { fields: { note: note.slice(0, noteCharacters) } };
    const byScore =
      scorer.threshold === undefined || score === null ? null : byThreshold(score, scorer.threshold).verdict;
    const own = correct === 'tie' ? 'tie' : correct ? 'right' : 'wrong';
    return {
      score: score ?? (correct === null || correct === 'tie' ? null : Number(correct)),
      verdict: correct === null ? byScore : own,
      ...fields,
    };
  });
}

const noteCharacters = 500;

/** Requests to a judge that are under way at once. */
const judgedAtOnce = 4;

/** A judgement that fails leaves its verdict missing; a cancel, and an endpoint that has not been allowed, end the work. */
async function judgeAll(
  scorer: Extract<Scorer, { kind: 'judge' }>,
  answers: readonly Answer[],
  tools: ScoringTools,
): Promise<Judgement[]> {
  const judgements: Judgement[] = answers.map(() => missing);
  let next = 0;
  const work = async (): Promise<void> => {
    for (let i = next++; i < answers.length; i = next++) {
      judgements[i] = await judgeAnswer(scorer, answers[i] as Answer, tools.postJson).catch((error: unknown) => {
        if (!(error instanceof WorkbenchError) || error.code !== 'unavailable') throw error;
        tools.onUnjudged?.(error.message);
        return missing;
      });
    }
  };
  await Promise.all(Array.from({ length: judgedAtOnce }, work));
  return judgements;
}
