"""Writes tiny random-weight models of every supported family, with the logits that transformers computes for them.

    python test/golden/models/families.py test/assets/models

Each folder is what save_pretrained writes, plus golden.json: {ids, lengths, logits}: logits at every real position, row after
row. Families whose layers differ from one another add {greedy}: what generate continues the first row's beginning with; of the
others, alone.json has that and the last logits of three rows. llama/ropes.json holds further configurations of the llama folder's weights, one for each rotary scaling.
"""

import json
import pathlib
import sys

import torch
from transformers import (
    AutoModelForCausalLM,
    Gemma2Config,
    Gemma3TextConfig,
    GemmaConfig,
    GPT2Config,
    GPTNeoConfig,
    GPTNeoXConfig,
    GraniteConfig,
    LlamaConfig,
    MistralConfig,
    Olmo2Config,
    Olmo3Config,
    OPTConfig,
    Phi3Config,
    Qwen2Config,
    Qwen3Config,
    SmolLM3Config,
    StableLmConfig,
    Starcoder2Config,
)

VOCAB = 48
LENGTHS = [14, 9]
# Beyond, at and just below a window of 6 and a first context of 16.
THREE_LENGTHS = [24, 6, 16]
PROMPT = 9
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
LAYERED = {
    "qwen2-windowed": Qwen2Config(**LLAMA, use_sliding_window=True, sliding_window=6, max_window_layers=1),
    "gemma3": Gemma3TextConfig(
        **{**LLAMA, "num_hidden_layers": 3},
        head_dim=12,
        query_pre_attn_scalar=9,
        sliding_window=6,
        sliding_window_pattern=2,
        rope_parameters={
            "sliding_attention": {"rope_type": "default", "rope_theta": 100.0},
            "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 5000.0},
        },
    ),
    "olmo2": Olmo2Config(**LLAMA, pad_token_id=0),
    "olmo3": Olmo3Config(
        **{**LLAMA, "num_hidden_layers": 4},
        pad_token_id=0,
        sliding_window=6,
        rope_parameters={
            "sliding_attention": {"rope_type": "default", "rope_theta": 500.0},
            "full_attention": {
                "rope_type": "yarn",
                "factor": 4.0,
                "original_max_position_embeddings": 16,
                "attention_factor": 1.2,
                "rope_theta": 500.0,
            },
        },
    ),
    "smollm3": SmolLM3Config(
        **{**LLAMA, "num_hidden_layers": 3},
        pad_token_id=0,
        no_rope_layer_interval=2,
        use_sliding_window=True,
        sliding_window=6,
    ),
    "granite": GraniteConfig(
        **LLAMA,
        attention_bias=True,
        embedding_multiplier=3.0,
        residual_multiplier=0.6,
        attention_multiplier=0.25,
        logits_scaling=2.0,
    ),
    "phi3": Phi3Config(**LLAMA, pad_token_id=0, sliding_window=6),
    "phi4-mini": Phi3Config(
        **LLAMA,
        pad_token_id=0,
        tie_word_embeddings=True,
        original_max_position_embeddings=16,
        partial_rotary_factor=0.75,
        rope_parameters={
            "rope_type": "longrope",
            "rope_theta": 10000.0,
            "short_factor": [1.0, 1.2, 1.4],
            "long_factor": [1.0, 2.5, 4.0],
        },
    ),
}
# Families that differ from those above in a few parts: norms, biases, gates, learned positions.
FURTHER = {
    "gemma": GemmaConfig(**LLAMA, head_dim=12, hidden_act="gelu"),
    "gpt-neo": GPTNeoConfig(
        vocab_size=VOCAB,
        hidden_size=32,
        num_layers=2,
        attention_types=[[["global", "local"], 1]],
        num_heads=4,
        intermediate_size=40,
        window_size=6,
        max_position_embeddings=64,
        bos_token_id=1,
        eos_token_id=2,
    ),
    "opt": OPTConfig(
        vocab_size=VOCAB,
        hidden_size=32,
        num_hidden_layers=2,
        ffn_dim=40,
        max_position_embeddings=64,
        num_attention_heads=4,
        word_embed_proj_dim=32,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
    ),
    "starcoder2": Starcoder2Config(**LLAMA, sliding_window=6),
    "stablelm": StableLmConfig(**LLAMA, use_qkv_bias=True, partial_rotary_factor=0.5),
    "stablelm-parallel": StableLmConfig(**LLAMA, use_parallel_residual=True, partial_rotary_factor=0.25),
    "gemma2": Gemma2Config(
        **LLAMA,
        head_dim=12,
        query_pre_attn_scalar=9,
        sliding_window=6,
        attn_logit_softcapping=2.0,
        final_logit_softcapping=3.0,
    ),
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


def record_alone(model, lengths, last_only=False):
    """Row by row: LongRoPE chooses its factors by the longest row of a batch."""
    ids, _ = token_rows(lengths, seed=7)
    with torch.no_grad():
        logits = [model(input_ids=ids[r : r + 1, :length]).logits[0] for r, length in enumerate(lengths)]
    prompt = ids[:1, :PROMPT]
    # Without transformers' cache, which forgets the prompt where a sequence outgrows LongRoPE's first context.
    decoding = dict(do_sample=False, max_new_tokens=24, use_cache=False, eos_token_id=None, pad_token_id=0)
    continued = model.generate(prompt, **decoding)
    positions = [list(range(length - 1 if last_only else 0, length)) for length in lengths]
    return {
        "ids": ids.tolist(),
        "lengths": lengths,
        "positions": positions,
        "logits": [
            [[round(x, 5) for x in row[position].tolist()] for position in wanted]
            for row, wanted in zip(logits, positions)
        ],
        "greedy": {"prompt": prompt[0].tolist(), "continued": continued[0, PROMPT:].tolist()},
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
        # Short: the last position of three rows, and what greedy decoding continues with.
        write(folder / "alone.json", record_alone(saved, THREE_LENGTHS, last_only=True))
        print(name, sum(p.numel() for p in model.parameters()))
    for number, (name, config) in enumerate(LAYERED.items()):
        model = build(config)
        randomise(model, seed=50 + number)
        folder = out / name
        model.to(torch.bfloat16).save_pretrained(folder)
        saved = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).eval()
        write(folder / "golden.json", record_alone(saved, THREE_LENGTHS))
        print(name, sum(p.numel() for p in model.parameters()))
    for number, (name, config) in enumerate(FURTHER.items()):
        model = build(config)
        randomise(model, seed=80 + number)
        folder = out / name
        model.to(torch.bfloat16).save_pretrained(folder)
        saved = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).eval()
        write(folder / "alone.json", record_alone(saved, THREE_LENGTHS, last_only=True))
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
