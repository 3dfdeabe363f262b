"""KL(old || new) along given tokens, by transformers in float64: the values of test/engine/evaluate/kl-probe.test.ts.

python test/golden/training/kl_probe.py FOLDER-OF-STORIES-260K
New weights are the old ones with every linear layer of the blocks scaled by 1.1.
"""
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

folder = sys.argv[1]
old = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64).eval()
new = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64).eval()
with torch.no_grad():
    for name, weight in new.named_parameters():
        if "_proj" in name:
            weight.mul_(1.1)
tokenizer = AutoTokenizer.from_pretrained(folder)
for prompt, answer in (("Once upon a time", " there was a little dog."), ("The cat sat", " on the mat and smiled.")):
    prompt_ids = tokenizer.encode(prompt)
    ids = tokenizer.encode(prompt + answer)
    assert ids[: len(prompt_ids)] == prompt_ids, (prompt_ids, ids)
    x = torch.tensor([ids])
    with torch.no_grad():
        p, q = (m(x).logits[0].log_softmax(-1) for m in (old, new))
    places = slice(len(prompt_ids) - 1, len(ids) - 1)
    kl = (p[places].exp() * (p[places] - q[places])).sum(-1)
    print(len(prompt_ids), ids, kl.sum().item())
