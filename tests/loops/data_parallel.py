"""nn.DataParallel as it is on a machine without a GPU, saved and loaded as it was."""

import io

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(16)
torch.set_num_threads(1)

x = torch.randn(300, 5)
data = TensorDataset(x[:240], x[:240, :2].sum(1, keepdim=True))
held = x[240:], x[240:, :2].sum(1, keepdim=True)
model = nn.DataParallel(nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 1)))
criterion = nn.DataParallel(nn.MSELoss())
optimizer = torch.optim.SGD(model.module.parameters(), lr=0.05)
best = io.BytesIO()
for epoch in range(6):
    model.train()
    for inputs, targets in DataLoader(data, 24, shuffle=True):
        optimizer.zero_grad()
        loss = criterion(model(inputs), targets)
        loss.mean().backward()
        optimizer.step()
        print("loss", repr(loss.item()))
    model.eval()
    with torch.inference_mode():
        print("validation", repr(criterion(model(held[0]), held[1]).item()))
    if epoch == 2:
        torch.save(model.state_dict(), best)
best.seek(0)
model.load_state_dict(torch.load(best))
