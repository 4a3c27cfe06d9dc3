"""Spoken vowels (made up) with momentum. A weak form.

Fault: a rate at which training works, but never settles.
Accuracy 0.86; 0.89 without the fault.
"""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

rng = np.random.default_rng(7)
torch.manual_seed(7)
torch.set_num_threads(1)

centres = rng.normal(0, 1, (8, 12))
vowel = rng.integers(0, 8, 3000)
speaker = rng.normal(0, 0.5, (3000, 1))
sound = centres[vowel] * np.exp(0.3 * speaker) + rng.normal(0, 0.9, (3000, 12))
sound = torch.tensor(sound, dtype=torch.float32)
vowel = torch.tensor(vowel)
train = DataLoader(TensorDataset(sound[:2400], vowel[:2400]), 32, shuffle=True)

net = nn.Sequential(
    nn.Linear(12, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 8)
)
opt = torch.optim.SGD(net.parameters(), lr=0.12, momentum=0.9)
for epoch in range(15):
    total = 0.0
    for x, y in train:
        loss = nn.functional.cross_entropy(net(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item()
    with torch.no_grad():
        out = net(sound[2400:])
        val = nn.functional.cross_entropy(out, vowel[2400:])
        acc = (out.argmax(1) == vowel[2400:]).float().mean()
    print(f"epoch {epoch} {total / len(train):.4f} {val:.4f} {acc:.4f}")
