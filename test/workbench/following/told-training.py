"""Trains with FlipGuardDPOTrainer: python told-training.py CHECKOUT BASE OUT PAIRS STEPS; continues where OUT has a checkpoint."""

import json
import os
import sys

checkout, base, out, pairs, steps = sys.argv[1:]
sys.path.insert(0, os.path.join(checkout, "python"))

from datasets import Dataset  # noqa: E402
from flipguard_callback import FlipGuardDPOTrainer, Guard  # noqa: E402
from transformers import AutoTokenizer  # noqa: E402
from trl import DPOConfig  # noqa: E402

rows = [json.loads(line) for line in open(pairs, encoding="utf-8").read().split("\n") if line]
tokenizer = AutoTokenizer.from_pretrained(base)
tokenizer.pad_token = tokenizer.eos_token
args = DPOConfig(
    output_dir=out, max_steps=int(steps), save_steps=2, logging_steps=1, per_device_train_batch_size=2, report_to=[], use_cpu=True,
    bf16=False, gradient_checkpointing=False, disable_tqdm=True, lr_scheduler_type="constant",
)  # fmt: skip
trainer = FlipGuardDPOTrainer(
    model=base,
    args=args,
    train_dataset=Dataset.from_list([{"id": None, **row} for row in rows]),
    processing_class=tokenizer,
    guard=Guard(kind="ungated", weight=0.5, learned_weight={"rate": 0.1, "target": 0.0}),
)
trainer.train(resume_from_checkpoint=os.path.isdir(os.path.join(out, "checkpoint-2")))
