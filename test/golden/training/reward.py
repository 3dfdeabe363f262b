"""Records reward modelling by TRL's RewardTrainer on the tiny Llama: every weight, and an adapter beside a whole head.

    python test/golden/training/reward.py test/assets/models/llama test/assets/training/reward.json

Once the tokenizer has no padding token, so that TRL pads with EOS and reads the score off the token before it.
"""

import pathlib
import sys

import torch
from common import fingerprint, in_order, plain, random_pairs, steps_of, tokenizer, usual, write
from datasets import Dataset
from peft import LoraConfig
from transformers import AutoModelForSequenceClassification
from trl import RewardConfig, RewardTrainer

STEPS, PAIRS = 12, 4
LORA = dict(task_type="SEQ_CLS", r=2, lora_alpha=8, target_modules=["q_proj", "v_proj", "down_proj"], modules_to_save=["score"])
CASES = {
    "full, padded with EOS": (None, dict(learning_rate=1e-3)),
    "full, padded with a token of its own, centred": ("<pad>", dict(learning_rate=1e-3, center_rewards_coefficient=0.05)),
    "adapter": ("<pad>", dict(learning_rate=1e-2)),
}


def run(folder, pairs, name, pad_token, settings):
    torch.manual_seed(3)
    model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=1, dtype=torch.float32)
    rows = [{f"{part}_ids": pair["prompt"] + pair[part] for part in ["chosen", "rejected"]} for pair in pairs]
    trainer = in_order(RewardTrainer)(
        model=model,
        args=RewardConfig(**usual(STEPS, per_device_train_batch_size=PAIRS, **settings)),
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer(pad_token),
        peft_config=LoraConfig(**LORA) if name == "adapter" else None,
    )
    trained = [(plain(key), value) for key, value in trainer.model.named_parameters() if value.requires_grad]
    start = {key: value.tolist() for key, value in trained if key == "score.weight" or "lora_A" in key}
    trainer.train()
    scores = trainer.model.eval()(input_ids=torch.tensor([rows[0]["chosen_ids"]])).logits.item()
    return {
        "start": start,
        "padTokenId": trainer.model.config.pad_token_id,
        "steps": steps_of(trainer, 1, ["accuracy", "margin", "mean_reward"]),
        "weights": fingerprint(trained),
        "scoreOfFirst": scores,
    }


def main(folder, out):
    pairs = random_pairs(STEPS * PAIRS, seed=12)
    cases = {name: run(folder, pairs, name, *case) for name, case in CASES.items()}
    write(out, {"pairs": pairs, "lora": {"rank": LORA["r"], "alpha": LORA["lora_alpha"], "targets": LORA["target_modules"]}, "cases": cases})


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
