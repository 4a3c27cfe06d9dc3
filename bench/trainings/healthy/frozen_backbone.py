"""Learn features on digits 0-4, freeze them, and train a new head on digits 5-9."""

import argparse

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def digits_between(low, high, seed):
    data = load_digits()
    keep = (data.target >= low) & (data.target <= high)
    x = torch.tensor(data.images[keep], dtype=torch.float32).unsqueeze(1) / 8 - 1
    y = torch.tensor(data.target[keep]) - low
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
    x, y, cut = x[order], y[order], int(0.75 * len(x))
    return TensorDataset(x[:cut], y[:cut]), TensorDataset(x[cut:], y[cut:])


def backbone():
    return nn.Sequential(
        nn.Conv2d(1, 12, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(12, 24, 3, padding=1),
        nn.ReLU(),
        nn.Flatten(),
    )


def fit(model, dataset, epochs, lr):
    loader = DataLoader(dataset, batch_size=32, shuffle=True)
    trainable = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(trainable, lr=lr)
    model.train()
    for epoch in range(epochs):
        total = 0.0
        for images, labels in loader:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(images), labels)
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"  epoch {epoch + 1}/{epochs}, loss {total / len(loader):.4f}")


def score(model, dataset):
    model.eval()
    images, labels = dataset.tensors
    with torch.no_grad():
        logits = model(images)
    loss = nn.functional.cross_entropy(logits, labels).item()
    return loss, (logits.argmax(1) == labels).float().mean().item()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(1)

    body = backbone()
    train, _ = digits_between(0, 4, args.seed)
    print("pre-training")
    fit(nn.Sequential(body, nn.Linear(384, 5)), train, epochs=8, lr=2e-3)

    for p in body.parameters():
        p.requires_grad = False
    train, val = digits_between(5, 9, args.seed)
    model = nn.Sequential(body, nn.Linear(384, 5))
    print("new head")
    fit(model, train, epochs=15, lr=3e-3)
    loss, accuracy = score(model, val)
    print(f"validation loss {loss:.4f} accuracy {accuracy:.4f}")


if __name__ == "__main__":
    main()
