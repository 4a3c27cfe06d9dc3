"""A wide MLP held in check by dropout 0.5: its training loss stays above validation."""

import torch
import torch.nn.functional as F
from sklearn import datasets
from torch import nn, optim

torch.manual_seed(123)
torch.set_num_threads(1)

x, y = datasets.load_digits(return_X_y=True)
x = (torch.FloatTensor(x) - 4.9) / 6.0
y = torch.LongTensor(y)
perm = torch.randperm(len(x))
train, valid = perm[:1400], perm[1400:]


class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.l1 = nn.Linear(64, 128)
        self.l2 = nn.Linear(128, 128)
        self.l3 = nn.Linear(128, 10)

    def forward(self, x):
        x = F.dropout(F.relu(self.l1(x)), 0.5, self.training)
        x = F.dropout(F.relu(self.l2(x)), 0.5, self.training)
        return self.l3(x)


model = MLP()
opt = optim.SGD(model.parameters(), lr=0.03, momentum=0.9)
sched = optim.lr_scheduler.MultiStepLR(opt, milestones=[16, 24], gamma=0.2)
for epoch in range(28):
    model.train()
    total = 0.0
    for i in torch.randperm(len(train)).split(100):
        batch = train[i]
        opt.zero_grad()
        loss = F.cross_entropy(model(x[batch]), y[batch])
        loss.backward()
        opt.step()
        total += loss.item() * len(batch)
    sched.step()
    model.eval()
    with torch.no_grad():
        out = model(x[valid])
        vloss = F.cross_entropy(out, y[valid]).item()
        acc = (out.argmax(1) == y[valid]).float().mean().item()
    print(
        "epoch %d: train %.4f valid %.4f acc %.4f" % (epoch, total / 1400, vloss, acc)
    )
