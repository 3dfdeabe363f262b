import { readCompletions } from '../../imports/trainer-folder/completions.ts';
import type { CompletionsFile, PromptCompletions } from '../../imports/trainer-folder/completions.ts';
import type { TrainerEventBody } from '../../shared/domain/trainer-events.ts';

/**
 * What a policy wrote at one step: its texts prompt by prompt, and the mean of each reward over the completions of a prompt as the
 * step’s table of samples. Null while the file is not whole.
 */
export async function completionEvents(file: CompletionsFile): Promise<TrainerEventBody[] | null> {
  const prompts = await readCompletions(file);
  if (prompts === null) return null;
  const { step } = file;
  if (prompts.length === 0) return [];
  const answers = prompts.map(({ promptId, prompt, outputs }) => ({
    sampleId: promptId,
    prompt,
    outputs: outputs.map(({ text, rewards }) => ({ text, rewards })),
  }));
  const names = [...new Set(prompts.flatMap(({ outputs }) => outputs.flatMap(({ rewards }) => Object.keys(rewards))))];
  const others = Object.fromEntries(names.map((name) => [name, prompts.map((one) => meanOf(one, name))]));
  const table = {
    sampleIds: prompts.map(({ promptId }) => promptId),
    metrics: {},
    others,
    prompts: prompts.map(({ prompt }) => prompt),
  };
  return [{ type: 'step', step, epoch: 0, metrics: {}, tables: { trained: table }, answers }];
}

function meanOf({ outputs }: PromptCompletions, name: string): number {
  const values = outputs.flatMap(({ rewards }) => rewards[name] ?? []);
  return values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length;
}
