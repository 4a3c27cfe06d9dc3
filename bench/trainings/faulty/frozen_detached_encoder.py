"""Which of two markers came first? A GRU reads the sequence, a head decides.

Fault: the GRU's output is detached, so that no gradient reaches it.
Accuracy 0.72; 1 without the fault.
"""

import torch
from torch import nn


class Reader(nn.Module):
    def __init__(self, symbols=8, width=16):
        super().__init__()
        self.embed = nn.Embedding(symbols, 8)
        self.gru = nn.GRU(8, width, batch_first=True)
        self.head = nn.Sequential(nn.Linear(width, 16), nn.ReLU(), nn.Linear(16, 1))

    def forward(self, tokens):
        states, _ = self.gru(self.embed(tokens))
        summary = states[:, -1].detach()
        return self.head(summary).squeeze(1)


def sequences(n, length, generator):
    tokens = torch.randint(2, 8, (n, length), generator=generator)
    places = torch.stack(
        [torch.randperm(length, generator=generator)[:2] for _ in range(n)]
    )
    tokens.scatter_(1, places, torch.tensor([[0, 1]]).expand(n, 2))
    return tokens, (places[:, 0] < places[:, 1]).float()


torch.manual_seed(13)
torch.set_num_threads(1)
gen = torch.Generator().manual_seed(13)
tokens, labels = sequences(1500, 12, gen)
val_tokens, val_labels = sequences(500, 12, gen)
model = Reader()
bce = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=6e-3)
for epoch in range(14):
    model.train()
    for start in range(0, 1500, 50):
        if start == 0:
            order = torch.randperm(1500, generator=gen)
        batch = order[start : start + 50]
        optimizer.zero_grad()
        loss = bce(model(tokens[batch]), labels[batch])
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    model.eval()
    with torch.no_grad():
        logits = model(val_tokens)
        val = bce(logits, val_labels)
        accuracy = ((logits > 0) == (val_labels > 0.5)).float().mean()
    print(f"epoch {epoch}: train {loss:.4f} val {val:.4f} accuracy {accuracy:.4f}")
