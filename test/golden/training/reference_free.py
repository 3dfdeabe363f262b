"""Records steps of ORPO and SimPO by TRL's ORPOTrainer and CPOTrainer on the tiny Llama.

    python test/golden/training/reference_free.py test/assets/models/llama test/assets/training/reference-free.json
"""

import pathlib
import sys

import torch
from common import as_text, fingerprint, in_order, random_pairs, steps_of, tokenizer, usual, write
from datasets import Dataset
from transformers import AutoModelForCausalLM
from trl.experimental.cpo import CPOConfig, CPOTrainer
from trl.experimental.orpo import ORPOConfig, ORPOTrainer

STEPS, PAIRS = 5, 4
METRICS = ["rewards/chosen", "rewards/rejected", "rewards/margins"]
CASES = {
    "orpo": (ORPOTrainer, ORPOConfig, dict(beta=0.2), [*METRICS, "nll_loss", "log_odds_chosen"]),
    "simpo": (CPOTrainer, CPOConfig, dict(loss_type="simpo", beta=2.0, simpo_gamma=0.5, cpo_alpha=0.0), METRICS),
    "simpo with smoothing": (
        CPOTrainer,
        CPOConfig,
        dict(loss_type="simpo", beta=1.5, simpo_gamma=0.3, cpo_alpha=0.0, label_smoothing=0.1),
        METRICS,
    ),
}


def run(folder, pairs, trainer_class, config, settings, metrics):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    rows = [{part: as_text(ids) for part, ids in pair.items()} for pair in pairs]
    trainer = in_order(trainer_class)(
        model=model,
        args=config(**usual(STEPS, per_device_train_batch_size=PAIRS, max_length=64, **settings)),
        train_dataset=Dataset.from_list([{**row, "chosen": " " + row["chosen"], "rejected": " " + row["rejected"]} for row in rows]),
        processing_class=tokenizer("<pad>"),
    )
    trainer.train()
    return {"steps": steps_of(trainer, 1, metrics), "weights": fingerprint(model.named_parameters())}


def main(folder, out):
    pairs = random_pairs(STEPS * PAIRS, seed=41)
    write(out, {"pairs": pairs, "cases": {name: run(folder, pairs, *case) for name, case in CASES.items()}})


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
