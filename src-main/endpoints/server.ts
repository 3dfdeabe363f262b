import { WorkbenchError } from '../shared/domain/errors.ts';
import type { Endpoint } from '../shared/domain/endpoints.ts';
import type { TextOrChat } from '../shared/domain/datasets.ts';
import type { DecodingSettings } from '../shared/domain/evaluations.ts';
import { post, saidIn } from './post.ts';
import type { PostTools, Reply } from './post.ts';
import {
  chatBody,
  completionBody,
  optionalFields,
  parseAnswer,
  parsePromptLogProbs,
  promptLogProbsBody,
} from './protocol.ts';
import type { Answer, Body, PromptToken } from './protocol.ts';

/** An answer with what it took. */
export interface TimedAnswer extends Answer {
  latencyMs: number;
}

/** A model behind a server: what it can be asked for is found out by asking. */
export interface ModelServer {
  answer(prompt: TextOrChat, decoding: DecodingSettings): Promise<TimedAnswer>;
  /** Null where the server gives no log-probs of a prompt. */
  promptLogProbs(text: string): Promise<{ tokens: PromptToken[]; latencyMs: number } | null>;
  /** What of the decoding could not be controlled, in sentences. */
  uncontrolled(): string[];
}

const noSuchPath = new Set([404, 405, 501]);
const notUnderstood = new Set([400, 422]);

export function openServer(endpoint: Endpoint, tools: PostTools): ModelServer {
  const remarks = new Set<string>();
  const leftOut = new Set<string>();
  let hasCompletions = true;

  /** A field that the server refuses to know is left out from then on. */
  async function ask(path: string, body: Body): Promise<Reply> {
    for (;;) {
      const sent = Object.fromEntries(Object.entries(body).filter(([name]) => !leftOut.has(name)));
      const reply = await post(endpoint, path, sent, tools);
      if (!notUnderstood.has(reply.status)) return reply;
      const said = saidIn(reply.body);
      const field = optionalFields.find((name) => name in sent && new RegExp(`\\b${name}\\b`).test(said));
      if (field === undefined) return reply;
      leftOut.add(field);
      remarks.add(`the server does not take ${field}, which was left out`);
    }
  }

  async function complete(prompt: string, decoding: DecodingSettings): Promise<TimedAnswer | null> {
    const reply = await ask('/completions', completionBody(endpoint.model, prompt, decoding));
    if (!noSuchPath.has(reply.status)) return read(reply, '/completions');
    // A model that the server does not have is refused with the same status as a path.
    if (/model/i.test(saidIn(reply.body))) throw refused(endpoint, '/completions', reply);
    hasCompletions = false;
    remarks.add(
      'the server has no completions, so each prompt was a message of a chat, in a template of the server’s own',
    );
    return null;
  }

  function read(reply: Reply, path: string): TimedAnswer {
    if (reply.status >= 400) throw refused(endpoint, path, reply);
    const answer = parseAnswer(reply.body);
    if (answer === null) {
      throw new WorkbenchError(
        'unavailable',
        `${endpoint.url}${path} did not answer as an OpenAI-compatible server does.`,
        {
          remedy: 'Name the address up to and including /v1.',
        },
      );
    }
    if (answer.fingerprint === null)
      remarks.add('the server names no fingerprint, so a change of its configuration would not show');
    if (answer.outputTokens === null) remarks.add('the server counts no tokens');
    return { ...answer, latencyMs: reply.latencyMs };
  }

  return {
    async answer(prompt, decoding) {
      if (decoding.temperature > 0)
        remarks.add('the server samples: the seed was sent, and the server need not keep to it');
      if (typeof prompt === 'string' && hasCompletions) {
        const answer = await complete(prompt, decoding);
        if (answer !== null) return answer;
      }
      return read(await ask('/chat/completions', chatBody(endpoint.model, prompt, decoding)), '/chat/completions');
    },
    async promptLogProbs(text) {
      const reply = await ask('/completions', promptLogProbsBody(endpoint.model, text));
      if (noSuchPath.has(reply.status) && !/model/i.test(saidIn(reply.body))) return null;
      if (notUnderstood.has(reply.status) && /echo|logprobs/.test(saidIn(reply.body))) return null;
      if (reply.status >= 400) throw refused(endpoint, '/completions', reply);
      const tokens = parsePromptLogProbs(reply.body, text);
      return tokens === null ? null : { tokens, latencyMs: reply.latencyMs };
    },
    uncontrolled: () => [...remarks],
  };
}

function refused(endpoint: Endpoint, path: string, { status, body }: Reply): WorkbenchError {
  const said = saidIn(body).trim();
  const needsKey = status === 401 || status === 403;
  const remedy = needsKey
    ? endpoint.keyVariable === null
      ? 'Import the model again with --key-env VARIABLE, the variable that holds the key.'
      : `Check the key in ${endpoint.keyVariable}.`
    : `Check the address and the model’s name there (“${endpoint.model}”).`;
  return new WorkbenchError(
    'unavailable',
    `The server at ${endpoint.url}${path} says ${status}${said === '' ? '' : `: ${said}`}.`,
    {
      remedy,
    },
  );
}

/** Runs work on each item, some at a time; answers in the order of the items. The first failure ends it. */
export async function inOrder<Item, Result>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results = new Array<Result>(items.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const i = next++;
      try {
        results[i] = await work(items[i] as Item);
      } catch (error) {
        next = items.length;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return results;
}
