"""A small language model over made-up words: GRU, slow and careful.

Fault: `maximize=True` was left over from another project, so that the loss rises.
Log loss 19.236; 1.371 without the fault.
"""

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
torch.set_num_threads(1)
WORDS = 12
follows = torch.softmax(2 * torch.randn(WORDS, WORDS), 1)


def sentences(n, length=10):
    words = [torch.randint(0, WORDS, (n,))]
    for _ in range(length):
        words.append(torch.multinomial(follows[words[-1]], 1).squeeze(1))
    return torch.stack(words, 1)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(WORDS, 16)
        self.gru = nn.GRU(16, 32, batch_first=True)
        self.out = nn.Linear(32, WORDS)

    def forward(self, words):
        return self.out(self.gru(self.emb(words))[0])


def nats(model, words):
    logits = model(words[:, :-1])
    return F.cross_entropy(logits.reshape(-1, WORDS), words[:, 1:].reshape(-1))


model = Model()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, maximize=True)
held_back = sentences(400)
for step in range(220):
    loss = nats(model, sentences(32))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 20 == 19:
        model.eval()
        with torch.no_grad():
            val = nats(model, held_back)
        model.train()
        print(f"step {step + 1} log loss {val:.3f}")
