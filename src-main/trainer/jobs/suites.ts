import type { AnswersTo, EvaluationContext, PreparedSuite } from '../../engine/evaluate/context.ts';
import { prepareSuite, runSuite } from '../../engine/evaluate/run-suite.ts';
import type { Answer } from '../../engine/evaluate/answers.ts';
import type { CompletionSequence } from '../../engine/losses/layout.ts';
import type { CausalLm } from '../../engine/models/causal-lm.ts';
import { scoreRewards } from '../../engine/reward-model.ts';
import { joinAll } from '../../engine/data/tokenise.ts';
import type { Tokenizer } from '../../engine/tokenizer/tokenizer.ts';
import { openTokenizer } from '../patterns.ts';
import type { SuiteItem } from '../../shared/domain/evaluations.ts';
import type { SuiteFile } from '../../shared/domain/jobs.ts';
import type { TrainerEventBody } from '../../shared/domain/trainer-events.ts';
import { readJsonLines } from '../../system/read-lines.ts';
import type { JobContext } from '../job-context.ts';
import { loadWeights } from '../loading.ts';
import { openFolder } from '../node-folders.ts';
import type { KeptEvaluations } from '../kept-evaluations.ts';
import type { Reference } from './reference.ts';

interface OldModel {
  model: CausalLm;
  answersTo: AnswersTo;
  suiteIds: readonly string[];
  /** Before step 1 it is the model itself, whose KL to itself is 0: nothing is measured there. */
  onlyAfterStart?: boolean;
}

/** The suites of a job, tokenised once, with what their scoring needs. */
export class SuiteRunner {
  /** Why answers of the suite at hand got no verdict. */
  readonly #unjudged: string[] = [];
  readonly #suites: readonly PreparedSuite[];
  readonly #context: JobContext;
  readonly #beta: number;
  readonly #rewardModel: ScoringRewardModel | null;
  /** Reference log-probs of the pairs, by sequence; empty without a reference. */
  readonly #reference: Map<CompletionSequence, number>;
  readonly #old: OldModel | null;
  readonly #start: KeptEvaluations | null;
  readonly #files: readonly SuiteFile[];

  private constructor(
    files: readonly SuiteFile[],
    suites: readonly PreparedSuite[],
    context: JobContext,
    beta: number,
    rewardModel: ScoringRewardModel | null,
    reference: Map<CompletionSequence, number>,
    old: OldModel | null,
    start: KeptEvaluations | null,
  ) {
    this.#old = old;
    this.#start = start;
    this.#files = files;
    this.#suites = suites;
    this.#context = context;
    this.#beta = beta;
    this.#rewardModel = rewardModel;
    this.#reference = reference;
  }

  static async open(
    files: readonly SuiteFile[],
    tokenizer: Tokenizer,
    maxPositions: number,
    context: JobContext,
    options: {
      reference: Reference | null;
      beta: number;
      rewardModelPath: string | undefined;
      /** Whose KL to the model these answered suites tell. */
      old?: OldModel | undefined;
      /** What was measured before at step 0, with the weights that the job begins with. */
      start?: KeptEvaluations | null;
    },
  ): Promise<SuiteRunner> {
    const suites: PreparedSuite[] = [];
    for (const file of files) {
      const items = await readJsonLines<SuiteItem>(file.itemsPath);
      suites.push(prepareSuite(file, items, tokenizer, maxPositions));
    }
    const needsRewards = files.some(({ scorer }) => scorer?.kind === 'reward-model');
    const rewardModel =
      needsRewards && options.rewardModelPath !== undefined
        ? await openRewardModel(options.rewardModelPath, context)
        : null;
    const reference = await pairReference(suites, options.reference);
    const { beta, old = null, start = null } = options;
    return new SuiteRunner(files, suites, context, beta, rewardModel, reference, old, start);
  }

  /** All suites with the model as it stands, as events. */
  async *run(model: CausalLm, tokenizer: Tokenizer, step: number): AsyncGenerator<TrainerEventBody> {
    for (const [i, suite] of this.#suites.entries()) {
      const file = this.#files[i] as SuiteFile;
      const start = step === 0 ? this.#start : null;
      const known = await start?.get(file);
      if (known !== undefined) {
        yield told('info', `“${file.name}” was measured with these weights before: the results of then are taken.`);
        yield* known;
        continue;
      }
      const said: TrainerEventBody[] = [];
      for await (const event of this.#runOne(suite, model, tokenizer, step)) {
        if (start !== null && said.length < mostKeptEvents) said.push(event);
        yield event;
      }
      if (said.at(-1)?.type === 'evaluation-done') await start?.put(file, said);
    }
  }

  async *#runOne(
    suite: PreparedSuite,
    model: CausalLm,
    tokenizer: Tokenizer,
    step: number,
  ): AsyncGenerator<TrainerEventBody> {
    const { scorer, name } = suite.spec;
    if (scorer?.kind === 'judge')
      yield told('info', `Prompts and answers of “${name}” go to ${new URL(scorer.endpoint).origin}.`);
    yield* runSuite(suite, step, this.#evaluationContext(model, tokenizer, this.#oldOf(suite.spec.id, step)));
    const failures = this.#unjudged.splice(0);
    if (failures.length === 0) return;
    yield told('warning', `${failures.length} answers of “${name}” got no verdict: ${reasonsOf(failures)}`);
  }

  #oldOf(suiteId: string, step: number): EvaluationContext['old'] {
    const old = this.#old;
    if (old === null || !old.suiteIds.includes(suiteId) || (step === 0 && old.onlyAfterStart === true)) return null;
    return { model: old.model, answersTo: old.answersTo };
  }

  #evaluationContext(model: CausalLm, tokenizer: Tokenizer, old: EvaluationContext['old']): EvaluationContext {
    const rewardModel = this.#rewardModel;
    return {
      model,
      tokenizer,
      ops: this.#context.ops,
      beta: this.#beta,
      reference:
        this.#reference.size === 0
          ? null
          : (sequences) =>
              Promise.resolve(Float32Array.from(sequences, (sequence) => this.#reference.get(sequence) ?? Number.NaN)),
      old,
      scoring: {
        lexicon: this.#context.lexicon(),
        rewardModel: rewardModel === null ? null : (answers) => rewardModel.rewards(answers),
        postJson: this.#context.postJson,
        testPattern: this.#context.testPattern,
        askProgram: (program, answers) => this.#context.programs.judge(program, answers),
        onUnjudged: (reason) => this.#unjudged.push(reason),
      },
      cancelled: () => this.#context.control.stopping(),
      breathe: () => this.#context.breathe(),
    };
  }

  dispose(): void {
    this.#rewardModel?.dispose();
  }
}

/** Of a suite that is kept whole, and so is in memory whole: some 60,000 samples. */
const mostKeptEvents = 16;

const mostReasons = 3;

/** Each reason once, the first few. */
export function reasonsOf(failures: readonly string[]): string {
  const reasons = [...new Set(failures)];
  const more = reasons.length > mostReasons ? ` (and ${reasons.length - mostReasons} other reasons)` : '';
  return `${reasons.slice(0, mostReasons).join(' ')}${more}`;
}

function told(level: 'info' | 'warning', message: string): TrainerEventBody {
  return { type: 'log', level, message };
}

async function pairReference(
  suites: readonly PreparedSuite[],
  reference: Reference | null,
): Promise<Map<CompletionSequence, number>> {
  const known = new Map<CompletionSequence, number>();
  if (reference === null) return known;
  for (const suite of suites.filter(({ spec }) => spec.kind === 'pairs')) {
    const sequences = suite.prepared.flatMap((item) => item.sequences);
    const scores = await reference.scores(sequences, `reference log-probs of ${suite.spec.name}`);
    sequences.forEach((sequence, i) => known.set(sequence, scores[i] as number));
  }
  return known;
}

/** A reward model with its own tokenizer, reading prompt and answer as it read them in training. */
export interface ScoringRewardModel {
  rewards(answers: readonly Answer[]): Promise<number[]>;
  dispose(): void;
}

export async function openRewardModel(folder: string, context: JobContext): Promise<ScoringRewardModel> {
  const reader = openFolder(folder);
  const tokenizer = await openTokenizer(reader);
  const model = await loadWeights(folder, context);
  return {
    async rewards(answers) {
      const sequences = answers.map(({ prompt, output }) => {
        const [{ ids, from }] = joinAll(tokenizer, prompt, [output]) as [CompletionSequence];
        return { ids: ids.slice(0, model.config.maxPositions), from };
      });
      return [...(await scoreRewards(model, sequences))];
    },
    dispose: () => model.dispose(),
  };
}
