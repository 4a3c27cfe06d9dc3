"""A small BERT, trained from scratch by the Hugging Face Trainer, and resumed."""

import numpy as np
import torch
from torch.utils.data import Dataset
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    EarlyStoppingCallback,
    Trainer,
    TrainingArguments,
    set_seed,
)


class Sentences(Dataset):
    """Which of two words comes more often."""

    def __init__(self, n, seed):
        self.words = np.random.default_rng(seed).integers(2, 12, (n, 10))
        self.words[:, 1:4] = np.random.default_rng(seed + 1).integers(0, 2, (n, 3))

    def __len__(self):
        return len(self.words)

    def __getitem__(self, i):
        words = torch.from_numpy(self.words[i])
        return {
            "input_ids": words,
            "attention_mask": torch.ones_like(words),
            "labels": int((self.words[i, 1:4]).sum() > 1),
        }


def compute_metrics(prediction):
    return {
        "f1": float((prediction.predictions.argmax(1) == prediction.label_ids).mean())
    }


def trainer(**more):
    set_seed(7)
    config = BertConfig(
        vocab_size=12,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=16,
    )
    arguments = TrainingArguments(
        "kept",
        learning_rate=3e-3,
        per_device_train_batch_size=8,
        per_device_eval_batch_size=16,
        gradient_accumulation_steps=2,
        lr_scheduler_type="cosine",
        warmup_steps=4,
        label_smoothing_factor=0.1,
        logging_steps=2,
        eval_strategy="epoch",
        save_strategy="epoch",
        load_best_model_at_end=True,
        report_to="none",
        use_cpu=True,
        seed=7,
        **more,
    )
    return Trainer(
        BertForSequenceClassification(config),
        arguments,
        train_dataset=Sentences(96, 1),
        eval_dataset=Sentences(40, 2),
        compute_metrics=compute_metrics,
        callbacks=[EarlyStoppingCallback(1, 0.01)],
    )


def main():
    torch.set_num_threads(1)
    trainer(num_train_epochs=2).train()
    resumed = trainer(num_train_epochs=4)
    resumed.train(resume_from_checkpoint=True)
    resumed.predict(Sentences(16, 3))


if __name__ == "__main__":
    main()
