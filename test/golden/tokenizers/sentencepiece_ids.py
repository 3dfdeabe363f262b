"""What sentencepiece itself makes of the texts with stories15M's vocabulary (the Llama one), for the conversion's test.

    python test/golden/tokenizers/sentencepiece_ids.py <folder of stories15m> test/assets/stories15m-ids.json [texts.json ids.json]

The sentencepiece model is rebuilt from tokenizer.json's vocabulary: pieces in order, byte pieces, and scores that fall with the
id, as in Llama's own model. Control tokens spelled out in a text are left out: sentencepiece never reads them as such. With two more files, a JSON list of texts is encoded too (for a comparison by hand on many texts).
"""

import json
import pathlib
import sys

import sentencepiece
from sentencepiece import sentencepiece_model_pb2 as schema
from texts import TEXTS


def rebuild(vocabulary):
    model = schema.ModelProto()
    model.trainer_spec.model_type = schema.TrainerSpec.BPE
    model.trainer_spec.byte_fallback = True
    model.trainer_spec.vocab_size = len(vocabulary)
    model.trainer_spec.unk_surface = " \u2047 "
    model.normalizer_spec.name = "identity"
    model.normalizer_spec.add_dummy_prefix = True
    model.normalizer_spec.remove_extra_whitespaces = False
    model.normalizer_spec.escape_whitespaces = True
    kinds = schema.ModelProto.SentencePiece
    for text, number in sorted(vocabulary.items(), key=lambda entry: entry[1]):
        kind = kinds.UNKNOWN if number == 0 else kinds.CONTROL if number < 3 else kinds.BYTE if number < 259 else kinds.NORMAL
        blanks = kind == kinds.NORMAL and len(text) > 1 and set(text) == {"\u2581"}
        score = -1e9 if blanks else 0.0 if number < 259 else float(259 - number)
        model.pieces.add(piece=text, score=score, type=kind)
    return sentencepiece.SentencePieceProcessor(model_proto=model.SerializeToString())


def main(folder, out, *many):
    vocabulary = json.loads((pathlib.Path(folder) / "tokenizer.json").read_text())["model"]["vocab"]
    processor = rebuild(vocabulary)
    rows = [{"text": text, "ids": processor.encode(text)} for text in TEXTS if "<unk>" not in text]
    pathlib.Path(out).write_text(json.dumps(rows, ensure_ascii=False, separators=(",", ":")) + "\n")
    if many:
        texts = json.loads(pathlib.Path(many[0]).read_text())
        pathlib.Path(many[1]).write_text(json.dumps([processor.encode(text) for text in texts]))


if __name__ == "__main__":
    main(*sys.argv[1:])
