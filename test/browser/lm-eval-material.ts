/** Files as lm-evaluation-harness writes them, made up: one model's answers to a task, judged by two filters. */
export interface LmEvalMaterial {
  /** `samples_…jsonl` and `results_…json`, by their path within what is dropped. */
  files: { name: string; text: string }[];
  rows: number;
}

export interface LmEvalWish {
  model: string;
  task?: string;
  rows?: number;
  /** The moment in the names of the files; one model's run has one. */
  moment?: string;
  folder?: string;
  isRight: (i: number) => boolean;
  /** Filters of the harness; the second judges the same answers more strictly. */
  filters?: string[];
}

export function lmEvalMaterial({
  model,
  task = 'sums',
  rows = 40,
  moment = '2026-01-02T03-04-05.678901',
  folder,
  isRight,
  filters = ['none'],
}: LmEvalWish): LmEvalMaterial {
  const within = folder === undefined ? '' : `${folder}/`;
  const records = Array.from({ length: rows }, (_, i) =>
    filters.map((filter, strictness) => {
      const right = isRight(i) && (strictness === 0 || i % 5 > 0);
      const answer = String(right ? 2 * i : 2 * i + 1);
      return {
        doc_id: i,
        doc: { question: `What is ${i} and ${i}?`, answer: String(2 * i) },
        target: String(2 * i),
        arguments: { gen_args_0: { arg_0: `Question: What is ${i} and ${i}?\nAnswer:`, arg_1: { until: ['\n'] } } },
        resps: [[`It is ${answer}.`]],
        filtered_resps: [answer],
        filter,
        metrics: ['exact_match'],
        exact_match: right ? 1 : 0,
      };
    }),
  ).flat();
  const results = {
    results: { [task]: { alias: task, 'exact_match,none': 0.5 } },
    configs: { [task]: { task, output_type: 'generate_until', metadata: { version: 1 } } },
    higher_is_better: { [task]: { exact_match: true } },
    model_name: model,
    model_source: 'hf',
  };
  return {
    rows,
    files: [
      { name: `${within}results_${moment}.json`, text: JSON.stringify(results, null, 2) },
      {
        name: `${within}samples_${task}_${moment}.jsonl`,
        text: records.map((record) => `${JSON.stringify(record)}\n`).join(''),
      },
    ],
  };
}
