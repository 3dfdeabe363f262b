"""Opens the folders of write-for-python.ts with transformers and PEFT and compares logits.

    python test/golden/models/check_written.py OUT
"""

import json
import pathlib
import sys

import torch
from families import LENGTHS, record
from peft import AutoPeftModelForCausalLM
from transformers import AutoModelForCausalLM


def largest_difference(ours, theirs):
    return max(abs(a - b) for x, y in zip(ours, theirs) for p, q in zip(x, y) for a, b in zip(p, q))


def main(out):
    worst = 0.0
    for folder in sorted(path for path in out.iterdir() if path.is_dir()):
        kind = AutoPeftModelForCausalLM if folder.name.endswith("-adapter") else AutoModelForCausalLM
        model = kind.from_pretrained(folder, dtype=torch.float32).eval()
        difference = largest_difference(json.loads((folder / "logits.json").read_text()), record(model, LENGTHS)["logits"])
        print(f"{folder.name:32} {difference:.1e}")
        worst = max(worst, difference)
    sys.exit(0 if worst < 1e-4 else 1)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
