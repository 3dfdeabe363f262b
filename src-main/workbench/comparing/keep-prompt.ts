import { contentId } from '../../content-hash.ts';
import type { SuiteRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { SuiteItem } from '../../shared/domain/evaluations.ts';
import type { Core } from '../core.ts';
import type { Imports } from '../imports/imports.ts';
import { existing } from '../workspace/names.ts';

interface KeptPrompt {
  prompt: string;
  format: 'text' | 'chat';
  /** What an answer should be, or contain. */
  target?: string | undefined;
}

/**
 * Keeps a prompt that was tried as a sample of a suite. A new suite asks for the target in the answer; one that is there scores by
 * its own rule, and refuses a prompt without a target where it needs one.
 */
export async function keepPrompt(
  { core, imports }: { core: Core; imports: Imports },
  into: { suiteId: string } | { name: string },
  { prompt, format, target }: KeptPrompt,
): Promise<SuiteRecord> {
  const item: SuiteItem = {
    kind: 'generate',
    id: `kept-${contentId([prompt])}`,
    prompt: format === 'chat' ? [{ role: 'user', content: prompt }] : prompt,
    ...(target === undefined ? {} : { target }),
  };
  if ('name' in into) {
    const scorer = target === undefined ? {} : { scorer: { kind: 'contains' as const } };
    return imports.addSuite(into.name, { kind: 'generate', origin: 'imported', ...scorer }, [item]);
  }
  const { store, bus } = core;
  const suite = existing('suite', await store.getSuite(into.suiteId), into.suiteId);
  refuseMisfit(suite, target);
  await store.addSuiteItem(suite.id, item);
  bus.publish({ topic: 'changed', lists: ['suites'] });
  return existing('suite', await store.getSuite(suite.id), suite.id);
}

const scorersByTarget: readonly string[] = ['exact', 'contains', 'regex', 'numeric'];

function refuseMisfit({ name, kind, scorer }: SuiteRecord, target: string | undefined): void {
  if (kind !== 'generate') {
    throw new WorkbenchError('bad-input', `“${name}” is a suite of ${kind}, and a prompt is a sample of answers.`, {
      remedy: 'Choose a suite whose samples are answered, or make one.',
    });
  }
  if (target === undefined && scorer !== undefined && scorersByTarget.includes(scorer.kind)) {
    throw new WorkbenchError('bad-input', `“${name}” judges answers by a target, and none was given.`, {
      remedy: 'Say what the answer should be.',
      place: { field: 'target' },
    });
  }
}
