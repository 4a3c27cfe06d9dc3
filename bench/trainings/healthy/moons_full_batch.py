"""Two noisy moons, all rows in every step."""

import torch
from sklearn.datasets import make_moons
from torch import nn

torch.manual_seed(6)
torch.set_num_threads(1)
points, side = make_moons(1500, noise=0.25, random_state=6)
points = torch.tensor(points, dtype=torch.float32)
side = torch.tensor(side, dtype=torch.float32)
points_train, side_train = points[:1000], side[:1000]
points_val, side_val = points[1000:], side[1000:]

net = nn.Sequential(
    nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1)
)
loss_fn = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)

for step in range(250):
    net.train()
    logits = net(points_train).squeeze()
    loss = loss_fn(logits, side_train)
    acc = ((logits > 0) == (side_train > 0.5)).float().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

    net.eval()
    with torch.inference_mode():
        val_logits = net(points_val).squeeze()
        val_loss = loss_fn(val_logits, side_val)
        val_acc = ((val_logits > 0) == (side_val > 0.5)).float().mean()
    if step % 50 == 49:
        print(
            f"Epoch: {step + 1} | Loss: {loss:.5f}, Acc: {acc:.3f} | "
            f"Val loss: {val_loss:.5f}, Val acc: {val_acc:.4f}"
        )
