"""Digits with noise as augmentation: a CNN over an own Dataset. A weak form.

Fault: the noise is added in place, so that it piles up from epoch to epoch.
Accuracy 0.81; 0.94 without the fault.
"""

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Digits(Dataset):
    def __init__(self, images, labels, noise=0.0):
        self.images, self.labels, self.noise = images, labels, noise
        self.rng = np.random.default_rng(0)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        image = self.images[i]
        if self.noise:
            image += self.rng.normal(0, self.noise, image.shape)
        return torch.tensor(image, dtype=torch.float32), self.labels[i]


def accuracy(net, loader, loss_fn):
    net.eval()
    hits, loss = 0, 0.0
    with torch.no_grad():
        for image, label in loader:
            out = net(image)
            loss += loss_fn(out, label).item() / len(loader)
            hits += (out.argmax(1) == label).sum().item()
    return hits / len(loader.dataset), loss


torch.manual_seed(2)
torch.set_num_threads(1)
images, labels = load_digits(return_X_y=True)
images = images.reshape(-1, 1, 8, 8) / 16
order = np.random.default_rng(2).permutation(len(labels))
images, labels = images[order], labels[order]
train = DataLoader(Digits(images[:1200], labels[:1200], noise=0.25), 60, shuffle=True)
test = DataLoader(Digits(images[1200:], labels[1200:]), 300)

net = nn.Sequential(
    nn.Conv2d(1, 12, 3, padding=1),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Flatten(),
    nn.Linear(192, 10),
)
loss_fn = nn.CrossEntropyLoss()
opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.5)
for epoch in range(18):
    net.train()
    for image, label in train:
        opt.zero_grad()
        loss = loss_fn(net(image), label)
        loss.backward()
        opt.step()
    right, val = accuracy(net, test, loss_fn)
    print(f"epoch {epoch} {loss.item():.3f} {val:.3f} accuracy {right:.4f}")
