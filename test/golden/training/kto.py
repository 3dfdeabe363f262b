"""Records steps of KTO by TRL's KTOTrainer on the tiny Llama, and of its variant without a KL.

    python test/golden/training/kto.py test/assets/models/llama test/assets/training/kto.json
"""

import pathlib
import sys

import torch
from common import as_text, fingerprint, in_order, random_pairs, steps_of, tokenizer, usual, write
from datasets import Dataset
from transformers import AutoModelForCausalLM
from trl import KTOConfig, KTOTrainer

STEPS, ROWS = 5, 6
CASES = {
    "kto": dict(desirable_weight=1.3, undesirable_weight=0.8),
    # Fast enough that completions of other prompts become likelier as well, so that the KL is above 0.
    "kto, fast": dict(learning_rate=1e-2),
    "apo-zero": dict(loss_type="apo_zero_unpaired"),
}
METRICS = ["rewards/chosen", "rewards/rejected", "rewards/margins", "logps/chosen", "logps/rejected", "kl"]


def run(folder, rows, settings):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    sampling = {} if "loss_type" in settings else dict(train_sampling_strategy="sequential")
    trainer = in_order(KTOTrainer)(
        model=model,
        args=KTOConfig(**usual(STEPS, beta=0.1, per_device_train_batch_size=ROWS, max_length=64, **sampling, **settings)),
        train_dataset=Dataset.from_list(
            [{"prompt": as_text(row["prompt"]), "completion": " " + as_text(row["completion"]), "label": row["label"]} for row in rows]
        ),
        processing_class=tokenizer("<pad>"),
    )
    trainer.train()
    return {"steps": steps_of(trainer, 1, METRICS), "weights": fingerprint(model.named_parameters())}


def main(folder, out):
    pairs = random_pairs(STEPS * ROWS, seed=31)
    rows = [{"prompt": pair["prompt"], "completion": pair["chosen"], "label": i % 3 != 1} for i, pair in enumerate(pairs)]
    write(out, {"rows": rows, "cases": {name: run(folder, rows, settings) for name, settings in CASES.items()}})


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
