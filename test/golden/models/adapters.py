"""Puts a random LoRA adapter of PEFT on some of the folders that families.py wrote, as <family>-adapter, with the logits of the
adapted model in golden.json.

    python test/golden/models/adapters.py test/assets/models
"""

import pathlib
import sys

import torch
from families import LENGTHS, record, write
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

ADAPTERS = {
    "llama": dict(r=3, lora_alpha=6, target_modules=["q_proj", "v_proj", "down_proj"]),
    "gpt2": dict(r=2, lora_alpha=4, target_modules=["c_attn", "c_proj"], fan_in_fan_out=True),
    "gpt-neox": dict(r=4, lora_alpha=4, target_modules="all-linear", use_rslora=True),
}


def base(folder):
    return AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).eval()


def write_all(out):
    for number, (family, settings) in enumerate(ADAPTERS.items()):
        config = LoraConfig(task_type="CAUSAL_LM", **settings)
        model = get_peft_model(base(out / family), config).eval()
        generator = torch.Generator().manual_seed(100 + number)
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                if "lora_" in name:
                    parameter.copy_(0.3 * torch.randn(parameter.shape, generator=generator))
        # A path of this machine has no place in the asset.
        model.peft_config["default"].base_model_name_or_path = f"../{family}"
        folder = out / f"{family}-adapter"
        model.save_pretrained(folder)
        (folder / "README.md").unlink(missing_ok=True)
        write(folder / "golden.json", record(model, LENGTHS))
        print(family, sorted(path.name for path in folder.iterdir()))


if __name__ == "__main__":
    write_all(pathlib.Path(sys.argv[1]))
