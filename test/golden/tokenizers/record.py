"""Trains a small tokeniser of each kind that the supported families use, and records what transformers makes of the texts.

    python test/golden/tokenizers/record.py test/assets/tokenizers

Each folder is what save_pretrained writes, plus golden.json: {texts: [{text, ids, plainIds, decoded, decodedAll}], chats: [{messages,
prompt, text, ids}]}.
"""

import json
import pathlib
import sys

from texts import CHATS, SPECIAL_TEXTS, TEXTS
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

LLAMA3_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN_SPLIT = LLAMA3_SPLIT.replace(r"\p{N}{1,3}", r"\p{N}")

CHATML = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n' }}{% endif %}"
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
HEADERS = (
    "{{- bos_token }}\n{%- if messages[0]['role'] == 'system' %}\n    {%- set system_message = messages[0]['content']|trim %}\n"
    "    {%- set messages = messages[1:] %}\n{%- else %}\n    {%- set system_message = '' %}\n{%- endif %}\n"
    "{{- '<|start_header_id|>system<|end_header_id|>\n\n' + system_message + '<|eot_id|>' }}\n"
    "{%- for message in messages %}\n    {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' }}\n"
    "    {{- message['content'] | trim + '<|eot_id|>' }}\n{%- endfor %}\n"
    "{%- if add_generation_prompt %}\n    {{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}\n{%- endif %}\n"
)
INSTRUCT = (
    "{%- if messages[0]['role'] == 'system' %}{%- set system = messages[0]['content'] + '\n\n' %}{%- set loop_messages = messages[1:] %}"
    "{%- else %}{%- set system = '' %}{%- set loop_messages = messages %}{%- endif %}{{ bos_token }}"
    "{%- for message in loop_messages %}{%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Roles must alternate') }}{%- endif %}{%- if message['role'] == 'user' %}"
    "{{ '[INST] ' + (system if loop.index0 == 0 else '') + message['content'] + ' [/INST]' }}"
    "{%- else %}{{ ' ' + message['content'] + eos_token }}{%- endif %}{%- endfor %}"
)


def corpus():
    return [*TEXTS, *(turn["content"] for chat in CHATS for turn in chat)] * 3


def byte_level(normalizer, pre_tokenizer, specials, bos, add_bos):
    tokenizer = Tokenizer(models.BPE(ignore_merges=add_bos))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=420, initial_alphabet=alphabet, special_tokens=specials, show_progress=False)
    tokenizer.train_from_iterator(corpus(), trainer)
    if add_bos:
        template = processors.TemplateProcessing(single=f"{bos} $A", special_tokens=[(bos, tokenizer.token_to_id(bos))])
        tokenizer.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), template])
    else:
        tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer


def split_then_bytes(pattern):
    return pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )


def metaspace(legacy):
    """Llama 1/2 (legacy: normaliser) and Mistral's newer form (Metaspace pre-tokeniser)."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    specials = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    trainer = trainers.BpeTrainer(vocab_size=560, special_tokens=specials, limit_alphabet=90, show_progress=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    tokenizer.train_from_iterator(corpus(), trainer)
    state = json.loads(tokenizer.to_str())
    # Bytes are ordinary vocabulary, not added tokens, as in sentencepiece conversions.
    state["added_tokens"] = [token for token in state["added_tokens"] if token["id"] < 3]
    tokenizer = Tokenizer.from_str(json.dumps(state))
    if legacy:
        tokenizer.pre_tokenizer = None
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    tokenizer.decoder = decoders.Sequence(steps)
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return tokenizer


def kinds():
    byte_split = pre_tokenizers.ByteLevel(add_prefix_space=False)
    endoftext = AddedToken("<|endoftext|>", special=True)
    im = [AddedToken("<|im_start|>", special=True), AddedToken("<|im_end|>", special=True)]
    headers = ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
    yield "gpt2", byte_level(None, byte_split, [endoftext], None, False), dict(
        bos_token="<|endoftext|>", eos_token="<|endoftext|>", unk_token="<|endoftext|>"
    )
    yield "neox", byte_level(normalizers.NFC(), byte_split, [endoftext, AddedToken("  ", normalized=True)], None, False), dict(
        bos_token="<|endoftext|>", eos_token="<|endoftext|>"
    )
    yield "llama3", byte_level(None, split_then_bytes(LLAMA3_SPLIT), headers, headers[0], True), dict(
        bos_token=headers[0], eos_token=headers[4], chat_template=HEADERS
    )
    yield "qwen2", byte_level(normalizers.NFC(), split_then_bytes(QWEN_SPLIT), [endoftext, *im], None, False), dict(
        eos_token="<|im_end|>", pad_token="<|endoftext|>", chat_template=CHATML
    )
    yield "llama2", metaspace(True), dict(bos_token="<s>", eos_token="</s>", unk_token="<unk>", chat_template=INSTRUCT)
    yield "mistral", metaspace(False), dict(bos_token="<s>", eos_token="</s>", unk_token="<unk>", chat_template=INSTRUCT)


def golden(tokenizer):
    names = {"bos": tokenizer.bos_token or tokenizer.eos_token, "eos": tokenizer.eos_token}
    texts = []
    for text in [*TEXTS, *(special.format(**names) for special in SPECIAL_TEXTS)]:
        ids = tokenizer.encode(text)
        texts.append(
            {
                "text": text,
                "ids": ids,
                "plainIds": tokenizer.encode(text, add_special_tokens=False),
                "decoded": tokenizer.decode(ids, skip_special_tokens=True),
                "decodedAll": tokenizer.decode(ids, skip_special_tokens=False),
            }
        )
    chats = []
    for messages in CHATS if tokenizer.chat_template else []:
        for prompt in (False, True):
            rendered = tokenizer.apply_chat_template(messages, add_generation_prompt=prompt, tokenize=False)
            chats.append(
                {
                    "messages": messages,
                    "prompt": prompt,
                    "text": rendered,
                    "ids": tokenizer.encode(rendered, add_special_tokens=False),
                }
            )
    return {"texts": texts, "chats": chats}


def main(out):
    for name, tokenizer, names in kinds():
        wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, clean_up_tokenization_spaces=False, **names)
        wrapped.save_pretrained(out / name)
        saved = PreTrainedTokenizerFast.from_pretrained(out / name)
        (out / name / "golden.json").write_text(json.dumps(golden(saved), ensure_ascii=False, separators=(",", ":")) + "\n")
        compact = json.loads((out / name / "tokenizer.json").read_text())
        (out / name / "tokenizer.json").write_text(json.dumps(compact, ensure_ascii=False, separators=(",", ":")) + "\n")
        print(name, saved.vocab_size)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
