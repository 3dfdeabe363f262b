"""Records what TRL's trainers make of raw rows in their formats: token ids, and where the loss begins.

    python test/golden/training/rows.py test/assets/tokenizers test/assets/training/rows.json
"""

import pathlib
import sys
import tempfile

from common import usual, write
from datasets import Dataset
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM, LlamaForSequenceClassification
from trl import DPOConfig, DPOTrainer, KTOConfig, KTOTrainer, RewardConfig, RewardTrainer, SFTConfig, SFTTrainer

TEMPLATES = ["qwen2", "llama3", "llama2", "mistral"]
MAX_LENGTH = 80
user = lambda text: {"role": "user", "content": text}
reply = lambda text: {"role": "assistant", "content": text}
SYSTEM = {"role": "system", "content": "Terse ü✓"}
QUESTIONS = ["The sky is", "What is 2 + 2?", "Name a bird 🐦, naïve one"]
GOOD = [" blue.", " 4", " A wren: small, brown, loud.\nIt sings."]
BAD = [" green, as everybody knows.", " 5!", "?"]
both = list(zip(QUESTIONS, GOOD, BAD))

TEXT = {
    "dpo": [{"prompt": q, "chosen": g, "rejected": b} for q, g, b in both],
    "dpo, implicit prompt": [{"chosen": f"{q} so:{g}", "rejected": f"{q} so:{b}"} for q, g, b in both[:2]],
    "sft": [{"prompt": q, "completion": g} for q, g, _ in both],
    "sft, plain text": [{"text": q + g} for q, g, _ in both],
    "reward": [{"prompt": q, "chosen": g, "rejected": b} for q, g, b in both],
    "kto": [{"prompt": q, "completion": g, "label": i % 2 == 0} for i, (q, g, _) in enumerate(both)],
    "prompts": [{"prompt": q} for q in QUESTIONS],
}
CHATS = {
    "dpo": [{"prompt": [SYSTEM, user(q)], "chosen": [reply(g)], "rejected": [reply(b)]} for q, g, b in both],
    "dpo, implicit prompt": [{"chosen": [user(q), reply(g)], "rejected": [user(q), reply(b)]} for q, g, b in both],
    "dpo, several turns": [
        {"chosen": [*turns, reply(g)], "rejected": [*turns, reply(b)]}
        for q, g, b in both
        for turns in [[SYSTEM, user(q), reply("Sure?"), user("yes")]]
    ],
    "sft": [{"prompt": [user(q)], "completion": [reply(g)]} for q, g, _ in both],
    "sft, conversation": [{"messages": [SYSTEM, user(q), reply("Hm."), user("Go on"), reply(g)]} for q, g, _ in both],
    "reward": [{"chosen": [SYSTEM, user(q), reply(g)], "rejected": [SYSTEM, user(q), reply(b)]} for q, g, b in both],
    "kto": [{"prompt": [user(q)], "completion": [reply(g)], "label": i % 2 == 0} for i, (q, g, _) in enumerate(both)],
    "prompts": [{"prompt": [SYSTEM, user(q)]} for q in QUESTIONS],
}


def trainer(task, tokenizer, rows):
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1, num_labels=1
    )
    config.pad_token_id = tokenizer.pad_token_id
    trainers = {
        "dpo": (DPOTrainer, DPOConfig, LlamaForCausalLM),
        "sft": (SFTTrainer, SFTConfig, LlamaForCausalLM),
        "kto": (KTOTrainer, KTOConfig, LlamaForCausalLM),
        "reward": (RewardTrainer, RewardConfig, LlamaForSequenceClassification),
    }
    make, settings, model = trainers[task]
    args = settings(**usual(1, per_device_train_batch_size=len(rows), max_length=MAX_LENGTH))
    folder = tempfile.mkdtemp()
    model(config).save_pretrained(folder)
    return make(
        model=model.from_pretrained(folder), args=args, train_dataset=Dataset.from_list(rows), processing_class=tokenizer
    )


def sequences(task, made):
    """[ids, place of the first token with a loss] a sequence; a collator's right padding taken off."""
    if task == "reward":
        return [[row[side], 0] for side in ("chosen_ids", "rejected_ids") for row in made.train_dataset]
    batch = made.data_collator([made.train_dataset[i] for i in range(len(made.train_dataset))])
    rows = []
    for i, mask in enumerate(batch["attention_mask"]):
        ids = batch["input_ids"][i][mask.bool()].tolist()
        learnt = (batch["labels"][i] != -100) if "labels" in batch else batch["completion_mask"][i].bool()
        rows.append([ids, int(learnt.int().argmax()) if bool(learnt.any()) else len(ids)])
    return rows


def prompts(tokenizer, rows):
    """Prompts as TRL's online trainers give them to the model: nothing of them has a loss."""
    made = []
    for prompt in (row["prompt"] for row in rows):
        if isinstance(prompt, str):
            ids = tokenizer(prompt)["input_ids"]
        else:
            ids = tokenizer.apply_chat_template(prompt, add_generation_prompt=True, tokenize=True, return_dict=True)["input_ids"]
        made.append([ids, len(ids)])
    return made


def record(folder, formats):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    cases = []
    for name, rows in formats.items():
        task = name.split(",")[0]
        made = prompts(tokenizer, rows) if task == "prompts" else sequences(task, trainer(task, tokenizer, rows))
        cases.append({"task": task, "format": name, "rows": rows, "sequences": made})
    return cases


def main(tokenizers, out):
    recorded = {f"{name}, chat": record(tokenizers / name, CHATS) for name in TEMPLATES}
    recorded.update({f"{name}, text": record(tokenizers / name, TEXT) for name in ["gpt2", "llama3", "llama2"]})
    write(out, {"maxLength": MAX_LENGTH, "tokenizers": recorded})


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
