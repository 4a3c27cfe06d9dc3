"""Digits with an MLP and much dropout.

Fault: the model is never set to eval(), so that it is validated with dropout.
Accuracy 0.88; 0.97 without the fault.
"""

import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset, random_split

device = torch.device("cpu")
torch.manual_seed(9)
torch.set_num_threads(1)

digits = load_digits()
X = torch.tensor(digits.data / 8 - 1, dtype=torch.float32)
full = TensorDataset(X, torch.tensor(digits.target))
train_ds, val_ds = random_split(full, [1347, 450])
train_dl = DataLoader(train_ds, batch_size=32, shuffle=True)
val_dl = DataLoader(val_ds, batch_size=150)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(64, 64),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(64, 32),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(32, 10),
        )

    def forward(self, x):
        return self.layers(x)


model = Classifier().to(device)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
EVAL_MODE = True  # train() and eval() take a mode; train(True) is what was written
for epoch in range(25):
    model.train()
    for xb, yb in train_dl:
        optimizer.zero_grad()
        loss = criterion(model(xb.to(device)), yb.to(device))
        loss.backward()
        optimizer.step()
    model.train(EVAL_MODE)
    correct, val_loss = 0, 0.0
    with torch.no_grad():
        for xb, yb in val_dl:
            out = model(xb.to(device))
            val_loss += criterion(out, yb.to(device)).item() * len(yb)
            correct += (out.argmax(1).cpu() == yb).sum().item()
    print(f"epoch {epoch}: val_loss {val_loss / 450:.4f} val_acc {correct / 450:.4f}")
