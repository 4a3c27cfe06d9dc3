"""Remember the first of thirty symbols: a tanh RNN.

Fault: recurrent weights as PyTorch draws them, too small to remember that long.
Accuracy 0.44; 0.87 without the fault.
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
torch.set_num_threads(1)
LENGTH, SYMBOLS = 30, 4


def recall_task(n):
    first = torch.randint(SYMBOLS, (n,))
    noise = 0.3 * torch.randn(n, LENGTH, SYMBOLS)
    noise[:, 0] += nn.functional.one_hot(first, SYMBOLS)
    return TensorDataset(noise, first)


class Memory(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.rnn = nn.RNN(SYMBOLS, hidden, batch_first=True)
        self.head = nn.Linear(hidden, SYMBOLS)
        self.reset_recurrence()

    def reset_recurrence(self):
        nn.init.uniform_(self.rnn.weight_hh_l0, -(32**-0.5), 32**-0.5)

    def forward(self, x):
        _, last = self.rnn(x)
        return self.head(last.squeeze(0))


train = DataLoader(recall_task(1600), batch_size=50, shuffle=True)
x_val, y_val = recall_task(500).tensors
net = Memory()
loss_fn = nn.CrossEntropyLoss()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(12):
    total = 0.0
    for x, y in train:
        loss = loss_fn(net(x), y)
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        total += loss.item()
    with torch.no_grad():
        out = net(x_val)
    acc = (out.argmax(1) == y_val).float().mean().item()
    print(
        f"epoch {epoch} train {total / len(train):.4f} "
        f"val {loss_fn(out, y_val).item():.4f} acc {acc:.4f}"
    )
