"""What the recordings of training share: a tokenizer of words w3 … w47 for the tiny Llama of ../models, random pairs, and what is
recorded of weights."""

import json
import random
import tempfile

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from transformers import PreTrainedTokenizerFast

VOCAB = 48
BOS, EOS = 1, 2
WORDS = ["<pad>", "<s>", "</s>", *(f"w{i}" for i in range(3, VOCAB))]


def tokenizer(pad_token):
    plain = Tokenizer(WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="<pad>"))
    plain.pre_tokenizer = WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=plain, bos_token="<s>", eos_token="</s>", pad_token=pad_token)


def random_pairs(count, seed):
    rng = random.Random(seed)
    tokens = lambda low, high: [rng.randrange(3, VOCAB) for _ in range(rng.randint(low, high))]
    return [
        {"prompt": [BOS, *tokens(1, 5)], "chosen": [*tokens(2, 12), EOS], "rejected": [*tokens(2, 12), EOS]}
        for _ in range(count)
    ]


def as_text(ids):
    return " ".join(WORDS[i] for i in ids if i != EOS)


def in_order(trainer_class):
    """The trainer with its data in file order, and the loss of every micro-batch kept unrounded."""

    class InOrder(trainer_class):
        losses = []

        def _get_train_sampler(self, dataset=None):
            return torch.utils.data.SequentialSampler(self.train_dataset if dataset is None else dataset)

        def compute_loss(self, model, inputs, *args, **kwargs):
            loss = super().compute_loss(model, inputs, *args, **kwargs)
            self.losses.append(loss.item())
            return loss

    InOrder.losses = []
    return InOrder


def usual(steps, **more):
    """Trainer arguments: float32 on the CPU, nothing random, every step logged, gradients measured but not clipped."""
    return {
        **dict(output_dir=tempfile.mkdtemp(), max_steps=steps, logging_steps=1, save_strategy="no", report_to=[], seed=0),
        **dict(use_cpu=True, bf16=False, gradient_checkpointing=False, disable_tqdm=True, max_grad_norm=1e9),
        **dict(lr_scheduler_type="constant", learning_rate=1e-3, weight_decay=0.0, dataloader_pin_memory=False),
        **more,
    }


def steps_of(trainer, micro_batches, names, parts_of_sum=False):
    """Per step what was logged; the losses of its micro-batches are means of their own, or parts of the step's."""
    logs = [entry for entry in trainer.state.log_history if "loss" in entry]
    losses = trainer.losses
    groups = [losses[i : i + micro_batches] for i in range(0, len(losses), micro_batches)]
    return [
        {
            "loss": sum(group) if parts_of_sum else sum(group) / len(group),
            "grad_norm": float(entry["grad_norm"]),
            "learning_rate": entry["learning_rate"],
            **{name: entry[name] for name in names},
        }
        for group, entry in zip(groups, logs, strict=True)
    ]


def fingerprint(named_parameters):
    """Sum and norm of each, in double precision."""
    return {
        name: [parameter.detach().double().sum().item(), parameter.detach().double().norm().item()]
        for name, parameter in named_parameters
    }


def plain(name):
    """The name of a weight under PEFT as its file has it."""
    return name.removeprefix("base_model.model.").replace(".default", "").replace(".modules_to_save", "")


def write(path, value):
    path.write_text(json.dumps(value, separators=(",", ":")) + "\n")
