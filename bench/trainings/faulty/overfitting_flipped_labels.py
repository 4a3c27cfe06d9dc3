"""A wide MLP on 200 rows, some of whose labels are wrong.

Fault: 300 epochs, where 15 would do.
Log loss 2.09; 0.554 without the fault.
"""

import torch
from sklearn.datasets import make_classification
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
torch.set_num_threads(1)

X, y = make_classification(
    n_samples=800, n_features=20, n_informative=5, flip_y=0.2, random_state=0
)
X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(y)
train = TensorDataset(X[:200], y[:200])
X_val, y_val = X[200:], y[200:]

EPOCHS = 300
model = nn.Sequential(
    nn.Linear(20, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 2)
)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
loader = DataLoader(train, batch_size=50, shuffle=True)

for epoch in range(EPOCHS):
    model.train()
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        out = model(X_val)
        acc = (out.argmax(1) == y_val).float().mean()
        val = criterion(out, y_val)
    if epoch % 15 == 14:
        print(f"epoch {epoch + 1} loss {loss:.3f} val acc {acc:.3f} val loss {val:.4f}")
