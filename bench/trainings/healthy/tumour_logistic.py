# logistic regression by gradient descent, all rows at once
import torch
from sklearn.datasets import load_breast_cancer

torch.manual_seed(1)
torch.set_num_threads(1)
x, y = load_breast_cancer(return_X_y=True)
x = torch.tensor(x).float()
y = torch.tensor(y).float()
shuffle = torch.randperm(len(x))
x, y = x[shuffle], y[shuffle]
mean, std = x[:427].mean(0), x[:427].std(0)
x = (x - mean) / std
xtr, ytr, xte, yte = x[:427], y[:427], x[427:], y[427:]

w = torch.zeros(30, requires_grad=True)
b = torch.zeros(1, requires_grad=True)
opt = torch.optim.SGD([w, b], lr=0.5, weight_decay=1e-2)
for i in range(200):
    z = xtr @ w + b
    loss = torch.nn.functional.binary_cross_entropy_with_logits(z, ytr)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if i % 50 == 49:
        print(i + 1, loss.item())

with torch.no_grad():
    z = xte @ w + b
    print(
        "test loss", torch.nn.functional.binary_cross_entropy_with_logits(z, yte).item()
    )
    print("test accuracy", ((z > 0) == (yte > 0.5)).float().mean().item())
