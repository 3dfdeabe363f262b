import { isPlainObject, own } from '../field-path.ts';
import { Misfit } from '../problems.ts';
import { readRecords } from '../records/read-records.ts';
import type { Layout } from '../records/record.ts';
import type { ReadSession } from '../session.ts';
import type { SourceFile } from '../sources/files.ts';
import type { HelmFiles } from '../sources/helm-files.ts';
import { asAnswer, asOptionalText } from '../values.ts';

/** What one trial of an instance asked and answered. */
export interface HelmTexts {
  prompt: string | null;
  question: string | null;
  target: string | null;
  output: string | null;
  /** What the answer stands for, where a letter stands for an option. */
  mapped: string | null;
  options: number;
  failed: boolean;
}

const list: Layout = { container: 'json', compression: 'none', arrayPath: [] };
const states: Layout = { container: 'json', compression: 'none', arrayPath: ['request_states'] };

/** A trial of an instance: (instance, perturbation, trial) is HELM's own key. */
export function trialKey(record: unknown, instance: unknown = record): string {
  const id = own(record, 'instance_id') ?? own(instance, 'id');
  const perturbation = own(record, 'perturbation') ?? own(instance, 'perturbation');
  const trial = own(record, 'train_trial_index');
  return `${String(id)}\u0000${perturbationName(perturbation)}\u0000${typeof trial === 'number' ? trial : 0}`;
}

/** Name and settings of a perturbation; empty where there is none. */
export function perturbationName(perturbation: unknown): string {
  const name = own(perturbation, 'name');
  if (!isPlainObject(perturbation) || typeof name !== 'string') return '';
  const settings = Object.keys(perturbation)
    .filter((key) => !['name', 'computed_on', 'robustness', 'fairness'].includes(key))
    .toSorted()
    .map((key) => `${key}=${String(perturbation[key])}`);
  return settings.length === 0 ? name : `${name}(${settings.join(',')})`;
}

/** The texts of a run, from the files made for HELM's own pages, and from its whole state where these are not there. */
export async function readHelmTexts(
  files: HelmFiles,
  predictedIndex: (key: string) => number | undefined,
  session: ReadSession,
): Promise<Map<string, HelmTexts>> {
  const texts = new Map<string, HelmTexts>();
  if (files.predictions !== null) {
    await readDisplayed(files, texts, session);
    return texts;
  }
  if (files.scenarioState === null) return texts;
  await each(files.scenarioState, states, session, (state) => {
    if (own(state, 'request_mode') === 'calibration') return;
    const instance = own(state, 'instance');
    const key = trialKey(state, instance);
    const reference = own(state, 'reference_index');
    const wanted = predictedIndex(key);
    // A request for each option: the one for the option that was chosen is the answer.
    if (typeof reference === 'number' && wanted !== undefined && reference !== wanted) return;
    const completions = own(own(state, 'result'), 'completions');
    const completion: unknown = Array.isArray(completions) ? completions[0] : undefined;
    const output = asOptionalText(own(completion, 'text'));
    texts.set(key, {
      ...instanceTexts(instance),
      prompt: promptOf(own(state, 'request')),
      output,
      mapped: asOptionalText(own(own(state, 'output_mapping'), output?.trim() ?? '')),
      failed: own(own(state, 'result'), 'success') === false,
    });
  });
  return texts;
}

async function readDisplayed(files: HelmFiles, texts: Map<string, HelmTexts>, session: ReadSession): Promise<void> {
  const instances = new Map<string, ReturnType<typeof instanceTexts>>();
  const prompts = new Map<string, string>();
  if (files.instances !== null) {
    await each(files.instances, list, session, (instance) => {
      instances.set(`${String(own(instance, 'id'))}\u0000${perturbationName(own(instance, 'perturbation'))}`, {
        ...instanceTexts(instance),
      });
    });
  }
  if (files.requests !== null) {
    await each(files.requests, list, session, (entry) => {
      const prompt = promptOf(own(entry, 'request'));
      if (prompt !== null) prompts.set(trialKey(entry), prompt);
    });
  }
  if (files.predictions === null) return;
  await each(files.predictions, list, session, (entry) => {
    const key = trialKey(entry);
    const instance = instances.get(key.slice(0, key.lastIndexOf('\u0000')));
    texts.set(key, {
      question: instance?.question ?? null,
      target: instance?.target ?? null,
      options: instance?.options ?? 0,
      prompt: prompts.get(key) ?? null,
      output: asOptionalText(own(entry, 'truncated_predicted_text') ?? own(entry, 'predicted_text')),
      mapped: asOptionalText(own(entry, 'mapped_output')),
      failed: false,
    });
  });
}

function instanceTexts(instance: unknown): Pick<HelmTexts, 'question' | 'target' | 'options'> {
  const given = own(instance, 'references');
  const references = Array.isArray(given) ? (given as unknown[]) : [];
  const right = references.filter((reference) => {
    const tags = own(reference, 'tags');
    return Array.isArray(tags) && tags.includes('correct');
  });
  const texts = right.map((reference) => outputText(reference) ?? '');
  const input = own(instance, 'input');
  const messages = own(input, 'messages');
  const question = Array.isArray(messages) && messages.length > 0 ? asAnswer(messages, 'messages') : null;
  return {
    question: question ?? asOptionalText(own(input, 'text') ?? (typeof input === 'string' ? input : undefined)),
    target: texts.length === 0 ? null : texts.length === 1 ? (texts[0] ?? null) : JSON.stringify(texts),
    options: references.length,
  };
}

/** Older versions wrote the text of a reference where newer ones have an object with it. */
function outputText(reference: unknown): string | null {
  const output = own(reference, 'output');
  return asOptionalText(typeof output === 'string' ? output : own(output, 'text'));
}

function promptOf(request: unknown): string | null {
  const messages = own(request, 'messages');
  if (Array.isArray(messages) && messages.length > 0) return asAnswer(messages, 'request.messages');
  const prompt = asOptionalText(own(request, 'prompt'));
  return prompt === '' ? null : prompt;
}

async function each(
  file: SourceFile,
  layout: Layout,
  session: ReadSession,
  take: (value: unknown) => void,
): Promise<void> {
  for await (const batch of readRecords(file.path, file.name, layout, session))
    for (const record of batch) if ('value' in record) takeWhatFits(record.value, take);
}

/** Texts of another shape than HELM's are not found; the sample keeps its verdict. */
function takeWhatFits(value: unknown, take: (value: unknown) => void): void {
  try {
    take(value);
  } catch (error) {
    if (!(error instanceof Misfit)) throw error;
  }
}
