import type { Message } from '../../shared/domain/datasets.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { PythonTemplate } from './jinja.ts';

/** The template text: its own file first, as in transformers; of several named ones, `default`. */
export function readChatTemplate(file: string | null, configured: unknown): string | null {
  if (file !== null) return file;
  if (typeof configured === 'string') return configured;
  if (!Array.isArray(configured)) return null;
  const named = configured.filter(
    (entry): entry is { name: string; template: string } =>
      typeof (entry as { name?: unknown } | null)?.name === 'string' &&
      typeof (entry as { template?: unknown }).template === 'string',
  );
  return (named.find((entry) => entry.name === 'default') ?? named[0])?.template ?? null;
}

/** A model's Jinja chat template, compiled once. */
export class ChatTemplate {
  readonly #template: PythonTemplate;
  readonly #source: string;
  readonly #constants: Record<string, unknown>;
  readonly #label: string;

  /** Special tokens that are null stay undefined in the template, as in transformers. */
  constructor(source: string, specialTokens: Record<string, string | null>, label: string) {
    this.#label = label;
    this.#constants = Object.fromEntries(Object.entries(specialTokens).filter(([, token]) => token !== null));
    this.#template = this.#guarded(() => new PythonTemplate(source));
    this.#source = source;
  }

  render(
    messages: readonly Message[],
    {
      addGenerationPrompt = false,
      tools,
    }: { addGenerationPrompt?: boolean; tools?: readonly unknown[] | undefined } = {},
  ): string {
    this.#refuseLostCalls(messages);
    return this.#guarded(() =>
      this.#template.render({
        ...this.#constants,
        messages,
        add_generation_prompt: addGenerationPrompt,
        tools: tools ?? null,
        documents: null,
      }),
    );
  }

  /** A template that knows no tool calls would write the turn that makes one as an empty answer, and the model would learn that. */
  #refuseLostCalls(messages: readonly Message[]): void {
    if (this.#source.includes('tool_calls')) return;
    if (!messages.some(({ tool_calls: calls }) => calls !== undefined)) return;
    throw new WorkbenchError(
      'bad-input',
      `The chat template of ${this.#label} does not render tool_calls, and the data holds tool calls.`,
      {
        remedy: 'Use a model whose template renders tool calls, or leave these conversations out.',
        place: { file: 'tokenizer_config.json', field: 'chat_template' },
      },
    );
  }

  #guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      if (cause instanceof WorkbenchError) throw cause;
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new WorkbenchError('bad-input', `the chat template of ${this.#label} refused the messages: ${reason}`, {
        place: { file: 'tokenizer_config.json', field: 'chat_template' },
        cause,
      });
    }
  }
}
