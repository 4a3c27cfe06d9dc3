"""Which of two circles does a point lie on?

Fault: the model is linear, the problem is not.
Accuracy 0.37; 1 without the fault.
"""

import torch
from sklearn.datasets import make_circles
from torch import nn

torch.manual_seed(42)
torch.set_num_threads(1)

X, y = make_circles(1200, noise=0.08, factor=0.5, random_state=42)
X = torch.from_numpy(X).type(torch.float)
y = torch.from_numpy(y).type(torch.float)
X_train, X_test, y_train, y_test = X[:900], X[900:], y[:900], y[900:]


class CircleModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer_1 = nn.Linear(2, 16)
        self.act = nn.Identity()
        self.layer_2 = nn.Linear(16, 1)

    def forward(self, x):
        return self.layer_2(self.act(self.layer_1(x)))


def accuracy_fn(y_true, y_pred):
    return torch.eq(y_true, y_pred).sum().item() / len(y_pred)


model = CircleModel()
loss_fn = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
for epoch in range(400):
    model.train()
    y_logits = model(X_train).squeeze()
    loss = loss_fn(y_logits, y_train)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if epoch % 40 == 39:
        model.eval()
        with torch.inference_mode():
            test_logits = model(X_test).squeeze()
            test_loss = loss_fn(test_logits, y_test)
            test_acc = accuracy_fn(y_test, (test_logits > 0).float())
        print(
            f"Epoch: {epoch} | {loss:.5f} | {test_loss:.5f} | Test acc: {test_acc:.4f}"
        )
