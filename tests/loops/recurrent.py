"""An RNN with dropout and a loss of its own; random augmentation in two workers."""

import hashlib
import random

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Waves(Dataset):
    """Sine waves of three speeds; each access shifts, scales and roughens anew."""

    def __init__(self, n):
        self.speed = np.random.default_rng(4).integers(1, 4, n)

    def __len__(self):
        return len(self.speed)

    def __getitem__(self, i):
        speed = int(self.speed[i])
        t = torch.arange(20) / 20 + torch.rand(1)
        wave = torch.sin(2 * torch.pi * speed * t) * random.uniform(0.8, 1.2)
        rough = torch.from_numpy(np.random.normal(0, 0.2, 20).astype(np.float32))
        return (wave + rough).unsqueeze(1), speed - 1


def seed_worker(_):
    seed = torch.initial_seed() % 2**32
    np.random.seed(seed)
    random.seed(seed)


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(1, 24, num_layers=2, dropout=0.3, batch_first=True)
        self.drop = nn.Dropout(0.3)
        self.head = nn.Linear(24, 3)

    def forward(self, x):
        states, _ = self.rnn(x)
        return self.head(self.drop(states.mean(1)))


def focal(scores, target):
    log_p = scores.log_softmax(1).gather(1, target[:, None]).squeeze(1)
    return -((1 - log_p.exp()) ** 2 * log_p).mean()


def main():
    torch.manual_seed(4)
    torch.set_num_threads(1)
    loader = DataLoader(
        Waves(400),
        batch_size=25,
        shuffle=True,
        num_workers=2,
        worker_init_fn=seed_worker,
        persistent_workers=True,
    )
    model = Recurrent()
    optimizer = torch.optim.RMSprop(model.parameters(), lr=3e-3)
    for _ in range(3):
        for waves, speed in loader:
            optimizer.zero_grad(set_to_none=False)
            loss = focal(model(waves), speed)
            loss.backward()
            optimizer.step()
            print(repr(loss.item()))
    digest = hashlib.sha256()
    for tensor in model.parameters():
        digest.update(tensor.detach().numpy().tobytes())
    print(digest.hexdigest())


if __name__ == "__main__":
    main()
