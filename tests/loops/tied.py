"""A language model with tied weights, reused layers, buffers changed in place."""

import torch
import torch.nn.functional as F
from torch import nn


class Tied(nn.Module):
    def __init__(self, words=20, width=16):
        super().__init__()
        self.table = nn.Embedding(words, width)
        self.mix = nn.Linear(width, width)  # called twice
        self.act = nn.ReLU(inplace=True)
        self.attend = nn.MultiheadAttention(width, 2, batch_first=True)
        self.head = nn.Linear(width, words, bias=False)
        self.head.weight = self.table.weight

    def forward(self, tokens):
        x = self.table(tokens)
        mask = nn.Transformer.generate_square_subsequent_mask(tokens.shape[1])
        x = x + self.attend(x, x, x, attn_mask=mask, need_weights=False)[0]
        x = self.act(self.mix(x))
        return self.head(self.act(self.mix(x)))


def main():
    torch.manual_seed(37)
    torch.set_num_threads(1)
    tokens = (torch.arange(9) * torch.randint(1, 5, (128, 1))) % 20
    model = Tied()
    optimizer = torch.optim.RAdam(model.parameters(), lr=1e-2)
    batch = torch.empty(16, 9, dtype=torch.long)  # one buffer for all batches
    for _ in range(4):
        for rows in torch.randperm(128).split(16):
            batch.copy_(tokens[rows])
            scores = model(batch[:, :-1])
            loss = F.cross_entropy(scores.flatten(0, 1), batch[:, 1:].flatten())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            print("loss", repr(loss.item()))
            scores.detach().zero_()  # its memory is used for something else


if __name__ == "__main__":
    main()
