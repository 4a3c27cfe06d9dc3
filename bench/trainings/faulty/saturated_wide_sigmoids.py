"""Digits with two hidden layers of sigmoids.

Fault: weights drawn with a standard deviation of 3, which pins the sigmoids.
Accuracy 0.87; 0.97 without the fault.
"""

import torch
import torch.nn as nn
import torch.optim as optim
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset

SCALE = 3.0

torch.manual_seed(3)
torch.set_num_threads(1)
digits = load_digits()
X = torch.tensor(digits.data, dtype=torch.float32)
X = (X - X.mean()) / X.std()
y = torch.tensor(digits.target)
X_train, X_val, y_train, y_val = train_test_split(X, y, test_size=0.25, random_state=3)
loader = DataLoader(TensorDataset(X_train, y_train), batch_size=64, shuffle=True)
val_loader = DataLoader(TensorDataset(X_val, y_val), batch_size=256)

model = nn.Sequential(
    nn.Linear(64, 48),
    nn.Sigmoid(),
    nn.Linear(48, 48),
    nn.Sigmoid(),
    nn.Linear(48, 10),
)
for layer in model:
    if isinstance(layer, nn.Linear) and layer.out_features > 10:
        nn.init.normal_(layer.weight, std=SCALE)

criterion = nn.CrossEntropyLoss()
optimizer = optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(30):
    model.train()
    for inputs, targets in loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs), targets)
        loss.backward()
        optimizer.step()
    model.eval()
    val_loss, correct = 0.0, 0
    with torch.no_grad():
        for inputs, targets in val_loader:
            outputs = model(inputs)
            val_loss += criterion(outputs, targets).item() * len(targets)
            correct += (outputs.argmax(1) == targets).sum().item()
    print(f"{epoch:2d} {val_loss / len(y_val):.4f} {correct / len(y_val):.4f}")
