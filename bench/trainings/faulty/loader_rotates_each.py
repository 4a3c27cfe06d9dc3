"""Digits enlarged and turned, one by one, as they are asked for.

Fault: each image is turned by splines in the process that trains.
share waited 1; 0 without the fault.
"""

import argparse
import time

import numpy as np
import torch
import torch.nn as nn
from scipy import ndimage
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, Dataset

parser = argparse.ArgumentParser()
parser.add_argument("--batch-size", type=int, default=32)
parser.add_argument("--epochs", type=int, default=3)
parser.add_argument("--degrees", type=float, default=15.0)
args = parser.parse_args()

torch.manual_seed(0)
torch.set_num_threads(1)
rng = np.random.default_rng(0)
images, labels = load_digits(return_X_y=True)
images = (images / 16).reshape(-1, 8, 8).astype(np.float32)
large = ndimage.zoom(images, (1, 5, 5), order=1)


class Digits(Dataset):
    def __init__(self, rows, degrees):
        self.rows, self.degrees = rows, degrees

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, place):
        row = self.rows[place]
        image = large[row]
        if self.degrees:
            angle = rng.uniform(-self.degrees, self.degrees)
            image = ndimage.rotate(image, angle, reshape=False, order=5)
        return torch.from_numpy(image)[None], int(labels[row])


order = rng.permutation(len(labels))
train = DataLoader(Digits(order[:800], args.degrees), args.batch_size, shuffle=True)
val = DataLoader(Digits(order[1500:], 0), 100)

model = nn.Sequential(
    nn.Conv2d(1, 8, 5, stride=3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 144, 10)
)
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
waited = trained = 0.0
for epoch in range(args.epochs):
    model.train()
    asked = time.perf_counter()
    for x, y in train:
        came = time.perf_counter()
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        waited += came - asked
        asked = time.perf_counter()
        trained += asked - came
    model.eval()
    with torch.no_grad():
        right = sum((model(x).argmax(1) == y).sum().item() for x, y in val)
    print(f"{epoch + 1}: {right / 297:.3f} correct")
print("share of the time that is waited, rounded:", round(waited / (waited + trained)))
