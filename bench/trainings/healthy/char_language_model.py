"""A character model of made-up addresses: a GRU predicts the next letter."""

import random

import torch
from torch import nn

random.seed(1)
torch.manual_seed(1)
torch.set_num_threads(1)

STREETS = ["high street", "mill lane", "station road", "church hill", "park avenue"]
TOWNS = ["ashford", "kendal", "ripon", "stroud", "whitby", "hexham"]


def address():
    number = random.randint(1, 99)
    return f"{number} {random.choice(STREETS)}, {random.choice(TOWNS)}\n"


text = "".join(address() for _ in range(1500))
chars = sorted(set(text))
codes = torch.tensor([chars.index(c) for c in text])
cut = int(0.85 * len(codes))
train_codes, val_codes = codes[:cut], codes[cut:]
SEQ, BATCH = 32, 32


class CharModel(nn.Module):
    def __init__(self, n_chars, emb=16, hidden=64):
        super().__init__()
        self.emb = nn.Embedding(n_chars, emb)
        self.gru = nn.GRU(emb, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, n_chars)

    def forward(self, x):
        return self.fc(self.gru(self.emb(x))[0])


def batch_of(source):
    starts = torch.randint(len(source) - SEQ - 1, (BATCH,))
    chunk = torch.stack([source[s : s + SEQ + 1] for s in starts])
    return chunk[:, :-1], chunk[:, 1:]


@torch.no_grad()
def estimate_loss(model, n=10):
    model.eval()
    losses = []
    for _ in range(n):
        x, y = batch_of(val_codes)
        losses.append(nn.functional.cross_entropy(model(x).flatten(0, 1), y.flatten()))
    model.train()
    return torch.stack(losses).mean().item()


model = CharModel(len(chars))
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
for it in range(301):
    x, y = batch_of(train_codes)
    logits = model(x)
    loss = nn.functional.cross_entropy(logits.flatten(0, 1), y.flatten())
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    if it % 50 == 0:
        print(f"iter {it}: train {loss.item():.4f} val {estimate_loss(model):.4f}")
