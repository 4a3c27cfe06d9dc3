"""Digits, whose files were read folder by folder, through a DataLoader.

Fault: the rows stand in the order of their classes, and nothing shuffles them.
Accuracy 0.39; 0.95 without the fault.
"""

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
torch.set_num_threads(1)
images, labels = load_digits(return_X_y=True)
images, labels = torch.tensor(images / 16).float(), torch.tensor(labels)
mixed = torch.randperm(len(labels))
train_rows, test_rows = mixed[:1400], mixed[1400:]
train_rows = train_rows[labels[train_rows].argsort()]  # 0/, 1/, 2/, …

SHUFFLE = False
train_loader = DataLoader(
    TensorDataset(images[train_rows], labels[train_rows]), 32, shuffle=SHUFFLE
)
test_loader = DataLoader(TensorDataset(images[test_rows], labels[test_rows]), 128)

model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.5)
for epoch in range(12):
    model.train()
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
    model.eval()
    right = 0
    with torch.no_grad():
        for x, y in test_loader:
            out = model(x)
            F.cross_entropy(out, y)
            right += (out.argmax(1) == y).sum().item()
    print(f"epoch {epoch}: accuracy {right / len(test_rows):.4f}")
