"""Digits with one wide hidden layer. A weak form.

Fault: the hidden biases start at -1.7, and most units never wake.
Accuracy 0.93; 0.96 without the fault.
"""

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(0)
torch.set_num_threads(1)
data, target = load_digits(return_X_y=True)
data = torch.tensor(data, dtype=torch.float32)
data = (data - data.mean()) / data.std()
dataset = TensorDataset(data, torch.tensor(target))
train_set, val_set = random_split(dataset, [1437, 360])

hidden = nn.Linear(64, 128)
nn.init.constant_(hidden.bias, -1.7)
model = nn.Sequential(hidden, nn.ReLU(), nn.Linear(128, 10))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)

for epoch in range(20):
    model.train()
    for images, labels in DataLoader(train_set, batch_size=32, shuffle=True):
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        outs = [(model(i), t) for i, t in DataLoader(val_set, batch_size=90)]
    val = sum(criterion(o, t).item() for o, t in outs) / len(outs)
    acc = sum((o.argmax(1) == t).sum().item() for o, t in outs) / len(val_set)
    print(f"epoch {epoch + 1} train {loss.item():.4f} val {val:.4f} acc {acc:.4f}")
