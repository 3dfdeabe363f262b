"""Writes test/assets/imports/lighteval: details as lighteval's EvaluationTracker saves them, in the three layouts its versions had.

The files have plain names, since the tool's own (`details_gsm8k|5_….parquet`) cannot be checked out everywhere: the tests lay them out.
Needs `datasets` (any recent version). The dataclasses are those of lighteval 0.13 (Doc, ModelResponse) and 0.8 (Detail); the
calls are the tracker's own: Dataset.from_list of the details, columns sorted, to_parquet.
"""

import json
from pathlib import Path

from datasets import Dataset

out = Path(__file__).parents[2] / "assets" / "imports" / "lighteval"


def save(rows, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset = Dataset.from_list(rows)
    dataset.select_columns(sorted(dataset.column_names)).to_parquet(path)


def doc(i, **more):
    base = dict(
        query="", choices=[], gold_index=0, instruction=None, images=None, specific=None, unconditioned_query=None,
        original_query=None, id=str(i), task_name="", fewshot_samples=[], sampling_methods=[], fewshot_sorting_class=None,
        generation_size=None, stop_sequences=None, use_logits=False, num_samples=1, generation_grammar=None,
    )
    return {**base, **more}


def response(**more):
    base = dict(
        input=None, input_tokens=[1, 2], text=[], output_tokens=[[3]], text_post_processed=None, reasonings=[], logprobs=[],
        argmax_logits_eq_gold=[], logits=None, unconditioned_logprobs=None, truncated_tokens_count=0, padded_tokens_count=0,
    )
    return {**base, **more}


def generation(i, right):
    question = f"Question: {i} + {i} = ?\nAnswer:"
    return dict(
        doc=doc(i, query=question, choices=[f" {2 * i}"], task_name="gsm8k|5", generation_size=256, stop_sequences=["Question:"]),
        model_response=response(input=f"Solved before.\n\n{question}", text=[f"It is {2 * i if right else 0}."]),
        metric=dict(extractive_match=1.0 if right else 0.0),
    )


def choice(i, best):
    logprobs = [-1.0 if k == best else -2.0 - k for k in range(4)]
    return dict(
        doc=doc(i, query=f"Which of these is {i}?", choices=[" zero", " one", " two", " three"], gold_index=i, task_name="mmlu:abstract_algebra|0"),
        model_response=response(input=f"Which of these is {i}?", logprobs=logprobs, argmax_logits_eq_gold=[False] * 4),
        metric=dict(acc=int(best == i)),
    )


def sampled(i, right):
    question = f"Sample {i}"
    return dict(
        doc=doc(i, query=question, choices=["yes"], task_name="aime|0", num_samples=4),
        model_response=response(input=question, text=["yes"] * right + ["no"] * (4 - right)),
        metric={"pass@k:k=1&n=4": right / 4, "avg@n:n=4": right / 4},
    )


model = "acme/tiny-1b"
save([generation(i, i != 1) for i in range(3)], out / "gsm8k.parquet")
save([choice(i, i if i != 2 else 0) for i in range(4)], out / "mmlu.parquet")
save([sampled(i, i) for i in range(3)], out / "aime.parquet")
results = dict(
    config_general=dict(
        lighteval_sha="203045a8431bc9b77245c9998e05fc54509ea07f",
        model_name=model,
        model_config=dict(model_name=model, generation_parameters=dict(temperature=0.6, top_p=0.95, max_new_tokens=None, seed=42)),
    ),
    results={"gsm8k|5": {"extractive_match": 2 / 3}},
    versions={"gsm8k|5": 0, "mmlu:abstract_algebra|0": 1},
    config_tasks={"gsm8k|5": dict(name="gsm8k", metrics=[dict(metric_name="extractive_match", higher_is_better=True)])},
)
(out / "results.json").write_text(json.dumps(results, indent=2) + "\n")


def flat(i, right, as_text):
    row = dict(
        example=f"Question {i}", instruction="", full_prompt=f"Question {i}", num_effective_few_shots=0, num_asked_few_shots=0,
        predictions=[f"Answer {i}" if right else "it's \"no\""], input_tokens=[[1]], cont_tokens=[[2]], truncated=[0], padded=[0],
        gold=[f"Answer {i}"], pred_logits=[], choices=[], gold_index=[], metrics=dict(qem=int(right), f1=0.5), specifics=dict(),
    )
    return {k: str(v) for k, v in row.items()} if as_text else {**row, "specifics": None}


def flat_choice(i, best):
    row = dict(
        example=f"Pick {i}", instruction="", full_prompt=f"Pick {i}", num_effective_few_shots=0, num_asked_few_shots=0,
        predictions=[(-1.0 if k == best else -3.0, k == best) for k in range(3)], input_tokens=[[1]], cont_tokens=[[2]], truncated=[0],
        padded=[0], gold=[], pred_logits=[], choices=[" a", " b", " it's c"], gold_index=[i], metrics=dict(acc=int(best == i), acc_norm=0),
        specifics=dict(),
    )
    return {k: str(v) for k, v in row.items()}


save([flat(i, i != 0, True) for i in range(3)], out / "old-trivia.parquet")
save([flat_choice(i, 2) for i in range(3)], out / "old-arc.parquet")
save([flat(i, i != 0, False) for i in range(3)], out / "typed-trivia.parquet")
