"""Records CHES (arXiv 2410.08847, definition 2, length-normalised) of the pairs of dpo.json, from transformers' hidden states.

    python test/golden/training/ches.py test/assets/models/llama test/assets/training/dpo.json test/assets/training/ches.json
"""

import json
import pathlib
import sys

import torch
from common import write
from transformers import AutoModelForCausalLM

PAIRS = 12


def mean_state(model, prompt, response):
    """Of the last hidden states in front of each token of the response: those that predict it."""
    with torch.no_grad():
        hidden = model(torch.tensor([prompt + response]), output_hidden_states=True).hidden_states[-1][0]
    return hidden[len(prompt) - 1 : len(prompt) + len(response) - 1].double().mean(0)


def ches(model, pair):
    chosen, rejected = (mean_state(model, pair["prompt"], pair[side]) for side in ("chosen", "rejected"))
    return (chosen @ rejected - chosen @ chosen).item()


def main(folder, pairs, out):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    write(out, {"scores": [ches(model, pair) for pair in json.loads(pairs.read_text())["pairs"][:PAIRS]]})


if __name__ == "__main__":
    main(*map(pathlib.Path, sys.argv[1:]))
