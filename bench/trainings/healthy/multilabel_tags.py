"""Several tags at once: BCEWithLogitsLoss over six outputs."""

import numpy as np
import torch
from sklearn.datasets import make_multilabel_classification
from sklearn.metrics import f1_score
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
torch.set_num_threads(1)

X, Y = make_multilabel_classification(
    n_samples=3000, n_features=30, n_classes=6, n_labels=2, random_state=0
)
scaler = StandardScaler().fit(X[:2400])
X = torch.as_tensor(scaler.transform(X), dtype=torch.float32)
Y = torch.as_tensor(Y, dtype=torch.float32)
train_dl = DataLoader(TensorDataset(X[:2400], Y[:2400]), batch_size=40, shuffle=True)


def build():
    return nn.Sequential(
        nn.Linear(30, 48),
        nn.BatchNorm1d(48),
        nn.ReLU(),
        nn.Dropout(0.3),
        nn.Linear(48, 6),
    )


model = build()
bce = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3, weight_decay=1e-4)
for epoch in range(12):
    model.train()
    history = []
    for features, tags in train_dl:
        optimizer.zero_grad()
        loss = bce(model(features), tags)
        loss.backward()
        optimizer.step()
        history.append(loss.item())
    print("epoch", epoch, "loss", np.mean(history).round(4))

model.eval()
with torch.no_grad():
    logits = model(X[2400:])
print("validation loss", round(bce(logits, Y[2400:]).item(), 4))
print("micro F1", round(f1_score(Y[2400:], logits > 0, average="micro"), 4))
