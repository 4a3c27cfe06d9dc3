"""Five in a hundred parts are faulty; the loss weighs them up. Balanced accuracy."""

import numpy as np
import torch
from sklearn.datasets import make_classification
from sklearn.metrics import balanced_accuracy_score, recall_score
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

np.random.seed(0)
torch.manual_seed(0)
torch.set_num_threads(1)

X, y = make_classification(
    n_samples=6000,
    n_features=12,
    n_informative=6,
    n_clusters_per_class=1,
    weights=[0.95],
    class_sep=0.7,
    flip_y=0.0,
    random_state=1,
)
X = X.astype(np.float32)
X_train, X_val, y_train, y_val = train_test_split(
    X, y.astype(np.float32), test_size=0.3, stratify=y, random_state=0
)
mean, scale = X_train.mean(0), X_train.std(0)
X_train, X_val = (X_train - mean) / scale, (X_val - mean) / scale

train_ds = TensorDataset(torch.from_numpy(X_train), torch.from_numpy(y_train))
train_dl = DataLoader(train_ds, batch_size=64, shuffle=True)

model = nn.Sequential(nn.Linear(12, 24), nn.ReLU(), nn.Dropout(0.1), nn.Linear(24, 1))
weight = torch.tensor((y_train == 0).sum() / (y_train == 1).sum())
criterion = nn.BCEWithLogitsLoss(pos_weight=weight)
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3, weight_decay=1e-4)

for epoch in range(14):
    model.train()
    losses = []
    for xb, yb in train_dl:
        optimizer.zero_grad()
        loss = criterion(model(xb).squeeze(-1), yb)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    model.eval()
    with torch.no_grad():
        z = model(torch.from_numpy(X_val)).squeeze(-1)
        val_loss = criterion(z, torch.from_numpy(y_val)).item()
    pred = (z > 0).numpy()
    print(
        f"{epoch} train={np.mean(losses):.4f} val={val_loss:.4f} "
        f"recall={recall_score(y_val, pred):.3f} "
        f"balanced={balanced_accuracy_score(y_val, pred):.4f}"
    )
