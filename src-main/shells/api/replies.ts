import type { Answered, Question, ServedToken } from '../../shared/domain/serving.ts';

/** What one request’s replies share. */
export interface ReplyHead {
  readonly id: string;
  readonly created: number;
  readonly model: string;
}

export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
}

export function usageOf(answers: readonly Answered[]): Usage {
  const prompt = answers.reduce((sum, { promptTokens }) => sum + promptTokens, 0);
  const completion = answers.reduce((sum, { answerTokens }) => sum + answerTokens, 0);
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}

/** Log-probs of `/v1/completions`: the first token of a prompt has none. `text`: what the offsets count in, from `from` on. */
export function legacyLogProbs(tokens: readonly ServedToken[], text: string, from: number) {
  let at = 0;
  const offsets = tokens.map((token) => {
    const offset = from + at;
    at += lengthIn(text, at, token.text);
    return offset;
  });
  return {
    tokens: tokens.map((token) => token.text),
    token_logprobs: tokens.map(({ logProb }) => logProb),
    top_logprobs: tokens.map(likeliest),
    text_offset: offsets,
  };
}

/** A special token is not in the text, and the blank that begins one is not at a text’s beginning. */
function lengthIn(text: string, at: number, token: string): number {
  const found = [token, token.trimStart()].find((one) => text.startsWith(one, at));
  return found?.length ?? 0;
}

/** By their texts; of two tokens that read alike the likelier counts. The token itself is always among them. */
function likeliest({ text, logProb, top }: ServedToken): Record<string, number> | null {
  if (logProb === null) return null;
  const byText: [string, number][] = [...top.toReversed().map((one): [string, number] => [one.text, one.logProb])];
  return Object.fromEntries([
    ...(byText.some(([known]) => known === text) ? [] : [[text, logProb] as const]),
    ...byText,
  ]);
}

export function completionChoices(questions: readonly Question[], answers: readonly Answered[], echo: boolean) {
  return answers.flatMap((answer, i) => {
    const { n, top } = questions[i] ?? { n: 1, top: null };
    return answer.answers.map(({ text, tokens, finish }, k) => {
      const told = [...(echo ? answer.prompt : []), ...tokens];
      const whole = echo ? afterPrompt(answer.promptText, text, tokens) : text;
      return {
        index: i * n + k,
        text: whole,
        logprobs: top === null ? null : legacyLogProbs(told, whole, echo ? 0 : answer.promptText.length),
        finish_reason: finish,
      };
    });
  });
}

/** An answer read by itself loses the blank that its first token begins with; behind its prompt that blank stays. */
function afterPrompt(prompt: string, text: string, [first]: readonly ServedToken[]): string {
  const blank = prompt !== '' && text !== '' && first?.text.startsWith(' ') === true && !text.startsWith(' ');
  return `${prompt}${blank ? ' ' : ''}${text}`;
}

/** Log-probs of `/v1/chat/completions`. */
export function chatLogProbs(tokens: readonly ServedToken[]) {
  const one = (text: string, logProb: number | null) => ({
    token: text,
    logprob: logProb ?? 0,
    bytes: [...Buffer.from(text, 'utf8')],
  });
  return {
    content: tokens.map(({ text, logProb, top }) => ({
      ...one(text, logProb),
      top_logprobs: top.map((other) => one(other.text, other.logProb)),
    })),
    refusal: null,
  };
}

export function chatChoices({ top }: Question, { answers }: Answered) {
  return answers.map(({ text, tokens, finish }, index) => ({
    index,
    message: { role: 'assistant', content: text, refusal: null },
    logprobs: top === null ? null : chatLogProbs(tokens),
    finish_reason: finish,
  }));
}
