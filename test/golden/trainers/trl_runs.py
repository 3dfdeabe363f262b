"""Lets TRL train tiny models, and keeps what it wrote as the folders that the tests import.

    python test/golden/trainers/trl_runs.py test/assets/trainers

base/       the model that every training began with (random weights, the tokenizer of resources/quick-model)
dpo/        DPO over 4 steps with an evaluation, checkpoints 2 and 4
dpo-lora/   the same with an adapter of PEFT, checkpoint 4 alone
grpo/       GRPO over 2 steps with its completions, checkpoint 2
Optimiser state, random state and tokenizers are left out: the first two are large, and the last is in resources/ already.
"""

import pathlib
import shutil
import sys
import tempfile

import torch
from datasets import Dataset
from peft import LoraConfig
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM
from trl import DPOConfig, DPOTrainer, GRPOConfig, GRPOTrainer

ROOT = pathlib.Path(__file__).resolve().parents[3]
LEFT_OUT = ["optimizer.pt", "scheduler.pt", "rng_state.pth", "tokenizer.json", "tokenizer_config.json", "README.md", "chat_template.jinja"]
THINGS = ["cat", "dog", "bird", "ball", "tree", "frog", "girl", "boy"]


def base_model(folder: pathlib.Path) -> None:
    torch.manual_seed(1)
    tokenizer = AutoTokenizer.from_pretrained(ROOT / "resources" / "quick-model")
    config = LlamaConfig(
        vocab_size=768,
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=128,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.eos_token_id,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def pairs() -> Dataset:
    return Dataset.from_list(
        [
            {"prompt": f"Once upon a time, there was a {thing}", "chosen": " who was happy.", "rejected": " who was sad."}
            for thing in THINGS
        ]
    )


def settings(**more):
    return dict(
        max_steps=4,
        per_device_train_batch_size=2,
        learning_rate=1e-2,
        logging_steps=1,
        save_steps=2,
        report_to=[],
        use_cpu=True,
        bf16=False,
        gradient_checkpointing=False,
        seed=3,
        **more,
    )


def dpo(base: pathlib.Path, out: pathlib.Path, **more) -> None:
    tokenizer = AutoTokenizer.from_pretrained(base)
    tokenizer.pad_token = tokenizer.eos_token
    args = DPOConfig(output_dir=str(out), eval_strategy="steps", eval_steps=2, beta=0.2, max_length=64, **settings())
    trainer = DPOTrainer(
        model=str(base), args=args, train_dataset=pairs(), eval_dataset=pairs().select(range(2)), processing_class=tokenizer, **more
    )
    trainer.train()
    trainer.save_state()


def grpo(base: pathlib.Path, out: pathlib.Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(base)
    tokenizer.pad_token = tokenizer.eos_token

    def length_reward(completions, **_):
        return [float(len(text)) / 10 for text in completions]

    given = settings() | dict(max_steps=2, per_device_train_batch_size=4)
    args = GRPOConfig(output_dir=str(out), num_generations=2, max_completion_length=6, log_completions=True, **given)
    trainer = GRPOTrainer(
        model=str(base), args=args, train_dataset=pairs().select_columns(["prompt"]), reward_funcs=length_reward, processing_class=tokenizer
    )
    trainer.train()


def keep(made: pathlib.Path, kept: pathlib.Path, checkpoints=None) -> None:
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True)
    for file in sorted(made.rglob("*")):
        name = file.relative_to(made)
        if file.is_dir() or file.name in LEFT_OUT or name.parts[0] == "runs":
            continue
        if checkpoints is not None and name.parts[0].startswith("checkpoint-") and name.parts[0] not in checkpoints:
            continue
        (kept / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, kept / name)


def main(out: pathlib.Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        work = pathlib.Path(scratch)
        base_model(work / "base")
        dpo(work / "base", work / "dpo")
        dpo(work / "base", work / "dpo-lora", peft_config=LoraConfig(r=2, lora_alpha=4, target_modules=["q_proj", "v_proj"]))
        grpo(work / "base", work / "grpo")
        keep(work / "base", out / "base")
        keep(work / "dpo", out / "dpo")
        keep(work / "dpo-lora", out / "dpo-lora", ["checkpoint-4"])
        keep(work / "grpo", out / "grpo", ["checkpoint-2"])


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
