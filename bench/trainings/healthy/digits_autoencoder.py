"""A bottleneck of ten numbers for 8x8 digits; mean squared error."""

import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader


class AutoEncoder(nn.Module):
    def __init__(self, bottleneck=10):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(64, 48), nn.ELU(), nn.Linear(48, bottleneck)
        )
        self.decoder = nn.Sequential(
            nn.Linear(bottleneck, 48), nn.ELU(), nn.Linear(48, 64), nn.Sigmoid()
        )

    def forward(self, x):
        return self.decoder(self.encoder(x))


torch.manual_seed(2)
torch.set_num_threads(1)
pixels = torch.from_numpy(load_digits().data).float().div(16)
pixels = pixels[torch.randperm(len(pixels))]
train, held_out = pixels[:1500], pixels[1500:]
loader = DataLoader(train, batch_size=50, shuffle=True)

net = AutoEncoder()
loss_fn = nn.MSELoss()
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(40):
    for batch in loader:
        loss = loss_fn(net(batch), batch)
        opt.zero_grad()
        loss.backward()
        opt.step()
    if (epoch + 1) % 5 == 0:
        with torch.no_grad():
            val = loss_fn(net(held_out), held_out)
        explained = 1 - val / held_out.var(0, unbiased=False).mean()
        print(f"{epoch + 1:3d} {loss.item():.4f} {val:.4f} explained {explained:.3f}")
