"""A LoRA fine-tune by PEFT of a tiny GPT, built from its configuration."""

import torch
from peft import LoraConfig, get_peft_model
from transformers import GPT2Config, GPT2LMHeadModel

torch.manual_seed(39)
torch.set_num_threads(1)

tokens = (torch.arange(12) * torch.randint(1, 5, (64, 1))) % 30
config = GPT2Config(
    vocab_size=30,
    n_positions=16,
    n_embd=16,
    n_layer=2,
    n_head=2,
    bos_token_id=0,
    eos_token_id=0,
)
adapted = LoraConfig(r=4, lora_alpha=8, target_modules=["c_attn"], fan_in_fan_out=True)
model = get_peft_model(GPT2LMHeadModel(config), adapted)
trained = [p for p in model.parameters() if p.requires_grad]
optimizer = torch.optim.AdamW(trained, lr=1e-2)
for _ in range(5):
    for rows in torch.randperm(64).split(16):
        loss = model(input_ids=tokens[rows], labels=tokens[rows]).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print("loss", repr(loss.item()))
