"""Opens the folders of write-for-python.ts with transformers and PEFT and compares logits and scores.

    python test/golden/models/check_written.py OUT
"""

import json
import pathlib
import sys

import torch
from adapters import scores
from families import LENGTHS, record
from peft import AutoPeftModelForCausalLM, PeftConfig, PeftModel
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification


def flat(rows):
    return torch.cat([torch.tensor(row).flatten() for row in rows])


def read(folder, name):
    return flat(json.loads((folder / name).read_text()))


def reward_model(folder):
    adapted = (folder / "adapter_config.json").exists()
    source = PeftConfig.from_pretrained(folder).base_model_name_or_path if adapted else folder
    model = AutoModelForSequenceClassification.from_pretrained(source, num_labels=1, dtype=torch.float32)
    return PeftModel.from_pretrained(model, folder) if adapted else model


def difference(folder):
    if (folder / "scores.json").exists():
        return read(folder, "scores.json") - flat(scores(reward_model(folder).eval(), LENGTHS)["scores"])
    kind = AutoPeftModelForCausalLM if folder.name.endswith("-adapter") else AutoModelForCausalLM
    model = kind.from_pretrained(folder, dtype=torch.float32).eval()
    return read(folder, "logits.json") - flat(record(model, LENGTHS)["logits"])


def main(out):
    worst = 0.0
    for folder in sorted(path for path in out.iterdir() if path.is_dir()):
        largest = difference(folder).abs().max().item()
        print(f"{folder.name:32} {largest:.1e}")
        worst = max(worst, largest)
    sys.exit(0 if worst < 1e-4 else 1)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
