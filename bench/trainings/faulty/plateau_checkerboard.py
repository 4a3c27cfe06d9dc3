"""The fields of a board (made up): an MLP of tanh and plain SGD.

Fault: nothing tells the fields apart at first, and the run is over soon after it does.
Accuracy 0.69; 0.89 without the fault.
"""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(3)
torch.set_num_threads(1)
rng = np.random.default_rng(3)
places = rng.uniform(-1.5, 1.5, (4000, 2))
white = (np.sin(np.pi * places[:, 0]) * np.sin(np.pi * places[:, 1]) > 0).astype(int)
places, white = torch.tensor(places).float(), torch.tensor(white)
board = TensorDataset(places[:3000], white[:3000])


class Fields(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(2, 40), nn.Linear(40, 40)])
        self.out = nn.Linear(40, 2)

    def forward(self, x):
        for layer in self.layers:
            x = torch.tanh(layer(x))
        return self.out(x)


fields = Fields()
criterion = nn.CrossEntropyLoss()
MOMENTUM = 0.0
opt = torch.optim.SGD(fields.parameters(), lr=0.18, momentum=MOMENTUM)
for epoch in range(68):
    fields.train()
    for x, y in DataLoader(board, batch_size=100, shuffle=True):
        opt.zero_grad()
        criterion(fields(x), y).backward()
        opt.step()
    fields.eval()
    with torch.no_grad():
        said = fields(places[3000:])
        loss = criterion(said, white[3000:]).item()
        right = (said.argmax(1) == white[3000:]).float().mean().item()
    print(f"epoch {epoch} val {loss:.3f} accuracy {right:.3f}")
