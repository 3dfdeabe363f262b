"""One kind of work in PyTorch and TRL, for `flipguard bench gpu` and `npm run bench:train`: `torch_work.py JOB.json`.

The job names a model folder or a config.json, the work (full, lora, decoding), pairs of token ids and how many of them make a
step. One JSON line says that all is loaded; each line on stdin then asks for one step, or one decoding, and is answered by one
JSON line with its wall and processor seconds. Reference log-probs are given, as both programs compute them beforehand.
"""

import json
import os
import resource
import sys
import tempfile
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import torch
import transformers
import trl
from datasets import Dataset
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast
from trl import DPOConfig, DPOTrainer


class Prepared(DPOTrainer):
    """The rows are token ids already, with their reference log-probs."""

    def _prepare_dataset(self, dataset, *_args, **_kwargs):
        return dataset

    def _precompute_ref_logps(self, dataset, *_args, **_kwargs):
        return dataset


def load_model(job: dict, gpu: bool):
    if job["model"]["kind"] == "folder":
        model = AutoModelForCausalLM.from_pretrained(job["model"]["path"], dtype=torch.float32)
    else:
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as file:
                json.dump(job["model"]["config"], file)
            config = AutoConfig.from_pretrained(folder)
        with torch.device("cuda" if gpu else "cpu"):
            model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    return model.to("cuda" if gpu else "cpu")


def minimal_tokenizer() -> PreTrainedTokenizerFast:
    """The trainer asks for one; nothing is encoded with it."""
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(WordLevel({"<pad>": 0}, unk_token="<pad>")), pad_token="<pad>", eos_token="<pad>"
    )


def stepper(job: dict, model, gpu: bool):
    half = job["precision"] == "bf16"
    peft = None
    if job["work"] == "lora":
        from peft import LoraConfig

        # As the other side stores what does not train.
        model = model.to(torch.bfloat16) if half else model
        peft = LoraConfig(r=job["lora"]["rank"], lora_alpha=job["lora"]["alpha"], target_modules=job["lora"]["targets"])
    rows = [
        {
            "prompt_ids": pair["prompt"],
            "chosen_ids": pair["chosen"],
            "rejected_ids": pair["rejected"],
            "ref_chosen_logps": pair.get("refChosen", 0.0),
            "ref_rejected_logps": pair.get("refRejected", 0.0),
        }
        for pair in job["pairs"]
    ]
    settings = DPOConfig(
        output_dir=tempfile.mkdtemp(),
        per_device_train_batch_size=job["size"],
        learning_rate=2e-5,
        beta=0.1,
        max_length=None,
        precompute_ref_log_probs=True,
        gradient_checkpointing=job["checkpointing"],
        bf16=half,
        use_cpu=not gpu,
        report_to=[],
        disable_tqdm=True,
    )
    trainer = Prepared(
        model=model,
        args=settings,
        train_dataset=Dataset.from_list(rows),
        processing_class=minimal_tokenizer(),
        peft_config=peft,
    )
    trained = [weight for weight in trainer.model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=2e-5, weight_decay=0.0)
    trainer.current_gradient_accumulation_steps = 1
    step = 0

    def take() -> dict:
        nonlocal step
        batch = [rows[(job["size"] * step + i) % len(rows)] for i in range(job["size"])]
        step += 1
        trainer.model.train()
        loss = trainer.training_step(trainer.model, trainer.data_collator(batch))
        optimizer.step()
        optimizer.zero_grad()
        return {"loss": float(loss)}

    return take


def decoder(job: dict, model):
    if job["precision"] == "bf16":
        model = model.to(torch.bfloat16)
    model.eval()
    count = job["newTokens"]
    prompts = torch.tensor(job["prompts"], device=model.device)

    def take() -> dict:
        with torch.no_grad():
            model.generate(
                prompts,
                attention_mask=torch.ones_like(prompts),
                do_sample=False,
                min_new_tokens=count,
                max_new_tokens=count,
                pad_token_id=0,
            )
        return {}

    return take


def main(job_file: str) -> None:
    with open(job_file, encoding="utf-8") as file:
        job = json.load(file)
    gpu = job["gpu"] and torch.cuda.is_available()
    # TensorFlow multiplies float32 in TF32 on a GPU that has it: both do, or the ratio would compare precisions.
    torch.backends.cuda.matmul.allow_tf32 = True
    model = load_model(job, gpu)
    take = decoder(job, model) if job["work"] == "decoding" else stepper(job, model, gpu)
    ready = {
        "ready": True,
        "threads": torch.get_num_threads(),
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__, "trl": trl.__version__},
        "device": torch.cuda.get_device_name() if gpu else f"processor, {torch.get_num_threads()} threads",
        "precision": job["precision"],
    }
    print(json.dumps(ready), flush=True)
    for _ in sys.stdin:
        wall, processor = time.perf_counter(), time.process_time()
        answer = take()
        if gpu:
            torch.cuda.synchronize()
        answer["seconds"] = time.perf_counter() - wall
        answer["processor"] = time.process_time() - processor
        taken = torch.cuda.max_memory_reserved() if gpu else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        answer["memoryBytes"] = taken
        print(json.dumps(answer), flush=True)


main(sys.argv[1])
