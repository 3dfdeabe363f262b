"""Records supervised fine-tuning by TRL's SFTTrainer on the tiny Llama, in two micro-batches a step: on completions alone, on whole
sequences, and as an adapter.

    python test/golden/training/sft.py test/assets/models/llama test/assets/training/sft.json
"""

import pathlib
import sys

import torch
from common import as_text, fingerprint, in_order, plain, random_pairs, steps_of, tokenizer, usual, write
from datasets import Dataset
from peft import LoraConfig
from transformers import AutoModelForCausalLM
from trl import SFTConfig, SFTTrainer

STEPS, MICRO_BATCHES = 6, 2
BATCHES = dict(per_device_train_batch_size=2, gradient_accumulation_steps=MICRO_BATCHES)
LORA = dict(task_type="CAUSAL_LM", r=2, lora_alpha=8, target_modules="all-linear")
CASES = {
    "completions": dict(completion_only_loss=True, learning_rate=1e-3),
    "whole sequences": dict(completion_only_loss=False, learning_rate=1e-3),
    "adapter": dict(completion_only_loss=True, learning_rate=1e-2),
}


def run(folder, pairs, name, settings):
    torch.manual_seed(4)
    rows = [{"prompt": as_text(pair["prompt"]), "completion": " " + as_text(pair["chosen"])} for pair in pairs]
    trainer = in_order(SFTTrainer)(
        model=AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32),
        args=SFTConfig(**usual(STEPS, **BATCHES, max_length=12, **settings)),
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer("<pad>"),
        peft_config=LoraConfig(**LORA) if name == "adapter" else None,
    )
    trained = [(plain(key), value) for key, value in trainer.model.named_parameters() if value.requires_grad]
    start = {key: value.tolist() for key, value in trained if "lora_A" in key}
    trainer.train()
    return {"start": start, "steps": steps_of(trainer, MICRO_BATCHES, [], parts_of_sum=True), "weights": fingerprint(trained)}


def main(folder, out):
    pairs = random_pairs(STEPS * 4, seed=13)
    cases = {name: run(folder, pairs, name, settings) for name, settings in CASES.items()}
    write(out, {"pairs": pairs, "maxLength": 12, "lora": {"rank": LORA["r"], "alpha": LORA["lora_alpha"]}, "cases": cases})


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
