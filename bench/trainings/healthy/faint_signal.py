"""A target that is nine parts noise: an R2 of about 0.1 is all there is."""

import copy

import torch
from torch import nn

torch.set_num_threads(1)
g = torch.Generator().manual_seed(8)
torch.manual_seed(8)

n, features = 8000, 8
X = torch.randn(n, features, generator=g)
signal = 0.25 * X[:, 0] + 0.2 * torch.sin(2 * X[:, 1])
Y = signal + 0.9 * torch.randn(n, generator=g)
X_train, Y_train, X_valid, Y_valid = X[:6000], Y[:6000], X[6000:], Y[6000:]

model = nn.Sequential(nn.Linear(features, 16), nn.Tanh(), nn.Linear(16, 1))
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.1)
best, best_state, patience = float("inf"), None, 0
for epoch in range(40):
    for rows in torch.randperm(len(X_train)).chunk(60):
        prediction = model(X_train[rows]).squeeze(1)
        loss = nn.functional.mse_loss(prediction, Y_train[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        valid = nn.functional.mse_loss(model(X_valid).squeeze(1), Y_valid).item()
    print(f"epoch {epoch} train {loss.item():.3f} valid {valid:.4f}")
    if valid < best - 1e-4:
        best, best_state, patience = valid, copy.deepcopy(model.state_dict()), 0
    else:
        patience += 1
        if patience == 6:
            break

model.load_state_dict(best_state)
with torch.no_grad():
    error = (model(X_valid).squeeze(1) - Y_valid).pow(2).mean()
print(f"R2 {1 - error / Y_valid.var():.4f}")
