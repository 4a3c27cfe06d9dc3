"""A student that learns of a teacher under no_grad; validated in eval mode."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(23)
torch.set_num_threads(1)

x = torch.randn(320, 8)
y = x[:, :4].argmax(1)
data = TensorDataset(x[:256], y[:256])
held = TensorDataset(x[256:], y[256:])


def net(width):
    return nn.Sequential(nn.Linear(8, width), nn.ReLU(), nn.Linear(width, 4))


teacher, student = net(64).eval(), net(8)
optimizer = torch.optim.AdamW(student.parameters(), lr=1e-2)
for _ in range(4):
    student.train()
    for inputs, targets in DataLoader(data, 32, shuffle=True):
        with torch.no_grad():
            taught = teacher(inputs).softmax(1)
        scores = student(inputs)
        hard = F.cross_entropy(scores, targets)
        soft = F.kl_div(scores.log_softmax(1), taught, reduction="batchmean")
        loss = hard + 0.5 * soft
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print("objective", repr(loss.item()))
    student.eval()
    total = 0.0
    with torch.no_grad():
        for inputs, targets in DataLoader(held, 32):
            total += F.cross_entropy(student(inputs), targets).item() * len(inputs)
    print("validation", repr(total / len(held)))
