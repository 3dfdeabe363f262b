import { textOf } from '../../engine/data/tokenise.ts';
import { prepareItem } from '../../engine/evaluate/prepare.ts';
import { heldTokens } from '../../engine/guard/flip-hinge.ts';
import { completionLength, type CompletionSequence } from '../../engine/losses/layout.ts';
import { FlipHingeObjective } from '../../engine/objectives/flip-hinge.ts';
import type { Objective } from '../../engine/objectives/objective.ts';
import type { Tokenizer } from '../../engine/tokenizer/tokenizer.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { SuiteItem, SuiteSpec } from '../../shared/domain/evaluations.ts';
import { readJsonLines } from '../../system/read-lines.ts';
import { guardSlices } from './guard-slices.ts';
import { turnsThrough } from './guard-targets.ts';
import { checkpointingFor } from './memory.ts';
import type { ObjectiveInputs } from './objective-inputs.ts';

/** The objective as it is, or under the flip hinge that the spec asks for. */
export async function underFlipHinge(inputs: ObjectiveInputs, objective: Objective): Promise<Objective> {
  const { job, policy, context, reference } = inputs;
  const { guard, batch, seed } = job.spec;
  if (guard.kind !== 'flip-hinge') return objective;
  const texts = await guardTexts(inputs);
  const sequences = texts.map(({ sequence }) => sequence);
  const right = await reference.greedyHits(sequences, 'what the old model gets right in the guard suite');
  const held = heldTokens(right, guard.tokens, seed);
  await tellHeld(inputs, held);
  const longest = Math.max(...sequences.map(({ ids }) => ids.length));
  return new FlipHingeObjective(objective, {
    spec: guard,
    model: policy,
    targets: {
      // An id of a suite may be that of a training row, too.
      sampleIds: texts.map(({ id }) => `guard:${id}`),
      prompts: texts.map(({ prompt }) => prompt),
      sequences,
      held,
      ...guardSlices(
        inputs,
        texts.map(({ id }) => id),
        new Map(texts.map(({ id, slices }) => [id, slices])),
      ),
      ...turnsThrough(sequences, seed),
    },
    ops: context.ops,
    checkpointing: checkpointingFor(job.spec, policy, Math.min(longest, batch.maxLength), context),
  });
}

interface GuardText {
  id: string;
  prompt: string;
  sequence: CompletionSequence;
  slices: readonly string[] | undefined;
}

async function guardTexts({ job, policy, tokenizer, context }: ObjectiveInputs): Promise<GuardText[]> {
  const suite = job.guardSuite;
  if (suite === undefined) {
    throw new WorkbenchError('bad-input', 'The guard suite’s texts were not handed to the trainer.', {
      remedy: 'Relaunch the run.',
      place: { field: 'guard.suite' },
    });
  }
  const limit = Math.min(job.spec.batch.maxLength, policy.config.maxPositions);
  const items = await readJsonLines<SuiteItem>(suite.itemsPath);
  const texts = items.flatMap((item): GuardText[] => {
    const sequence = guardSequence(item, suite, tokenizer, limit);
    return sequence === null || completionLength(sequence) === 0
      ? []
      : [{ id: item.id, prompt: textOf(item.prompt ?? ''), sequence, slices: item.slices }];
  });
  if (texts.length === 0) {
    throw new WorkbenchError('bad-input', `The suite “${suite.name}” has no text that a flip hinge could read.`, {
      remedy: 'Give it a suite of texts, pairs, choices or questions with their answers.',
      place: { field: 'guard.suite' },
    });
  }
  if (texts.length < items.length) {
    const message = `${items.length - texts.length} of ${items.length} samples of “${suite.name}” have no answer to hold to, and the flip hinge passes them over.`;
    await context.emit({ type: 'log', level: 'warning', message });
  }
  if (job.suites.some(({ id }) => id === suite.id)) {
    const message = `“${suite.name}” is guarded and evaluated: its flips are those of texts that training has read. Keep another suite to report.`;
    await context.emit({ type: 'log', level: 'warning', message });
  }
  return texts;
}

/** The text of an item whose tokens count: what follows its prompt, of pairs the chosen response, of a choice the right option. */
export function guardSequence(
  item: SuiteItem,
  suite: SuiteSpec,
  tokenizer: Tokenizer,
  limit: number,
): CompletionSequence | null {
  switch (item.kind) {
    case 'words': {
      const [whole] = prepareItem(item, suite, tokenizer, limit).sequences;
      if (whole === undefined || item.prompt === undefined || item.prompt === '') return whole ?? null;
      return { ids: whole.ids, from: Math.max(1, tokenizer.encode(item.prompt).length) };
    }
    case 'pairs':
    case 'cloze':
      return prepareItem(item, suite, tokenizer, limit).sequences[0] ?? null;
    case 'choice':
      return prepareItem(item, suite, tokenizer, limit).sequences[item.answer] ?? null;
    case 'generate': {
      if (item.target === undefined) return null;
      const answered = { kind: 'choice' as const, id: item.id, prompt: item.prompt, options: [item.target], answer: 0 };
      return prepareItem(answered, { ...suite, kind: 'choice' }, tokenizer, limit).sequences[0] ?? null;
    }
  }
}

async function tellHeld({ job, context }: ObjectiveInputs, held: readonly Float32Array[]): Promise<void> {
  const all = held.reduce((sum, line) => sum + line.length, 0);
  const count = held.reduce((sum, line) => sum + line.reduce((tokens, one) => tokens + one, 0), 0);
  const name = job.guardSuite?.name ?? '';
  if (count === 0) {
    throw new WorkbenchError('bad-input', `The old model’s greedy choice is right at no token of “${name}”.`, {
      remedy: 'A flip hinge holds what the old model gets right: give it a suite of texts that this model knows.',
      place: { field: 'guard.suite' },
    });
  }
  const message = `The flip hinge holds ${count} of ${all} tokens in ${held.length} texts of “${name}”.`;
  await context.emit({ type: 'log', level: 'info', message });
}
