"""Letters of a noisy alphabet of twelve.

Fault: a hidden layer of two units.
Accuracy 0.33; 1 without the fault.
"""

import numpy as np
import torch
from torch import nn

rng = np.random.default_rng(0)
torch.manual_seed(0)
torch.set_num_threads(1)

HIDDEN = 2
glyphs = rng.integers(0, 2, (12, 35)).astype(np.float32)
label = rng.integers(0, 12, 3000)
pixels = glyphs[label] + rng.normal(0, 0.4, (3000, 35)).astype(np.float32)
pixels = torch.from_numpy(pixels.astype(np.float32)) - 0.5
label = torch.from_numpy(label)
train_x, train_y, val_x, val_y = (
    pixels[:2400],
    label[:2400],
    pixels[2400:],
    label[2400:],
)

net = nn.Sequential(nn.Linear(35, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, 12))
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
for epoch in range(25):
    for idx in torch.randperm(2400).split(40):
        logits = net(train_x[idx])
        loss = nn.functional.cross_entropy(logits, train_y[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        logits = net(val_x)
        val = nn.functional.cross_entropy(logits, val_y)
        acc = (logits.argmax(-1) == val_y).float().mean()
    print("epoch %2d val loss %.4f val acc %.4f" % (epoch + 1, val, acc))
