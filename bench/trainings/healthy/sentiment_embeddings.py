"""Sentiment of short sentences: mean of word embeddings, dropout, a linear head.

Reads sent_train.tsv and sent_dev.tsv of SST-2 below $WELLFIT_DATA/text_sst2 where
that is set; otherwise it makes up reviews from a small vocabulary.
"""

import os
import random
from collections import Counter
from pathlib import Path

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

torch.set_num_threads(1)
torch.manual_seed(42)
random.seed(42)

GOOD = "moving funny warm clever fresh gripping lovely bright honest rich".split()
BAD = "dull flat tired clumsy cheap boring bland messy hollow stale".split()
PLAIN = (
    "the a of this film story and with its cast it is scene plot quite on an "
    "music ending camera actor dialogue director first second half long short"
).split()


def made_up_review():
    label = random.randint(0, 1)
    mood, other = (GOOD, BAD) if label else (BAD, GOOD)
    words = random.choices(PLAIN, k=random.randint(5, 14))
    words += random.choices(mood, k=random.randint(1, 3))
    words += random.choices(other, k=random.randint(0, 1))
    random.shuffle(words)
    return " ".join(words), label


def read_tsv(path, limit):
    rows = [line.rsplit("\t", 1) for line in path.read_text("utf-8").splitlines()]
    return [(text, int(label)) for text, label in rows[:limit]]


def load():
    folder = os.environ.get("WELLFIT_DATA")
    if folder and (Path(folder) / "text_sst2").is_dir():
        base = Path(folder) / "text_sst2"
        return read_tsv(base / "sent_train.tsv", 6000), read_tsv(
            base / "sent_dev.tsv", 800
        )
    return [made_up_review() for _ in range(3000)], [
        made_up_review() for _ in range(600)
    ]


train_rows, dev_rows = load()
freq = Counter(w for text, _ in train_rows for w in text.split())
vocab = {w: i + 2 for i, (w, n) in enumerate(freq.most_common()) if n >= 2}


def collate(rows):
    ids = [torch.tensor([vocab.get(w, 1) for w in t.split()] or [1]) for t, _ in rows]
    return pad_sequence(ids, batch_first=True), torch.tensor([y for _, y in rows])


class BagOfEmbeddings(nn.Module):
    def __init__(self, size, dim=32):
        super().__init__()
        self.embedding = nn.Embedding(size, dim, padding_idx=0)
        self.dropout = nn.Dropout(0.5)
        self.fc = nn.Linear(dim, 2)

    def forward(self, tokens):
        mask = (tokens != 0).unsqueeze(-1)
        mean = (self.embedding(tokens) * mask).sum(1) / mask.sum(1)
        return self.fc(self.dropout(mean))


train_iter = DataLoader(train_rows, 32, shuffle=True, collate_fn=collate)
dev_iter = DataLoader(dev_rows, 256, collate_fn=collate)
model = BagOfEmbeddings(len(vocab) + 2)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=0.2)

for epoch in range(1, 8):
    model.train()
    seen, running = 0, 0.0
    for tokens, label in train_iter:
        optimizer.zero_grad()
        loss = criterion(model(tokens), label)
        loss.backward()
        optimizer.step()
        seen += len(label)
        running += loss.item() * len(label)
    model.eval()
    hits, dev_loss = 0, 0.0
    with torch.no_grad():
        for tokens, label in dev_iter:
            logits = model(tokens)
            dev_loss += criterion(logits, label).item() * len(label)
            hits += (logits.argmax(1) == label).sum().item()
    print(
        f"epoch {epoch} train loss {running / seen:.4f} "
        f"dev loss {dev_loss / len(dev_rows):.4f} dev acc {hits / len(dev_rows):.4f}"
    )
