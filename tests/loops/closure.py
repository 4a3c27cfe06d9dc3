"""L-BFGS with a closure, all rows at once, in double precision."""

import hashlib
import math

import torch
from torch import Tensor, nn


def main() -> None:
    torch.manual_seed(1)
    torch.set_num_threads(1)
    x = torch.linspace(-1, 1, 200, dtype=torch.float64).unsqueeze(1)
    y = torch.sin(math.pi * x) + 0.05 * torch.randn_like(x)
    net = nn.Sequential(nn.Linear(1, 20), nn.Tanh(), nn.Linear(20, 1)).double()
    criterion = nn.MSELoss()
    optimizer = torch.optim.LBFGS(
        net.parameters(), max_iter=5, line_search_fn="strong_wolfe"
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = criterion(net(x), y)
        loss.backward()
        print(repr(loss.item()))
        return loss

    for _ in range(30):
        optimizer.step(closure)
    with torch.no_grad():
        print(repr(criterion(net(x), y).item()))
    digest = hashlib.sha256()
    for weight in net.state_dict().values():
        digest.update(weight.numpy().tobytes())
    print(digest.hexdigest())


if __name__ == "__main__":
    main()
