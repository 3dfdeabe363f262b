"""Further configurations of the folders that families.py wrote, with the logits that transformers computes under each: settings in places
and forms that config.json files have, which are easily read as something else.

    python test/golden/models/variants.py test/assets/models

Writes variants.json: by name {folder, changes, ids, logits}. `changes` replace fields of the folder's config.json; null removes one.
`logits` are those of the last position of one row, which is longer than every window and first context.
"""

import json
import pathlib
import shutil
import sys
import tempfile

import torch
from families import token_rows, write
from transformers import AutoModelForCausalLM

YARN = dict(rope_type="yarn", rope_theta=10000.0, factor=4.0, original_max_position_embeddings=16)
VARIANTS = {
    "mistral with a window on some layers": ("mistral", {"layer_types": ["full_attention", "sliding_attention"]}),
    "mistral with layers in their older words": ("mistral", {"layer_types": ["sliding_attention", "attention"]}),
    "ministral": ("mistral", {"model_type": "ministral", "layer_types": ["sliding_attention", "full_attention"]}),
    "smollm3 with listed windows that are not in use": (
        "smollm3",
        {"use_sliding_window": False, "layer_types": ["sliding_attention", "full_attention", "full_attention"]},
    ),
    "smollm3 with more rotations listed than layers": ("smollm3", {"no_rope_layers": [0, 1, 1, 0, 1]}),
    "gemma3 with a scaling next to its rotations": ("gemma3", {"rope_scaling": {"rope_type": "linear", "factor": 2.0}}),
    "olmo3 with a first context outside its rotations": ("olmo3", {"original_max_position_embeddings": 200}),
    "llama with fields of GPT-NeoX": ("llama", {"rotary_pct": 0.5, "rotary_emb_base": 100}),
    "llama with a share of 1": ("llama", {"partial_rotary_factor": 1.0}),
    "llama with YaRN bounds of 0": ("llama", {"rope_parameters": {**YARN, "beta_fast": 0, "beta_slow": 0}}),
    "gpt-neox with fields of Llama": (
        "gpt-neox",
        {"rope_parameters": None, "rope_theta": 100.0, "partial_rotary_factor": 1.0},
    ),
}


def record(out, folder, changes):
    with tempfile.TemporaryDirectory() as place:
        changed = pathlib.Path(place) / "model"
        shutil.copytree(out / folder, changed)
        config = json.loads((changed / "config.json").read_text()) | changes
        (changed / "config.json").write_text(json.dumps({k: v for k, v in config.items() if v is not None}))
        model = AutoModelForCausalLM.from_pretrained(changed, attn_implementation="eager", dtype=torch.float32).eval()
    ids, _ = token_rows([40], seed=7)
    with torch.no_grad():
        logits = model(input_ids=ids).logits[0, -1]
    return {
        "folder": folder,
        "changes": changes,
        "ids": ids[0].tolist(),
        "logits": [round(x, 5) for x in logits.tolist()],
    }


if __name__ == "__main__":
    out = pathlib.Path(sys.argv[1])
    write(out / "variants.json", {name: record(out, *variant) for name, variant in VARIANTS.items()})
