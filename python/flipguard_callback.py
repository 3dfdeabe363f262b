"""Per-sample numbers of a DPO run of TRL, in the form that FlipGuard Workbench reads, and FlipGuard itself for TRL.

    from flipguard_callback import FlipGuardCallback          # a DPOTrainer as it is, told sample by sample
    trainer = DPOTrainer(...)
    trainer.add_callback(FlipGuardCallback(trainer))

    from flipguard_callback import FlipGuardDPOTrainer, Guard  # the guarded loss
    trainer = FlipGuardDPOTrainer(..., guard=Guard(epsilon=0.0, weight=1.0))

Both write OUTPUT_DIR/flipguard/events.ndjson, which `flipguard import run OUTPUT_DIR` and `flipguard watch OUTPUT_DIR` take in: for
each training pair its log-probs, margins and whether FlipGuard's condition held, and for each pair of the evaluation data whether the
chosen response was ahead, before training and at each evaluation.

One file; it needs torch, transformers and TRL 1.x, and no other package. Copy it next to your training script.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
import unicodedata
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
import trl
from accelerate.utils import gather_object
from datasets import Dataset
from transformers import TrainerCallback
from trl import DPOTrainer

# Share of a summed log-prob within which two passes over the same weights may differ: a smaller fall says nothing.
ROUNDING = 1e-5
ROW = "flipguard_row"
NO_ROW = -1
# Numbers of a step that the workbench has under the same names; all others are kept under TRL's.
STEP_METRICS = ("loss", "grad_norm", "learning_rate", "rewards/chosen", "rewards/rejected", "rewards/margins")
STEP_METRICS += ("rewards/accuracies", "logps/chosen", "logps/rejected")
# One optimiser step's own numbers are written when it ends; TRL logs their mean over its logging interval.
OWN = ("guard/loss", "guard/firing_rate", "guard/weight")


@dataclass
class Guard:
    """FlipGuard or one of its controls, with the names and defaults of the workbench's run spec.

    kind: "flipguard", "ungated" (the gate is always open), "random" (it opens with `random_rate`) or "none".
    gate: what may not fall by more than `epsilon`: "sequence", "per-token" or "margin".
    divergence: "ce" (cross-entropy on the chosen response), "kl" (forward KL from the reference, over the vocabulary) or "masked-kl"
        (the same without the chosen response's own token, which is taken out of both distributions).
    reduction: "token-mean" or "token-sum".
    learned_weight: {"rate": r, "target": t} moves the weight by r * (firing rate - t) after each step; None keeps it.
    """

    kind: str = "flipguard"
    gate: str = "sequence"
    divergence: str = "ce"
    reduction: str = "token-mean"
    epsilon: float = 0.0
    weight: float = 1.0
    learned_weight: dict[str, float] | None = None
    random_rate: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        known = {
            "kind": ("none", "flipguard", "ungated", "random"),
            "gate": ("sequence", "per-token", "margin"),
            "divergence": ("ce", "kl", "masked-kl"),
            "reduction": ("token-mean", "token-sum"),
        }
        for field, names in known.items():
            if getattr(self, field) not in names:
                raise ValueError(f"Guard.{field} is one of {', '.join(names)}, not {getattr(self, field)!r}.")
        if self.kind == "random" and self.random_rate is None:
            raise ValueError("A random gate needs its random_rate.")
        if self.epsilon < 0 or self.weight < 0:
            raise ValueError("Guard.epsilon and Guard.weight are at least 0.")


@dataclass
class Sums:
    """Log-probs of a batch of pairs in nats, summed over the tokens of each response; each [pairs]."""

    chosen: torch.Tensor
    rejected: torch.Tensor
    ref_chosen: torch.Tensor
    ref_rejected: torch.Tensor
    chosen_tokens: torch.Tensor


def fall_of(sums: Sums, gate: str, beta: float) -> torch.Tensor:
    """How far the gated quantity fell from the reference to the policy, [pairs]; above 0: it fell."""

    def lost(before: torch.Tensor, now: torch.Tensor) -> torch.Tensor:
        return before - now - before.abs() * ROUNDING

    fallen = lost(sums.ref_chosen, sums.chosen)
    if gate == "per-token":
        fallen = fallen / sums.chosen_tokens
    if gate == "margin":
        fallen = fallen + lost(sums.rejected, sums.ref_rejected)
    return beta * fallen


def fired_of(sums: Sums, guard: Guard, beta: float, generator: torch.Generator) -> torch.Tensor:
    """I(x), [pairs]: 0 or 1, without a gradient."""
    pairs = sums.chosen.detach()
    if guard.kind == "ungated":
        return torch.ones_like(pairs)
    if guard.kind == "none":
        return torch.zeros_like(pairs)
    if guard.kind == "random":
        drawn = torch.rand(pairs.shape, generator=generator).to(pairs.device)
        return (drawn < guard.random_rate).to(pairs.dtype)
    return (fall_of(sums, guard.gate, beta).detach() > guard.epsilon).to(pairs.dtype)


def response_sums(logits: torch.Tensor, inputs: dict[str, Any]) -> torch.Tensor:
    """logits [sequences, time, vocabulary] -> summed log-probs of the responses, [sequences]."""
    labels = inputs["input_ids"][:, 1:]
    mask = inputs["completion_mask"][:, 1:].bool()
    # Row by row: the log-softmax of a whole batch would take as much memory as its logits.
    rows = []
    for row, ids, learnt in zip(logits[:, :-1], labels, mask):
        kept = row[learnt].float()
        rows.append((kept.gather(1, ids[learnt].unsqueeze(1)).squeeze(1) - kept.logsumexp(1)).sum())
    return torch.stack(rows)


def forward_kl(ref_logits: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    """KL(reference || policy) per position over the whole vocabulary, [positions]."""
    before, now = ref_logits.float().log_softmax(1), logits.float().log_softmax(1)
    return (before.exp() * (before - now)).sum(1)


def masked_kl(ref_logits: torch.Tensor, logits: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
    """The same without the response's own token: both distributions leave it out and sum to 1 again."""
    others = torch.ones_like(logits, dtype=torch.bool).scatter(1, ids.unsqueeze(1), False)
    left = (len(logits), logits.shape[1] - 1)
    return forward_kl(ref_logits[others].view(left), logits[others].view(left))


class FlipGuardDPOTrainer(DPOTrainer):
    """TRL's DPOTrainer with FlipGuard's term: loss + weight * mean over pairs of I(x) * D(x), as the workbench trains.

    The guard holds the policy to the chosen responses (`target: chosen`), against the trainer's reference model.
    """

    def __init__(self, *args: Any, guard: Guard | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.guard = guard or Guard()
        self.guard_weight = self.guard.weight
        self._gates = torch.Generator().manual_seed(self.guard.seed)
        if self.guard.divergence in ("kl", "masked-kl") and self.precompute_ref_logps:
            raise ValueError("KL needs the reference's distributions: leave precompute_ref_log_probs off, or take the divergence ce.")
        self.flipguard = FlipGuardCallback(self)
        self.add_callback(self.flipguard)

    def _guarded(self, loss: torch.Tensor, logits: torch.Tensor, inputs: dict[str, Any], seen: Seen, sums: Sums) -> torch.Tensor:
        guard, pairs = self.guard, len(sums.chosen)
        fired = fired_of(sums, guard, self.beta, self._gates)
        if guard.divergence == "ce":
            divergence = -sums.chosen
        else:
            mask = inputs["completion_mask"][:pairs, 1:].bool()
            ids = inputs["input_ids"][:pairs, 1:]
            rows = zip(seen.ref_logits[:pairs, :-1], logits[:pairs, :-1], ids, mask)
            kl = masked_kl if guard.divergence == "masked-kl" else lambda ref, now, _: forward_kl(ref, now)
            divergence = torch.stack([kl(ref[learnt], now[learnt], wanted[learnt]).sum() for ref, now, wanted, learnt in rows])
        if guard.reduction == "token-mean":
            divergence = divergence / sums.chosen_tokens
        term = fired * divergence
        self.flipguard.note_guard(fired, term.detach())
        metrics = self._metrics["train"]
        for name, value in zip(OWN, (term.detach().mean().item(), fired.mean().item(), self.guard_weight)):
            metrics[name].append(value)
        # At weight 0 the run is the unguarded one bit for bit.
        return loss if self.guard_weight == 0 else loss + self.guard_weight * term.mean()

    def next_guard_weight(self, firing_rate: float) -> None:
        if self.guard.learned_weight is None:
            return
        rate, target = self.guard.learned_weight["rate"], self.guard.learned_weight["target"]
        self.guard_weight = max(0.0, self.guard_weight + rate * (firing_rate - target))


class Seen:
    """What went through the policy and the reference during one call of compute_loss."""

    def __init__(self) -> None:
        self.logits: torch.Tensor | None = None
        self.ref_logits: torch.Tensor | None = None


class FlipGuardCallback(TrainerCallback):
    """Writes what happened to each pair. Give it the trainer whose callback it becomes; it adds no pass through the model."""

    def __init__(self, trainer: DPOTrainer, guard: Guard | None = None) -> None:
        self.trainer = trainer
        self.guard = guard or getattr(trainer, "guard", None) or Guard()
        self.guards = isinstance(trainer, FlipGuardDPOTrainer)
        self._file = Path(trainer.args.output_dir) / "flipguard" / "events.ndjson"
        self._seq = 0
        self._trained: list[dict[str, Any]] = []
        self._evaluated: list[dict[str, Any]] = []
        self._told: set[str] = set()
        self._gates = torch.Generator().manual_seed(self.guard.seed)
        self._noted: tuple[torch.Tensor, torch.Tensor] | None = None
        self._sets: list[tuple[str, int, Any]] = []
        self._number_rows()
        self._wrap_collator()
        self._compute_loss = trainer.compute_loss
        trainer.compute_loss = self._watched_loss

    # Which row a pair of a batch is

    def _number_rows(self) -> None:
        trainer = self.trainer
        trainer.train_dataset = self._numbered("train", trainer.train_dataset)
        held = trainer.eval_dataset
        if isinstance(held, dict):
            trainer.eval_dataset = {name: self._numbered(name, rows) for name, rows in held.items()}
        elif held is not None:
            trainer.eval_dataset = self._numbered("", held)
        trainer._set_signature_columns_if_needed()
        trainer._signature_columns = [*trainer._signature_columns, ROW]

    def _numbered(self, name: str, rows: Any) -> Any:
        if not isinstance(rows, Dataset):
            return rows
        start = sum(len(one) for _, _, one in self._sets)
        self._sets.append((name, start, rows))
        return rows.add_column(ROW, list(range(start, start + len(rows))))

    def _wrap_collator(self) -> None:
        self.trainer.data_collator = NumberingCollator(self.trainer.data_collator)

    def _row(self, number: int, ids: torch.Tensor, mask: torch.Tensor, other: torch.Tensor, other_mask: torch.Tensor) -> dict[str, Any]:
        """Id and texts of a pair: those of the data set where it has an order, else decoded from the batch."""
        for name, start, rows in reversed(self._sets):
            if start <= number:
                row = rows[number - start]
                prompt, chosen, rejected = (self._text(row.get(part, "")) for part in ("prompt", "chosen", "rejected"))
                given = row.get("id")
                found = str(given) if isinstance(given, (str, int)) and str(given) else content_id([prompt, chosen, rejected])
                return {"set": name, "id": found, "prompt": prompt, "chosen": chosen, "rejected": rejected}
        decode = lambda kept: self.trainer.processing_class.decode(kept.tolist(), skip_special_tokens=True)
        first = int(mask.int().argmax())
        prompt, chosen, rejected = decode(ids[:first]), decode(ids[mask.bool()]), decode(other[other_mask.bool()])
        return {"set": "", "id": content_id([prompt, chosen, rejected]), "prompt": prompt, "chosen": chosen, "rejected": rejected}

    def _text(self, value: Any) -> str:
        if not isinstance(value, str):
            return as_text(value)
        # TRL ends plain responses with the end token; the data did not have it.
        return value.removesuffix(getattr(self.trainer.processing_class, "eos_token", None) or "\0")

    # What the models said of it

    def _watched_loss(self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, **more: Any) -> Any:
        if "completion_mask" not in inputs:
            raise ValueError("FlipGuard's callback needs the text batches of TRL 1.x's DPOTrainer (no completion_mask here).")
        numbers = inputs.pop(ROW, None)
        training = self.trainer.model.training
        with self._seeing() as seen:
            found = self._compute_loss(model, inputs, return_outputs=return_outputs, **more)
        loss, outputs = found if return_outputs else (found, None)
        sums = self._sums(inputs, seen)
        if self.guards and training:
            loss = self.trainer._guarded(loss, seen.logits, inputs, seen, sums)
        self._note(inputs, sums, numbers, training)
        return (loss, outputs) if return_outputs else loss

    @contextmanager
    def _seeing(self):
        """Keeps the logits of the first pass of the policy and of the first of the reference, which may be the same model."""
        trainer, seen = self.trainer, Seen()
        policy = trainer.accelerator.unwrap_model(trainer.model)

        def of_policy(_module, _args, output):
            logits = getattr(output, "logits", None)
            if seen.logits is None:
                seen.logits = logits
            elif seen.ref_logits is None:
                seen.ref_logits = logits

        def of_reference(_module, _args, output):
            seen.ref_logits = getattr(output, "logits", None)

        hooks = [policy.register_forward_hook(of_policy)]
        if getattr(trainer, "ref_model", None) is not None:
            hooks.append(trainer.accelerator.unwrap_model(trainer.ref_model).register_forward_hook(of_reference))
        try:
            yield seen
        finally:
            for hook in hooks:
                hook.remove()

    def _sums(self, inputs: dict[str, Any], seen: Seen) -> Sums:
        if seen.logits is None:
            raise ValueError("The trainer never made the logits that the numbers of a pair are taken from: switch use_liger_kernel off.")
        grad = self.guards and seen.logits.requires_grad
        with torch.set_grad_enabled(grad):
            chosen, rejected = response_sums(seen.logits, inputs).chunk(2)
        if "ref_chosen_logps" in inputs:
            ref_chosen, ref_rejected = inputs["ref_chosen_logps"], inputs["ref_rejected_logps"]
        else:
            with torch.no_grad():
                ref_chosen, ref_rejected = response_sums(seen.ref_logits, inputs).chunk(2)
        tokens = inputs["completion_mask"][: len(chosen), 1:].sum(1).clamp(min=1)
        return Sums(chosen, rejected, ref_chosen.float(), ref_rejected.float(), tokens)

    def note_guard(self, fired: torch.Tensor, term: torch.Tensor) -> None:
        self._noted = (fired, term)

    def _note(self, inputs: dict[str, Any], sums: Sums, numbers: Any, training: bool) -> None:
        beta, pairs = self.trainer.beta, len(sums.chosen)
        fired = self._noted[0] if self._noted is not None else fired_of(sums, self.guard, beta, self._gates)
        terms = self._noted[1].tolist() if self._noted is not None else None
        self._noted = None
        kept = [sums.chosen, sums.rejected, sums.ref_chosen, sums.ref_rejected, sums.chosen_tokens, fired]
        columns = [values.detach().float().tolist() for values in kept]
        ids, mask = inputs["input_ids"], inputs["completion_mask"]
        into = self._trained if training else self._evaluated
        for i, (chosen, rejected, ref_chosen, ref_rejected, tokens, fell) in enumerate(zip(*columns)):
            number = NO_ROW if numbers is None else int(numbers[i])
            row = self._row(number, ids[i], mask[i], ids[pairs + i], mask[pairs + i])
            into.append({**row, "number": number, "logps": (chosen, rejected), "ref": (ref_chosen, ref_rejected), "tokens": tokens, "fired": fell})
            if terms is not None:
                into[-1]["term"] = terms[i]

    # What is written of it, and when

    def on_train_begin(self, args, state, control, **_):
        if not state.is_world_process_zero:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._go_on(state.global_step)
        model = self.trainer.accelerator.unwrap_model(self.trainer.model)
        versions = {"torch": torch.__version__, "transformers": transformers.__version__, "trl": trl.__version__}
        self._write(
            {
                "type": "started",
                "backend": {"name": "PyTorch", "device": str(args.device), "versions": versions},
                "totalSteps": state.max_steps,
                "resumedAtStep": state.global_step or None,
                "parameters": sum(one.numel() for one in model.parameters()),
                "trainable": sum(one.numel() for one in model.parameters() if one.requires_grad),
            }
        )

    def on_step_end(self, args, state, control, **_):
        records, self._trained = self._gathered(self._trained), []
        if not records:
            return
        rate = sum(one["fired"] for one in records) / len(records)
        if state.is_world_process_zero:
            self._write(self._step(state, records, rate))
        if self.guards:
            self.trainer.next_guard_weight(rate)

    def on_log(self, args, state, control, logs=None, **_):
        if not state.is_world_process_zero or not logs:
            return
        numbers = {name: float(value) for name, value in logs.items() if isinstance(value, (int, float)) and name != "epoch"}
        metrics = {name: figure(value) for name, value in numbers.items() if name in STEP_METRICS}
        others = {name: figure(value) for name, value in numbers.items() if name not in STEP_METRICS + OWN}
        if metrics or others:
            self._write({"type": "step", "step": state.global_step, "epoch": state.epoch or 0, "metrics": metrics, "others": others, "tables": {}})

    def on_evaluate(self, args, state, control, **_):
        records, self._evaluated = self._gathered(self._evaluated), []
        if not state.is_world_process_zero:
            return
        for name in dict.fromkeys(one["set"] for one in records):
            # A sampler fills its last batch with rows that it had before.
            rows = list({one["id"]: one for one in records if one["set"] == name}.values())
            suite = "evaluation data" if name == "" else name
            if f"suite {suite}" not in self._told:
                self._told.add(f"suite {suite}")
                self._write_evaluation(suite, 0, rows, "ref")
            if state.global_step > 0:
                self._write_evaluation(suite, state.global_step, rows, "logps")

    def on_train_end(self, args, state, control, **_):
        if state.is_world_process_zero:
            outcome = "completed" if state.global_step >= state.max_steps else "stopped"
            self._write({"type": "finished", "outcome": outcome, "step": state.global_step})

    def _gathered(self, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return gather_object(records) if self.trainer.args.world_size > 1 else records

    def _step(self, state: Any, records: list[dict[str, Any]], rate: float) -> dict[str, Any]:
        beta = self.trainer.beta
        gains = [[now - before for now, before in zip(one["logps"], one["ref"])] for one in records]
        rewards = [[beta * gain for gain in pair] for pair in gains]
        margins = [chosen - rejected for chosen, rejected in rewards]
        kl = [-(chosen + rejected) / 2 for chosen, rejected in gains]
        certain = [beta * ROUNDING * (abs(one["logps"][0]) + abs(one["logps"][1])) for one in records]
        ids = [one["id"] for one in records]
        trained = {
            "rewards/chosen": [chosen for chosen, _ in rewards],
            "rewards/rejected": [rejected for _, rejected in rewards],
            "rewards/margins": margins,
            "rewards/accuracies": [float(margin > least) for margin, least in zip(margins, certain)],
            "logps/chosen": [one["logps"][0] for one in records],
            "logps/rejected": [one["logps"][1] for one in records],
            "kl/pre": kl,
        }
        guarded = {"guard/fired": [one["fired"] for one in records], "guard/tokens": [one["tokens"] for one in records]}
        metrics = {"kl/pre": figure(sum(kl) / len(kl)), "guard/firing_rate": rate}
        if self.guards:
            guarded["guard/loss"] = [one["term"] for one in records]
            metrics["guard/loss"] = figure(sum(guarded["guard/loss"]) / len(records))
            metrics["guard/weight"] = self.trainer.guard_weight
        told = all(one in self._told for one in ids)
        self._told.update(ids)
        prompts = {} if told else {"prompts": [one["prompt"] for one in records]}
        tables = {
            name: {"sampleIds": ids, "metrics": {key: [figure(value) for value in column] for key, column in table.items()}, **prompts}
            for name, table in (("trained", trained), ("guarded", guarded))
        }
        return {"type": "step", "step": state.global_step, "epoch": state.epoch or 0, "metrics": metrics, "tables": tables}

    def _write_evaluation(self, suite: str, step: int, rows: list[dict[str, Any]], whose: str) -> None:
        mark = {"suiteId": f"trainer-{content_id([suite])}", "suiteName": suite, "suiteKind": "pairs", "step": step}
        results = [result_of(one, *one[whose]) for one in rows]
        decided = [one for one in results if one["verdict"] != "tie"]
        right = sum(one["verdict"] == "right" for one in decided)
        self._write({"type": "evaluation-started", "mark": mark, "items": len(rows)})
        for start in range(0, len(results), 500):
            self._write({"type": "evaluation-batch", "mark": mark, "results": results[start : start + 500]})
        summary = {"accuracy": right / len(decided)} if decided else {}
        self._write({"type": "evaluation-done", "mark": mark, "samples": len(rows), "decoding": None, "summary": summary})

    def _go_on(self, step: int) -> None:
        """Continues in the file of an earlier start: numbers follow, a torn last line is cut off, and a learned weight is taken up."""
        if not self._file.exists():
            return
        with self._file.open("r+b") as file:
            whole = 0
            for line in file:
                if not line.endswith(b"\n"):
                    break
                whole += len(line)
                event = json.loads(line)
                self._seq = event["seq"]
                if self.guards and event["type"] == "step" and event["step"] <= step and "guard/weight" in event["metrics"]:
                    self.trainer.guard_weight = event["metrics"]["guard/weight"]
                    self.trainer.next_guard_weight(event["metrics"]["guard/firing_rate"])
            file.truncate(whole)

    def _write(self, body: dict[str, Any]) -> None:
        self._seq += 1
        line = json.dumps({"seq": self._seq, "at": int(time.time() * 1000), **body}, ensure_ascii=True, allow_nan=False)
        with self._file.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


class NumberingCollator:
    """The trainer's collator, with the numbers of the rows next to its batch."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __call__(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
        batch = self.inner(examples)
        if all(ROW in one for one in examples):
            batch[ROW] = torch.tensor([one[ROW] for one in examples])
        return batch


def result_of(row: dict[str, Any], chosen: float, rejected: float) -> dict[str, Any]:
    margin = chosen - rejected
    tied = abs(margin) <= ROUNDING * (abs(chosen) + abs(rejected))
    return {
        "sampleId": row["id"],
        "prompt": row["prompt"],
        "target": row["chosen"],
        "output": row["rejected"],
        "score": figure(margin),
        "verdict": "tie" if tied else "right" if margin > 0 else "wrong",
        "metrics": {"logps/chosen": figure(chosen), "logps/rejected": figure(rejected)},
    }


def figure(value: float) -> float | None:
    return value if math.isfinite(value) else None


def content_id(texts: list[str]) -> str:
    """The id that the workbench gives to a row without one, so that a run and the data it imported have the same names."""
    canonical = [unicodedata.normalize("NFC", well_formed(text).replace("\r\n", "\n")) for text in texts]
    written = json.dumps(canonical, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(written.encode("utf-8")).digest()[:10].hex()


def well_formed(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def as_text(messages: Any) -> str:
    """Turns as one text: a lone user turn is its content, else one `role: content` block each."""
    if not isinstance(messages, list):
        return "" if messages is None else str(messages)
    said = [(one["role"], content_of(one.get("content"))) for one in messages]
    if len(said) == 1 and said[0][0] == "user":
        return said[0][1]
    return "\n\n".join(f"{role}: {content}" for role, content in said)


def content_of(content: Any) -> str:
    if isinstance(content, list):
        return "".join(one.get("text") or "" for one in content if isinstance(one, dict))
    return "" if content is None else str(content)
