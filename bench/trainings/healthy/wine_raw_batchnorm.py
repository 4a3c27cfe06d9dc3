"""Wine measurements in their own units; a batch norm in front takes care of them."""

import torch
from sklearn.datasets import load_wine
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.set_num_threads(1)
generator = torch.Generator().manual_seed(21)
torch.manual_seed(21)

wine = load_wine()
dataset = TensorDataset(torch.Tensor(wine.data), torch.LongTensor(wine.target))
train, val = random_split(dataset, [0.7, 0.3], generator=generator)
train_loader = DataLoader(train, batch_size=16, shuffle=True, drop_last=True)
val_loader = DataLoader(val, batch_size=len(val))


class WineNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(13)
        self.hidden = nn.Linear(13, 32)
        self.drop = nn.Dropout(0.3)
        self.out = nn.Linear(32, 3)

    def forward(self, x):
        x = torch.relu(self.hidden(self.norm(x)))
        return self.out(self.drop(x))


net = WineNet()
ce = nn.CrossEntropyLoss()
adam = torch.optim.Adam(net.parameters(), lr=3e-3, weight_decay=1e-3)
for epoch in range(40):
    net.train()
    for x, y in train_loader:
        adam.zero_grad()
        loss = ce(net(x), y)
        loss.backward()
        adam.step()
    if epoch % 4 == 3:
        net.eval()
        x, y = next(iter(val_loader))
        with torch.no_grad():
            logits = net(x)
        val_acc = (logits.argmax(1) == y).sum().item() / len(y)
        print(f"{epoch + 1} {loss.item():.4f} {ce(logits, y).item():.4f} {val_acc:.4f}")
