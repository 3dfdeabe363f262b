"""Records the gradient that torch computes for every weight of the families' tiny models: of the summed log-prob of each token
given those before it, over the rows of golden.json.

    python test/golden/models/gradients.py test/assets/models test/assets/models/gradients.json
"""

import json
import pathlib
import sys

import torch
from families import FAMILIES, FURTHER, LAYERED, write
from transformers import AutoModelForCausalLM


def probe(parameter):
    """Weights of a sum over the gradient that no two entries share."""
    return torch.cos(torch.arange(parameter.numel(), dtype=torch.float64)).reshape(parameter.shape)


def as_saved(model, name):
    """GPT-NeoX's head has another name in files than in memory."""
    return name.replace("lm_head", "embed_out") if model.config.model_type == "gpt_neox" else name


def record(folder):
    golden = folder / "golden.json"
    recorded = json.loads((golden if golden.exists() else folder / "alone.json").read_text())
    model = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).eval()
    total = 0
    for ids, length in zip(recorded["ids"], recorded["lengths"], strict=True):
        row = torch.tensor([ids[:length]])
        log_probs = torch.log_softmax(model(input_ids=row).logits[0, :-1], dim=-1)
        total = total + log_probs.gather(1, row[0, 1:, None]).sum()
    total.backward()
    return {
        "logProb": total.item(),
        "gradients": {
            as_saved(model, name): [parameter.grad.double().norm().item(), (parameter.grad.double() * probe(parameter)).sum().item()]
            for name, parameter in model.named_parameters()
        },
    }


def main(folder, out):
    write(out, {name: record(folder / name) for name in [*FAMILIES, *LAYERED, *FURTHER]})


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
