"""A small GPT-2 on padded sequences, with activations recomputed, in bfloat16."""

import torch
from torch.utils.data import Dataset
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    Trainer,
    TrainingArguments,
    set_seed,
)


class Counting(Dataset):
    """Numbers that count upwards from anywhere, of several lengths."""

    def __init__(self, n, start):
        self.n, self.start = n, start

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        length = 6 + (i * 5 + self.start) % 6
        words = (torch.arange(12) + i * 7 + self.start) % 16
        seen = torch.arange(12) < length
        labels = torch.where(seen, words, -100)
        return {"input_ids": words, "attention_mask": seen.long(), "labels": labels}


def main():
    torch.set_num_threads(1)
    set_seed(8)
    config = GPT2Config(
        vocab_size=16,
        n_positions=12,
        n_embd=16,
        n_layer=2,
        n_head=2,
        bos_token_id=0,
        eos_token_id=0,
    )
    arguments = TrainingArguments(
        "kept",
        learning_rate=5e-3,
        per_device_train_batch_size=8,
        gradient_accumulation_steps=2,
        max_grad_norm=0.5,
        num_train_epochs=2,
        bf16=True,
        gradient_checkpointing=True,
        logging_steps=1,
        eval_strategy="steps",
        eval_steps=4,
        save_strategy="no",
        report_to="none",
        use_cpu=True,
        disable_tqdm=True,
    )
    trainer = Trainer(
        GPT2LMHeadModel(config),
        arguments,
        train_dataset=Counting(64, 0),
        eval_dataset={"near": Counting(16, 3), "far": Counting(16, 9)},
    )
    trainer.train()


if __name__ == "__main__":
    main()
