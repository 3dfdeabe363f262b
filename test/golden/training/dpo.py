"""Records a few steps of every preference loss by TRL's DPOTrainer on the tiny Llama, and transformers' learning rates.

    python test/golden/training/dpo.py test/assets/models/llama test/assets/training/dpo.json

TRL 1.13 has no label smoothing of its own in `sigmoid`; its `aot` loss is conservative DPO where a batch is one pair. Its `sft` term
averages over the tokens of a micro-batch, the RPO paper over each response: one pair a micro-batch, they agree.
"""

import pathlib
import sys

import torch
from common import as_text, fingerprint, in_order, random_pairs, steps_of, tokenizer, usual, write
from datasets import Dataset
from transformers import AutoModelForCausalLM, get_scheduler
from trl import DPOConfig, DPOTrainer

STEPS, PAIRS = 6, 4
ONE_BY_ONE = dict(per_device_train_batch_size=1, gradient_accumulation_steps=PAIRS)
TOGETHER = dict(per_device_train_batch_size=PAIRS)
CASES = {
    "sigmoid": (TOGETHER, {}),
    "hinge": (TOGETHER, dict(loss_type=["hinge"])),
    "ipo": (TOGETHER, dict(loss_type=["ipo"])),
    "labelSmoothing": (ONE_BY_ONE, dict(loss_type=["aot"], label_smoothing=0.2)),
    "nllWeight": (ONE_BY_ONE, dict(loss_type=["sigmoid", "sft"], loss_weights=[1.0, 0.7])),
    "sigmoid-norm": (TOGETHER, dict(loss_type=["sigmoid_norm"])),
    "apo-zero": (TOGETHER, dict(loss_type=["apo_zero"])),
    "robust": (TOGETHER, dict(loss_type=["robust"], label_smoothing=0.2)),
    "weighted list": (TOGETHER, dict(loss_type=["sigmoid", "ipo"], loss_weights=[0.8, 0.02])),
    "accumulated, clipped, decayed, cosine": (
        dict(per_device_train_batch_size=2, gradient_accumulation_steps=2),
        dict(max_grad_norm=0.5, weight_decay=0.1, lr_scheduler_type="cosine", warmup_steps=2),
    ),
}
METRICS = ["rewards/chosen", "rewards/rejected", "rewards/margins", "rewards/accuracies", "logps/chosen", "logps/rejected"]


def run(folder, pairs, batches, settings):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    rows = [{part: as_text(ids) for part, ids in pair.items()} for pair in pairs]
    trainer = in_order(DPOTrainer)(
        model=model,
        args=DPOConfig(**usual(STEPS, beta=0.1, **batches, **settings)),
        train_dataset=Dataset.from_list([{**row, "chosen": " " + row["chosen"], "rejected": " " + row["rejected"]} for row in rows]),
        processing_class=tokenizer("<pad>"),
    )
    trainer.train()
    micro_batches = batches.get("gradient_accumulation_steps", 1)
    return {"steps": steps_of(trainer, micro_batches, METRICS), "weights": fingerprint(model.named_parameters())}


def learning_rates(kind, warmup, total):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = get_scheduler(kind, optimizer, num_warmup_steps=warmup, num_training_steps=total)
    rates = []
    for _ in range(total):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return rates


def main(folder, out):
    pairs = random_pairs(STEPS * PAIRS, seed=11)
    cases = {name: run(folder, pairs, *case) for name, case in CASES.items()}
    schedules = [
        {"schedule": name, "warmupSteps": warmup, "rates": learning_rates(kind, warmup, 12)}
        for name, kind in [("constant", "constant_with_warmup"), ("linear", "linear"), ("cosine", "cosine")]
        for warmup in [0, 3]
    ]
    out.parent.mkdir(exist_ok=True)
    write(out, {"pairs": pairs, "cases": cases, "schedules": schedules})


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
