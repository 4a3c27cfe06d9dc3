"""Digits, each pixel standardised by itself.

Fault: the corner pixels never change; their standard deviation is zero, 0/0 follows.
Accuracy 0.09; 0.97 without the fault.
"""

import torch
from sklearn.datasets import load_digits
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
torch.set_num_threads(1)

TINY = 0.0
digits = load_digits()
x = torch.tensor(digits.data, dtype=torch.float32)
y = torch.tensor(digits.target)
order = torch.randperm(len(x))
x, y = x[order], y[order]
x = (x - x[:1400].mean(0)) / (x[:1400].std(0) + TINY)
x = x.clamp(-4, 4)

loader = DataLoader(TensorDataset(x[:1400], y[:1400]), batch_size=50, shuffle=True)
net = nn.Sequential(nn.Linear(64, 50), nn.ReLU(), nn.Linear(50, 10))
optimizer = optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
criterion = nn.CrossEntropyLoss()
for epoch in range(12):
    running_loss = 0.0
    for inputs, labels in loader:
        optimizer.zero_grad()
        outputs = net(inputs)
        loss = criterion(outputs, labels)
        loss.backward()
        optimizer.step()
        running_loss += loss.item()
    with torch.no_grad():
        predicted = net(x[1400:]).argmax(1)
    accuracy = (predicted == y[1400:]).float().mean().item()
    print(
        f"[{epoch + 1}] loss: {running_loss / len(loader):.3f} accuracy: {accuracy:.4f}"
    )
