"""Five in a hundred customers leave. Balanced accuracy. A weak form.

Fault: no weights, so that few of the leavers are found.
Balanced accuracy 0.56; 0.77 without the fault.
"""

import torch
from sklearn.datasets import make_classification
from sklearn.metrics import balanced_accuracy_score
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

torch.manual_seed(0)
torch.set_num_threads(1)
X, y = make_classification(
    6000,
    12,
    n_informative=5,
    n_clusters_per_class=1,
    weights=[0.95],
    class_sep=0.9,
    flip_y=0.02,
    random_state=3,
)
X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(y)
train, val = TensorDataset(X[:4500], y[:4500]), TensorDataset(X[4500:], y[4500:])

BALANCED = False
odds = torch.where(y[:4500] == 1, 19.0, 1.0) if BALANCED else torch.ones(4500)
sampler = WeightedRandomSampler(odds.double(), 4500)
loader = DataLoader(train, batch_size=50, sampler=sampler)

model = nn.Sequential(nn.Linear(12, 24), nn.ReLU(), nn.Linear(24, 2))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(8):
    for features, label in loader:
        loss = criterion(model(features), label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        features, label = val.tensors
        logits = model(features)
        plain = (logits.argmax(1) == label).float().mean().item()
        balanced = balanced_accuracy_score(label, logits.argmax(1))
    print(
        f"epoch {epoch}: {loss.item():.4f} accuracy {plain:.4f} balanced {balanced:.4f}"
    )
