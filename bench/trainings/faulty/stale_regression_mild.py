"""Progression of diabetes, by a small net in a loop of one's own, plain SGD.

Fault: zero_grad is called every tenth step only.
R2 0.4; 0.44 without the fault. A weak form.
"""

import numpy as np
import torch
from sklearn.datasets import load_diabetes

EVERY = 10


def batches(n, size, rng):
    order = rng.permutation(n)
    return [torch.from_numpy(order[i : i + size]) for i in range(0, n, size)]


def main():
    rng = np.random.default_rng(1)
    torch.manual_seed(1)
    torch.set_num_threads(1)
    x, y = load_diabetes(return_X_y=True)
    order = rng.permutation(len(y))
    x = torch.tensor(x[order] / x.std(0), dtype=torch.float32)
    y = torch.tensor((y[order] - y.mean()) / y.std(), dtype=torch.float32)[:, None]
    model = torch.nn.Sequential(
        torch.nn.Linear(10, 16), torch.nn.SiLU(), torch.nn.Linear(16, 1)
    )
    sgd = torch.optim.SGD(model.parameters(), lr=0.06)
    loss_fn = torch.nn.MSELoss()
    count = 0
    for epoch in range(25):
        for idx in batches(330, 15, rng):
            if count % EVERY == 0:
                sgd.zero_grad()
            loss = loss_fn(model(x[idx]), y[idx])
            loss.backward()
            sgd.step()
            count += 1
        with torch.no_grad():
            val = loss_fn(model(x[330:]), y[330:])
            r2 = 1 - val / y[330:].var(correction=0)
        print(f"{epoch} {loss:.4f} {val:.4f} {r2:.4f}")


main()
