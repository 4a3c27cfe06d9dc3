"""Wines with an MLP, SGD with momentum.

Fault: the gradients are never set to zero.
Accuracy 0.79; 0.97 without the fault.
"""

import torch
from sklearn.datasets import load_wine
from torch import nn, optim

CLEAR = False

torch.manual_seed(2)
torch.set_num_threads(1)
wine = load_wine()
features = torch.tensor(wine.data, dtype=torch.float32)
features = (features - features.mean(0)) / features.std(0)
classes = torch.tensor(wine.target)
order = torch.randperm(len(classes))
features, classes = features[order], classes[order]
x, y, x_val, y_val = features[:120], classes[:120], features[120:], classes[120:]

net = nn.Sequential(nn.Linear(13, 20), nn.ReLU(), nn.Linear(20, 3))
criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
for epoch in range(30):
    for i in range(0, 120, 12):
        outputs = net(x[i : i + 12])
        loss = criterion(outputs, y[i : i + 12])
        if CLEAR:
            optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        outputs = net(x_val)
        val_loss = criterion(outputs, y_val)
    accuracy = (outputs.argmax(1) == y_val).float().mean()
    print(f"{epoch} {loss:.4f} {val_loss:.4f} {accuracy:.4f}")
