"""Writes tiny random-weight models of every supported family, with the logits that transformers computes for them.

    python test/golden/models/families.py test/assets/models

Each folder is what save_pretrained writes, plus golden.json: {ids, lengths, logits}: logits at every real position, row after
row. llama/ropes.json holds further configurations of the llama folder's weights, one for each rotary scaling.
"""

import json
import pathlib
import sys

import torch
from transformers import AutoModelForCausalLM, GPT2Config, GPTNeoXConfig, LlamaConfig, MistralConfig, Qwen2Config, Qwen3Config

VOCAB = 48
LENGTHS = [14, 9]
LLAMA = dict(
    vocab_size=VOCAB,
    hidden_size=32,
    intermediate_size=40,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    max_position_embeddings=64,
    bos_token_id=1,
    eos_token_id=2,
)
NEOX = dict(
    vocab_size=VOCAB,
    hidden_size=32,
    intermediate_size=40,
    num_hidden_layers=2,
    num_attention_heads=2,
    max_position_embeddings=64,
    rotary_pct=0.25,
    bos_token_id=1,
    eos_token_id=2,
)
FAMILIES = {
    "llama": (LlamaConfig(**LLAMA, rms_norm_eps=1e-5, tie_word_embeddings=False), torch.float32, None),
    "llama-biased": (LlamaConfig(**LLAMA, attention_bias=True, mlp_bias=True, tie_word_embeddings=True), torch.bfloat16, None),
    "mistral": (MistralConfig(**LLAMA, sliding_window=6), torch.float16, "16KB"),
    "qwen2": (Qwen2Config(**LLAMA, tie_word_embeddings=True), torch.float16, None),
    "qwen3": (Qwen3Config(**LLAMA, head_dim=12), torch.bfloat16, None),
    "gpt2": (
        GPT2Config(vocab_size=VOCAB, n_embd=32, n_layer=2, n_head=4, n_positions=64, bos_token_id=1, eos_token_id=2),
        torch.float16,
        None,
    ),
    "gpt-neox": (GPTNeoXConfig(**NEOX), torch.float16, None),
    "gpt-neox-sequential": (GPTNeoXConfig(**NEOX, use_parallel_residual=False), torch.float16, None),
}
ROPES = {
    "linear": dict(rope_type="linear", factor=4.0),
    "dynamic": dict(rope_type="dynamic", factor=2.0),
    "yarn": dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=16),
    "llama3": dict(
        rope_type="llama3",
        factor=8.0,
        low_freq_factor=1.0,
        high_freq_factor=4.0,
        original_max_position_embeddings=16,
    ),
    "longrope": dict(
        rope_type="longrope",
        factor=4.0,
        original_max_position_embeddings=16,
        short_factor=[1.0, 1.1, 1.2, 1.3],
        long_factor=[1.0, 1.5, 2.5, 4.0],
    ),
}


def randomise(model, seed):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            is_gain = parameter.dim() == 1 and name.endswith("weight")
            parameter.copy_(1 + 0.2 * noise if is_gain else 0.25 * noise)


def token_rows(lengths, seed):
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(3, VOCAB, (len(lengths), max(lengths)), generator=generator)
    ids[:, 0] = 1
    mask = torch.zeros_like(ids)
    for row, length in enumerate(lengths):
        ids[row, length:] = 0
        mask[row, :length] = 1
    return ids, mask


def record(model, lengths, positions=None):
    ids, mask = token_rows(lengths, seed=7)
    with torch.no_grad():
        logits = model(input_ids=ids, attention_mask=mask).logits
    wanted = [range(length) if positions is None else positions for length in lengths]
    return {
        "ids": ids.tolist(),
        "lengths": lengths,
        "positions": [list(row) for row in wanted],
        "logits": [[[round(x, 5) for x in logits[r, p].tolist()] for p in row] for r, row in enumerate(wanted)],
    }


def build(config):
    return AutoModelForCausalLM.from_config(config, attn_implementation="eager", dtype=torch.float32).eval()


def write(path, value):
    path.write_text(json.dumps(value, separators=(",", ":")) + "\n")


def main(out):
    for number, (name, (config, dtype, shard)) in enumerate(FAMILIES.items()):
        model = build(config)
        randomise(model, seed=number)
        folder = out / name
        model.to(dtype).save_pretrained(folder, **({} if shard is None else {"max_shard_size": shard}))
        # Loaded again, so that the logits belong to the rounded weights, with rotary frequencies that were never rounded.
        saved = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).eval()
        write(folder / "golden.json", record(saved, LENGTHS))
        print(name, sum(p.numel() for p in model.parameters()))
    weights = build(FAMILIES["llama"][0])
    randomise(weights, seed=0)
    ropes = {}
    for name, parameters in ROPES.items():
        positions = 16 if name == "dynamic" else 64
        config = LlamaConfig(
            **{**LLAMA, "max_position_embeddings": positions},
            rms_norm_eps=1e-5,
            tie_word_embeddings=False,
            rope_parameters={"rope_theta": 10000.0, **parameters},
        )
        model = build(config)
        model.load_state_dict(weights.state_dict())
        ropes[name] = {
            "config": json.loads(config.to_json_string(use_diff=False)),
            "short": record(model, [12], positions=[11]),
            "long": record(model, [40], positions=[3, 20, 39]),
        }
        for key in [k for k in ropes[name]["config"] if k not in KEEP]:
            del ropes[name]["config"][key]
    write(out / "llama" / "ropes.json", ropes)


KEEP = {*LLAMA, "architectures", "model_type", "rope_parameters", "rms_norm_eps", "hidden_act", "head_dim", "tie_word_embeddings"}

if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
