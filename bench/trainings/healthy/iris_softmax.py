# softmax regression on iris, everything by hand but the gradients
import numpy as np
import torch
from sklearn.datasets import load_iris

rng = np.random.RandomState(0)
torch.manual_seed(0)
torch.set_num_threads(1)

data = load_iris()
order = rng.permutation(150)
x = data.data[order].astype("float32")
t = data.target[order]
x = (x - x[:110].mean(0)) / x[:110].std(0)
x_train, t_train = torch.from_numpy(x[:110]), torch.from_numpy(t[:110])
x_test, t_test = torch.from_numpy(x[110:]), torch.from_numpy(t[110:])

W = torch.zeros(4, 3, requires_grad=True)
b = torch.zeros(3, requires_grad=True)


def log_softmax(z):
    return z - torch.logsumexp(z, dim=1, keepdim=True)


def nll(x, t):
    return -log_softmax(x @ W + b)[torch.arange(len(t)), t].mean()


optimizer = torch.optim.SGD([W, b], lr=0.3, weight_decay=3e-3)
for epoch in range(60):
    for lo in range(0, 110, 10):
        loss = nll(x_train[lo : lo + 10], t_train[lo : lo + 10])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 10 == 9:
        with torch.no_grad():
            guess = (x_test @ W + b).argmax(1)
            print(
                f"epoch {epoch + 1}",
                f"train {nll(x_train, t_train):.3f}",
                f"test {nll(x_test, t_test):.3f}",
                f"accuracy {(guess == t_test).float().mean():.4f}",
            )
