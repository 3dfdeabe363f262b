"""Lets TRL train tiny models, and keeps what it wrote as the folders that the tests import.

    python test/golden/trainers/trl_runs.py test/assets/trainers [NAME…]

With names, only those folders are rebuilt, from the base that is kept.

base/       the model that every training began with (random weights, the tokenizer of resources/quick-model)
dpo/        DPO over 4 steps with an evaluation, checkpoints 2 and 4
dpo-lora/   the same with an adapter of PEFT, checkpoint 4 alone
dpo-told/   DPO with python/flipguard_callback.py, whose events tell pair by pair what fell and what flipped, checkpoints 4 and 8
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
sys.path.insert(0, str(ROOT / "python"))
from flipguard_callback import FlipGuardCallback  # noqa: E402

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


def dpo_told(base: pathlib.Path, out: pathlib.Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(base)
    tokenizer.pad_token = tokenizer.eos_token
    # Twice through the data, so that each pair is seen before and after it was learned from.
    given = settings() | dict(max_steps=8, save_steps=4)
    args = DPOConfig(output_dir=str(out), eval_strategy="steps", eval_steps=4, beta=0.2, max_length=64, **given)
    # The model says “happy” rather than “sad” of itself: learned the other way round, the first half of the evaluation data is lost.
    turned = [{**pair, "chosen": pair["rejected"], "rejected": pair["chosen"]} for pair in pairs()]
    held = Dataset.from_list([*pairs().select(range(4)), *turned[4:]])
    trainer = DPOTrainer(
        model=str(base), args=args, train_dataset=Dataset.from_list(turned), eval_dataset=held, processing_class=tokenizer
    )
    trainer.add_callback(FlipGuardCallback(trainer))
    trainer.train()


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


MADE = {"dpo": None, "dpo-told": None, "dpo-lora": ["checkpoint-4"], "grpo": ["checkpoint-2"]}


def make(name: str, base: pathlib.Path, out: pathlib.Path) -> None:
    if name == "dpo-lora":
        dpo(base, out, peft_config=LoraConfig(r=2, lora_alpha=4, target_modules=["q_proj", "v_proj"]))
    else:
        {"dpo": dpo, "dpo-told": dpo_told, "grpo": grpo}[name](base, out)


def main(out: pathlib.Path, names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        work = pathlib.Path(scratch)
        if names:
            shutil.copytree(out / "base", work / "base")
            AutoTokenizer.from_pretrained(ROOT / "resources" / "quick-model").save_pretrained(work / "base")
        else:
            base_model(work / "base")
            keep(work / "base", out / "base")
        for name in names or MADE:
            make(name, work / "base", work / name)
            keep(work / name, out / name, MADE[name])


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), sys.argv[2:])
