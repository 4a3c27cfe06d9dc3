# Linear regression by gradient descent.
#
# Fault: the steps are too long, and each one lands farther from the bottom.
# R2 -99; 0.99 without the fault.
import torch

torch.manual_seed(0)
torch.set_num_threads(1)
n, d = 1000, 10
mix = torch.randn(d, d)
X = torch.randn(n, d) @ mix / 2
w_true = torch.randn(d)
y = X @ w_true + 0.3 * torch.randn(n)
X_train, y_train, X_test, y_test = X[:700], y[:700], X[700:], y[700:]

w = torch.zeros(d, requires_grad=True)
b = torch.zeros((), requires_grad=True)
optimizer = torch.optim.SGD([w, b], lr=0.2)
for step in range(200):
    loss = ((X_train @ w + b - y_train) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 20 == 19:
        print("step", step + 1, "loss", loss.item())
with torch.no_grad():
    error = torch.nan_to_num(((X_test @ w + b - y_test) ** 2).mean(), 1e9, 1e9)
    print("test R2", max(-99.0, 1 - (error / y_test.var()).item()))
