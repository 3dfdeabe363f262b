import { parseAnswer } from '../../endpoints/protocol.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { createPostJson } from '../../trainer/post-json.ts';

/** What asking a judge took. */
export interface JudgeUse {
  requests: number;
  retries: number;
  promptTokens: number;
  outputTokens: number;
}

export function noUse(): JudgeUse {
  return { requests: 0, retries: 0, promptTokens: 0, outputTokens: 0 };
}

interface Judge {
  /** Up to and including `/v1`. */
  readonly endpoint: string;
  readonly model: string;
  readonly seed: number;
  /** Environment variable that holds the key; absent or null = FLIPGUARD_JUDGE_KEY, where that is for this address. */
  readonly keyVariable?: string | null;
}

export interface JudgeAnswer {
  readonly text: string;
  /** Null where the server counts none. */
  readonly promptTokens: number | null;
  readonly outputTokens: number | null;
}

/** Asks a model behind an OpenAI-compatible chat endpoint, greedily, for its reply. */
export function askerOf<Message>(
  { endpoint, model, seed, keyVariable = null }: Judge,
  signal: AbortSignal,
  use: JudgeUse,
): (messages: readonly Message[]) => Promise<JudgeAnswer> {
  const url = `${endpoint.replace(/\/+$/u, '')}/chat/completions`;
  const post = createPostJson({ signal, keyVariable, onRetry: () => (use.retries += 1) });
  return async (messages) => {
    const answer = parseAnswer(await post(url, { model, temperature: 0, seed, messages }));
    use.requests += 1;
    if (answer === null) {
      throw new WorkbenchError('unavailable', `${url} did not answer as an OpenAI-compatible endpoint does.`, {
        remedy: 'Name the address up to and including /v1.',
      });
    }
    use.promptTokens += answer.promptTokens ?? 0;
    use.outputTokens += answer.outputTokens ?? 0;
    return { text: answer.text, promptTokens: answer.promptTokens, outputTokens: answer.outputTokens };
  };
}

/** At prices of a million tokens; null where none was given. */
export function costOf(
  { inputPrice, outputPrice }: { readonly inputPrice: number | null; readonly outputPrice: number | null },
  inputTokens: number,
  outputTokens: number,
): number | null {
  if (inputPrice === null && outputPrice === null) return null;
  return ((inputPrice ?? 0) * inputTokens + (outputPrice ?? 0) * outputTokens) / 1e6;
}
