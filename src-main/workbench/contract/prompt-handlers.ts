import { keepPrompt } from '../comparing/keep-prompt.ts';
import type { Services } from '../services.ts';
import type { Handlers } from './dispatch.ts';

type PromptHandlers = Pick<Handlers, Extract<keyof Handlers, `prompts.${string}` | `suites.${string}`>>;

/** Prompts that are tried, and the suites that keep them. */
export function promptHandlers({ core, imports, prompting }: Pick<Services, 'core' | 'imports' | 'prompting'>) {
  const { store, bus, computations } = core;
  return {
    'suites.list': () => store.listSuites(),
    'suites.keep': ({ into, prompt, format, target }) =>
      keepPrompt({ core, imports }, into, { prompt, format, target }),
    'prompts.try': ({ targets, stream, ...wish }) =>
      computations.ask({ kind: 'prompt', title: 'A prompt' }, [targets, stream, wish], (task) =>
        prompting.try(targets, wish, (side, text) => bus.publish({ topic: 'prompt-text', stream, side, text }), task),
      ),
  } satisfies PromptHandlers;
}
