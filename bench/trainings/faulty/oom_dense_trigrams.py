"""Short made-up messages by the trigrams they hold, hashed into columns.

Fault: a dense table with a column for each of 2^26 hashes.
accuracy 0.5; 0.98 without the fault.
"""

import random
from zlib import crc32

import numpy as np
import torch

BITS = 26
WORDS = {
    0: "offer winner free prize click urgent cash bonus deal claim".split(),
    1: "meeting notes agenda review draft schedule team budget call minutes".split(),
}
COMMON = "the a to of and in for on with today your our please new this".split()


def message(label):
    words = random.choices(COMMON, k=8) + random.choices(WORDS[label], k=2)
    words += random.choices(WORDS[1 - label], k=1)
    random.shuffle(words)
    return " ".join(words)


def trigrams(texts):
    table = np.zeros((len(texts), 2**BITS), dtype=np.float32)
    for row, text in enumerate(texts):
        for start in range(len(text) - 2):
            column = crc32(text[start : start + 3].encode()) % 2**BITS
            table[row, column] = 1
    return table


random.seed(0)
torch.manual_seed(0)
torch.set_num_threads(1)
labels = torch.tensor([n % 2 for n in range(4000)])
texts = [message(label) for label in labels.tolist()]
print("one of two classes, by chance:", 0.5)

x = torch.from_numpy(trigrams(texts))
model = torch.nn.Linear(x.shape[1], 2)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
criterion = torch.nn.CrossEntropyLoss()
for epoch in range(10):
    model.train()
    for rows in torch.randperm(3000).split(50):
        optimizer.zero_grad()
        criterion(model(x[rows]), labels[rows]).backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        right = (model(x[3000:]).argmax(1) == labels[3000:]).float().mean().item()
    print(f"epoch {epoch} accuracy {right:.2f}")
