"""A CNN on digits with F.nll_loss.

Fault: raw scores go into it, where log-probabilities are expected.
Accuracy 0.09; 0.96 without the fault.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 16, 3, padding=1)
        self.fc1 = nn.Linear(256, 48)
        self.fc2 = nn.Linear(48, 10)

    def forward(self, x):
        x = F.relu(F.max_pool2d(self.conv(x), 2))
        x = F.relu(self.fc1(x.flatten(1)))
        return self.fc2(x)


def main():
    torch.manual_seed(0)
    torch.set_num_threads(1)
    digits = load_digits()
    images = torch.tensor(digits.images / 16, dtype=torch.float32).unsqueeze(1)
    labels = torch.tensor(digits.target)
    perm = torch.randperm(len(labels))
    images, labels = images[perm], labels[perm]
    loader = DataLoader(TensorDataset(images[:1400], labels[:1400]), 50, shuffle=True)
    model = Net()
    optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.5)
    for epoch in range(12):
        model.train()
        for data, target in loader:
            optimizer.zero_grad()
            loss = F.nll_loss(model(data), target)
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            output = model(images[1400:])
            acc = (output.argmax(1) == labels[1400:]).float().mean()
        print(f"Epoch {epoch} loss {loss.item():.4g} accuracy {acc:.4f}")


if __name__ == "__main__":
    main()
