"""Peaks in spectra of very different brightness: LayerNorm first, then a small MLP."""

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

CHANNELS = 48
PEAKS = np.array([10.0, 18.0, 29.0, 38.0])


def simulate(n, rng):
    kind = rng.integers(0, len(PEAKS), n)
    axis = np.arange(CHANNELS)
    centre = PEAKS[kind] + rng.normal(0, 1.5, n)
    peak = np.exp(-0.5 * ((axis - centre[:, None]) / 2.5) ** 2)
    stray = rng.uniform(0, CHANNELS, n)
    peak += 0.8 * np.exp(-0.5 * ((axis - stray[:, None]) / 2.5) ** 2)
    spectra = peak + rng.normal(0, 0.25, (n, CHANNELS))
    brightness = np.exp(rng.normal(4, 0.6, n))
    return (
        torch.tensor(spectra * brightness[:, None], dtype=torch.float32),
        torch.tensor(kind),
    )


def main(seed=9):
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    rng = np.random.default_rng(seed)
    train = DataLoader(TensorDataset(*simulate(3000, rng)), batch_size=64, shuffle=True)
    x_val, y_val = simulate(800, rng)

    model = nn.Sequential(
        nn.LayerNorm(CHANNELS),
        nn.Linear(CHANNELS, 32),
        nn.GELU(),
        nn.Dropout(0.2),
        nn.Linear(32, len(PEAKS)),
    )
    optimizer = torch.optim.NAdam(model.parameters(), lr=2e-3)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.75)
    for epoch in range(9):
        model.train()
        running = []
        for x, y in train:
            loss = nn.functional.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            running.append(loss.detach())
        scheduler.step()
        model.eval()
        with torch.no_grad():
            out = model(x_val)
            val = nn.functional.cross_entropy(out, y_val)
            acc = (out.argmax(1) == y_val).float().mean()
        print(f"epoch {epoch}: {torch.stack(running).mean():.4f} {val:.4f} {acc:.4f}")


main()
