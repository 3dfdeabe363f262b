"""One DPO step of TRL at a time, for test/bench/train.ts: `trl_step.py MODEL BATCHES GOLDEN`, a line on stdin asks for a step.

Answers one JSON line a step: wall and processor seconds of forward, backward and AdamW with precomputed reference
log-probs, in float32, and the loss before the update.
"""

import json
import os
import sys
import tempfile
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import DPOConfig, DPOTrainer

PAIRS = 8


class Prepared(DPOTrainer):
    """The rows are token ids already, with their reference log-probs."""

    def _prepare_dataset(self, dataset, *_args, **_kwargs):
        return dataset

    def _precompute_ref_logps(self, dataset, *_args, **_kwargs):
        return dataset


def read_rows(batches: str, golden: str) -> list[dict]:
    with open(batches, encoding="utf-8") as file:
        rows = json.load(file)["rows"]
    with open(golden, encoding="utf-8") as file:
        steps = json.load(file)["steps"]
    prepared = []
    for step in steps:
        for chosen, rejected in zip(step["ref_chosen_logps"], step["ref_rejected_logps"], strict=True):
            row = rows[len(prepared)]
            ids = {f"{name}_ids": row[name] for name in ("prompt", "chosen", "rejected")}
            prepared.append({**ids, "ref_chosen_logps": chosen, "ref_rejected_logps": rejected})
    return prepared


def main(folder: str, batches: str, golden: str) -> None:
    rows = read_rows(batches, golden)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    settings = DPOConfig(
        output_dir=tempfile.mkdtemp(),
        per_device_train_batch_size=PAIRS,
        learning_rate=2e-5,
        beta=0.1,
        max_length=None,
        precompute_ref_log_probs=True,
        gradient_checkpointing=False,
        bf16=False,
        use_cpu=True,
        report_to=[],
        disable_tqdm=True,
    )
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    trainer = Prepared(model=model, args=settings, train_dataset=Dataset.from_list(rows), processing_class=tokenizer)
    optimizer = torch.optim.AdamW(trainer.model.parameters(), lr=2e-5, weight_decay=0.0)
    print(json.dumps({"ready": True, "threads": torch.get_num_threads(), "torch": torch.__version__}), flush=True)
    trainer.current_gradient_accumulation_steps = 1
    step = 0
    for _ in sys.stdin:
        chosen = [rows[(PAIRS * step + i) % len(rows)] for i in range(PAIRS)]
        step += 1
        wall, processor = time.perf_counter(), time.process_time()
        trainer.model.train()
        loss = trainer.training_step(trainer.model, trainer.data_collator(chosen))
        optimizer.step()
        optimizer.zero_grad()
        answer = {
            "seconds": time.perf_counter() - wall,
            "processor": time.process_time() - processor,
            "loss": float(loss),
        }
        print(json.dumps(answer), flush=True)


main(*sys.argv[1:4])
