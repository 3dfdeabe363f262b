import { computed, onScopeDispose, ref, shallowRef } from 'vue';
import type { Input } from '@shared/contract/channels.ts';
import type { TriedPrompt } from '@shared/domain/tried-prompt.ts';
import { events } from '../api/client.ts';
import { useComputation } from './computation.ts';

export type PromptSettings = Omit<Input<'prompts.try'>, 'stream'>;

let asked = 0;

/** A prompt that is put to one or two models: what has come so far, and what it came to. It belongs to the place that asks. */
export function usePromptTrial() {
  const computation = useComputation('prompts.try');
  /** Of the prompt that was put last, the models as they were named. */
  const targets = shallowRef<string[]>([]);
  const texts = ref<string[]>([]);
  const result = computed<TriedPrompt | null>(() => (computation.working.value ? null : computation.value.value));
  let stream = '';
  const forget = events().on('prompt-text', (piece) => {
    if (piece.stream !== stream) return;
    texts.value = texts.value.map((text, side) => (side === piece.side ? text + piece.text : text));
  });
  onScopeDispose(forget);

  async function ask(settings: PromptSettings): Promise<void> {
    // What was answered before is another prompt's.
    computation.clear();
    stream = `${Date.now().toString(36)}-${++asked}`;
    targets.value = [...settings.targets];
    texts.value = settings.targets.map(() => '');
    await computation.ask({ ...settings, stream });
  }

  return { computation, targets, texts, result, ask };
}
