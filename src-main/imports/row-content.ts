import type { DatasetRow } from '../shared/domain/datasets.ts';
import type { SampleResult, SuiteItem } from '../shared/domain/evaluations.ts';
import { assertNever } from '../shared/domain/errors.ts';
import { renderChat } from './values.ts';

/** The texts that make a training row what it is. */
export function datasetIdentity(row: DatasetRow): string[] {
  const prompt = renderChat(row.prompt);
  switch (row.kind) {
    case 'preference':
      return [prompt, renderChat(row.chosen), renderChat(row.rejected)];
    case 'completion':
    case 'unpaired':
      return [prompt, renderChat(row.completion)];
    case 'prompt':
      return [prompt];
    default:
      return assertNever(row);
  }
}

/** Prompt and target: what `contentHash` takes, so that ids made of content pair what content hashes pair. */
export function resultIdentity(row: SampleResult): (string | undefined)[] {
  return [row.prompt, row.target];
}

/** A list of bare texts is a list of records with that text, be it wanted as text or as prompt. */
export function bareTextAsRecord(value: unknown): unknown {
  return typeof value === 'string' ? { text: value, prompt: value } : value;
}

export function itemIdentity(item: SuiteItem): (string | undefined)[] {
  switch (item.kind) {
    case 'pairs':
      return [renderChat(item.prompt), renderChat(item.chosen), renderChat(item.rejected)];
    case 'cloze':
      return [item.prompt, item.target];
    case 'words':
      return [item.prompt ?? '', item.text];
    case 'choice':
      return [renderChat(item.prompt), ...item.options];
    case 'generate':
      return [renderChat(item.prompt), item.target];
    default:
      return assertNever(item);
  }
}
