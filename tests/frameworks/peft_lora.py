"""LoRA on a frozen BERT, in a Trainer whose loss is one's own."""

import torch
import torch.nn.functional as F
from peft import LoraConfig, TaskType, get_peft_model
from torch.utils.data import Dataset
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    Trainer,
    TrainingArguments,
    set_seed,
)


class Sentences(Dataset):
    def __init__(self, n, start):
        self.n, self.start = n, start

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        words = (torch.arange(8) * (i % 3 + 1) + i + self.start) % 12
        return {"input_ids": words, "labels": i % 3}


class Weighted(Trainer):
    def compute_loss(
        self, model, inputs, return_outputs=False, num_items_in_batch=None
    ):
        labels = inputs.pop("labels")
        outputs = model(**inputs)
        weight = torch.tensor([1.0, 2.0, 1.0])
        loss = F.cross_entropy(outputs.logits, labels, weight=weight)
        return (
            (loss, {"loss": loss, "logits": outputs.logits}) if return_outputs else loss
        )


def main():
    torch.set_num_threads(1)
    set_seed(10)
    config = BertConfig(
        vocab_size=12,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=8,
        num_labels=3,
    )
    lora = LoraConfig(TaskType.SEQ_CLS, r=4, target_modules=["query", "value"])
    model = get_peft_model(BertForSequenceClassification(config), lora)
    model.print_trainable_parameters()
    arguments = TrainingArguments(
        "kept",
        learning_rate=1e-2,
        per_device_train_batch_size=8,
        num_train_epochs=3,
        logging_steps=4,
        eval_strategy="epoch",
        save_strategy="no",
        label_names=["labels"],
        report_to="none",
        use_cpu=True,
    )
    trainer = Weighted(
        model, arguments, train_dataset=Sentences(64, 0), eval_dataset=Sentences(24, 5)
    )
    trainer.train()
    trainer.evaluate(metric_key_prefix="final")


if __name__ == "__main__":
    main()
