"""Twenty made-up classes of documents. A weak form.

Fault: probabilities instead of scores go into F.cross_entropy.
Accuracy 0.75; 0.78 without the fault.
"""

import torch
import torch.nn.functional as F
from sklearn.datasets import make_classification
from torch import nn

torch.manual_seed(4)
torch.set_num_threads(1)
X, y = make_classification(
    4000,
    30,
    n_informative=12,
    n_classes=20,
    n_clusters_per_class=1,
    class_sep=1.6,
    flip_y=0.02,
    random_state=4,
)
X = torch.tensor((X - X.mean(0)) / X.std(0), dtype=torch.float32)
y = torch.tensor(y)
X_train, y_train, X_val, y_val = X[:3200], y[:3200], X[3200:], y[3200:]


class DocumentNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(30, 64)
        self.output = nn.Linear(64, 20)

    def forward(self, x):
        x = F.relu(self.hidden(x))
        return F.softmax(self.output(x), dim=-1)


net = DocumentNet()
optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(15):
    net.train()
    epoch_loss = 0.0
    for rows in torch.randperm(len(X_train)).split(64):
        scores = net(X_train[rows])
        loss = F.cross_entropy(scores, y_train[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item() * len(rows)
    net.eval()
    with torch.no_grad():
        scores = net(X_val)
        val = F.cross_entropy(scores, y_val).item()
        acc = (scores.argmax(1) == y_val).float().mean().item()
    print(f"{epoch} {epoch_loss / len(X_train):.4f} {val:.4f} {acc:.4f}")
