import type { Scorer } from '../../shared/domain/evaluations.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { textOf } from '../data/tokenise.ts';
import type { Answer, Judgement } from './answers.ts';

/** Posts JSON and returns JSON; rejects on anything but success. It takes care of credentials itself. */
export type PostJson = (url: string, body: unknown) => Promise<unknown>;

const instruction =
  'You judge an answer to a prompt by the rubric. Reply with one JSON object and nothing else: {"score": a number from 0 to 10, "verdict": "right" or "wrong"}.';

/** Asks a model behind an OpenAI-compatible chat endpoint, greedily. A reply that is no judgement leaves the verdict missing. */
export async function judgeAnswer(
  scorer: Extract<Scorer, { kind: 'judge' }>,
  answer: Answer,
  postJson: PostJson,
): Promise<Judgement> {
  const url = `${scorer.endpoint.replace(/\/+$/u, '')}/chat/completions`;
  const reply = await postJson(url, {
    model: scorer.model,
    temperature: 0,
    messages: [
      { role: 'system', content: `${instruction}\n\nRubric: ${scorer.rubric}` },
      { role: 'user', content: question(answer) },
    ],
  });
  return readJudgement(contentOf(reply, url));
}

function question({ prompt, target, output }: Answer): string {
  const reference = target === undefined ? '' : `\n\nReference answer:\n${target}`;
  return `Prompt:\n${textOf(prompt)}${reference}\n\nAnswer to judge:\n${output}`;
}

function contentOf(reply: unknown, url: string): string {
  const content = (reply as { choices?: { message?: { content?: unknown } }[] } | null)?.choices?.[0]?.message?.content;
  if (typeof content === 'string') return content;
  throw new WorkbenchError('unavailable', `${url} did not answer as an OpenAI-compatible endpoint does`, {
    remedy: 'Name the address up to and including /v1.',
  });
}

function readJudgement(content: string): Judgement {
  const json = content.match(/\{[^{}]*\}/u)?.[0];
  if (json === undefined) return { score: null, verdict: null };
  try {
    const { score, verdict } = JSON.parse(json) as { score?: unknown; verdict?: unknown };
    return {
      score: typeof score === 'number' && Number.isFinite(score) ? score : null,
      verdict: verdict === 'right' || verdict === 'wrong' ? verdict : null,
    };
  } catch {
    return { score: null, verdict: null };
  }
}
