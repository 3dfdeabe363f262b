import type { Scorer } from '../../shared/domain/evaluations.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { Answer, Judgement } from './answers.ts';
import { judgeAnswer, type PostJson } from './judge.ts';
import { lexiconScore, type Lexicon } from './lexicon.ts';

/** What scorers need from outside. */
export interface ScoringTools {
  lexicon: Lexicon;
  /** Scalar rewards of prompt + output; null where no reward model was given. */
  rewardModel: ((answers: readonly Answer[]) => Promise<number[]>) | null;
  postJson: PostJson;
}

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
      return answers.map((answer) => matchTarget(scorer.kind, answer));
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
      return judgeInTurn(scorer, answers, tools.postJson);
  }
}

const missing: Judgement = { score: null, verdict: null };

function byThreshold(score: number, threshold: number): Judgement {
  return { score, verdict: score >= threshold ? 'right' : 'wrong' };
}

/** A scorer that needs a target judges nothing where there is none. */
export function matchTarget(kind: 'exact' | 'contains' | 'regex' | 'numeric', answer: Answer): Judgement {
  if (answer.target === undefined) return missing;
  const right = matches(kind, answer.output, answer.target);
  return { score: Number(right), verdict: right ? 'right' : 'wrong' };
}

function matches(kind: 'exact' | 'contains' | 'regex' | 'numeric', output: string, target: string): boolean {
  switch (kind) {
    case 'exact':
      return output.trim() === target.trim();
    case 'contains':
      return output.toLowerCase().includes(target.trim().toLowerCase());
    case 'regex':
      return compile(target).test(output);
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

async function judgeInTurn(
  scorer: Extract<Scorer, { kind: 'judge' }>,
  answers: readonly Answer[],
  postJson: PostJson,
): Promise<Judgement[]> {
  const judgements: Judgement[] = [];
  for (const answer of answers) judgements.push(await judgeAnswer(scorer, answer, postJson));
  return judgements;
}
