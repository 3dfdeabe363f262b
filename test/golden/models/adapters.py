"""Puts a random LoRA adapter of PEFT on some of the folders that families.py wrote, as <family>-adapter, with the logits of the
adapted model in golden.json; and one on the llama folder as a reward model, as llama-reward-adapter, with its scores.

    python test/golden/models/adapters.py test/assets/models
"""

import pathlib
import sys

import torch
from families import LENGTHS, record, token_rows, write
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

ADAPTERS = {
    "llama": dict(r=3, lora_alpha=6, target_modules=["q_proj", "v_proj", "down_proj"]),
    "gpt2": dict(r=2, lora_alpha=4, target_modules=["c_attn", "c_proj"], fan_in_fan_out=True),
    "gpt-neox": dict(r=4, lora_alpha=4, target_modules="all-linear", use_rslora=True),
}

# What PEFT trains beyond plain LoRA: merged into the base, never put on it. Folders are <family>-foreign-<name>.
FOREIGN = {
    ("llama", "dora"): dict(
        r=2,
        lora_alpha=4,
        use_dora=True,
        target_modules=["q_proj", "v_proj", "down_proj"],
        rank_pattern={"layers.1.self_attn.q_proj": 5, "down_proj": 3},
        alpha_pattern={"layers.0.*v_proj": 9, "mlp.down_proj": 1},
    ),
    ("gpt2", "biases"): dict(
        r=2, lora_alpha=4, use_dora=True, bias="all", target_modules=["c_attn", "c_proj"], fan_in_fan_out=True
    ),
    ("gemma3", "embedding"): dict(
        r=2, lora_alpha=3, use_rslora=True, target_modules="all-linear", modules_to_save=["embed_tokens", "q_norm"]
    ),
    ("qwen2", "head"): dict(r=2, lora_alpha=4, target_modules=["q_proj", "lm_head"]),
    ("phi3", "fused"): dict(
        r=3, lora_alpha=6, target_modules=["qkv_proj", "gate_up_proj"], modules_to_save=["lm_head", "input_layernorm"]
    ),
    # Under a tied head, with an embedding that is scaled.
    ("gemma3", "tokens"): dict(r=3, lora_alpha=6, use_rslora=True, target_modules=["embed_tokens", "q_proj"]),
    # A block saved whole, and norms by the end of their names.
    ("olmo2", "blocks"): dict(r=2, lora_alpha=4, target_modules=["q_proj"], modules_to_save=["mlp", "norm"]),
    # The head has another name in memory than in files.
    ("gpt-neox", "head"): dict(r=2, lora_alpha=4, target_modules=["dense", "lm_head"]),
}


# Embedding and head come along, as after training with all of them; the second model ties them. Folders are <family>-foreign-vocabulary.
VOCABULARIES = {
    "llama": dict(r=2, lora_alpha=4, target_modules=["q_proj"]),
    "qwen2": dict(r=2, lora_alpha=4, target_modules=["q_proj"]),
}


def base(folder):
    return AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).eval()


def randomise(model, seed):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.copy_(0.3 * torch.randn(parameter.shape, generator=generator))


def save(model, family, folder, golden, **options):
    # A path of this machine has no place in the asset.
    model.peft_config["default"].base_model_name_or_path = f"../{family}"
    model.save_pretrained(folder, **options)
    (folder / "README.md").unlink(missing_ok=True)
    write(folder / "golden.json", golden)
    print(family, sorted(path.name for path in folder.iterdir()))


def scores(model, lengths):
    """Scores where 0, which no row holds, is the padding token."""
    model.config.pad_token_id = 0
    ids, mask = token_rows(lengths, seed=7)
    with torch.no_grad():
        logits = model(input_ids=ids, attention_mask=mask).logits
    return {"ids": ids.tolist(), "lengths": lengths, "scores": logits[:, 0].tolist()}


def write_all(out):
    for number, (family, settings) in enumerate(ADAPTERS.items()):
        config = LoraConfig(task_type="CAUSAL_LM", **settings)
        model = get_peft_model(base(out / family), config).eval()
        randomise(model, seed=100 + number)
        save(model, family, out / f"{family}-adapter", record(model, LENGTHS))
    for number, ((family, name), settings) in enumerate(FOREIGN.items()):
        config = LoraConfig(task_type="CAUSAL_LM", **settings)
        model = get_peft_model(base(out / family), config).eval()
        randomise(model, seed=300 + number)
        save(model, family, out / f"{family}-foreign-{name}", record(model, LENGTHS))
    for number, (family, settings) in enumerate(VOCABULARIES.items()):
        model = get_peft_model(base(out / family), LoraConfig(task_type="CAUSAL_LM", **settings)).eval()
        randomise(model, seed=400 + number)
        with torch.no_grad():
            for module in {model.get_input_embeddings().weight, model.get_output_embeddings().weight}:
                module.mul_(-0.5)
        folder = out / f"{family}-foreign-vocabulary"
        save(model, family, folder, {}, save_embedding_layers=True)
        # Loaded again, for what PEFT makes of the file.
        write(folder / "golden.json", record(PeftModel.from_pretrained(base(out / family), folder).eval(), LENGTHS))
    classifier = AutoModelForSequenceClassification.from_pretrained(out / "llama", num_labels=1, dtype=torch.float32)
    config = LoraConfig(task_type="SEQ_CLS", r=2, lora_alpha=4, target_modules=["q_proj", "up_proj"])
    model = get_peft_model(classifier, config).eval()
    randomise(model, seed=200)
    save(model, "llama", out / "llama-reward-adapter", scores(model, LENGTHS))


if __name__ == "__main__":
    write_all(pathlib.Path(sys.argv[1]))
