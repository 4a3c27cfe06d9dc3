"""Air quality from eight stations; a station that is off reports -999 (made up).

Fault: the -999 are taken for measurements.
R2 -0.21; 0.94 without the fault.
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def stations(n, generator):
    field = torch.randn(n, 3, generator=generator)
    mix = torch.randn(3, 8, generator=torch.Generator().manual_seed(99))
    readings = field @ mix + 0.3 * torch.randn(n, 8, generator=generator)
    quality = field[:, 0] + 0.5 * field[:, 1] * field[:, 2]
    off = torch.rand(n, 8, generator=generator) < 0.08
    return readings.masked_fill(off, -999.0), quality


def clean(readings, fill=-999.0):
    return torch.where(readings < -900, fill, readings)


def main():
    torch.manual_seed(5)
    torch.set_num_threads(1)
    g = torch.Generator().manual_seed(5)
    x, y = stations(3000, g)
    x_val, y_val = stations(800, g)
    x, x_val = clean(x), clean(x_val)
    loader = DataLoader(TensorDataset(x, y), batch_size=60, shuffle=True)
    net = nn.Sequential(
        nn.Linear(8, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 1)
    )
    criterion = nn.MSELoss()
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-3, weight_decay=1e-4)
    for epoch in range(15):
        for xb, yb in loader:
            optimizer.zero_grad()
            loss = criterion(net(xb).squeeze(-1), yb)
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            val = criterion(net(x_val).squeeze(-1), y_val)
            r2 = 1 - val / y_val.var()
        print(f"epoch {epoch} train {loss.item():.4f} val {val:.4f} R2 {r2:.4f}")


if __name__ == "__main__":
    main()
