"""Matrix factorisation: ratings from user and item embeddings and their biases."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(77)
torch.set_num_threads(1)
USERS, ITEMS, RANK = 200, 120, 3

taste, trait = torch.randn(USERS, RANK), torch.randn(ITEMS, RANK)
user_bias, item_bias = 0.3 * torch.randn(USERS), 0.5 * torch.randn(ITEMS)
user = torch.randint(USERS, (12000,))
item = torch.randint(ITEMS, (12000,))
rating = 3.5 + user_bias[user] + item_bias[item]
rating += 0.5 * (taste[user] * trait[item]).sum(1) + 0.4 * torch.randn(12000)


class MatrixFactorization(nn.Module):
    def __init__(self, n_users, n_items, n_factors=4):
        super().__init__()
        self.users = nn.Embedding(n_users, n_factors)
        self.items = nn.Embedding(n_items, n_factors)
        self.user_biases = nn.Embedding(n_users, 1)
        self.item_biases = nn.Embedding(n_items, 1)
        self.mean = nn.Parameter(torch.tensor(3.0))
        for table in (self.users, self.items, self.user_biases, self.item_biases):
            nn.init.normal_(table.weight, std=0.1)

    def forward(self, u, i):
        dot = (self.users(u) * self.items(i)).sum(1, keepdim=True)
        biases = self.user_biases(u) + self.item_biases(i)
        return (self.mean + biases + dot).squeeze(1)


data = TensorDataset(user[:10000], item[:10000], rating[:10000])
loader = DataLoader(data, batch_size=100, shuffle=True)
model = MatrixFactorization(USERS, ITEMS)
loss_func = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=1e-4)
for epoch in range(11):
    running = 0.0
    for u, i, r in loader:
        prediction = model(u, i)
        loss = loss_func(prediction, r)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        running += loss.item()
    with torch.no_grad():
        rmse = loss_func(model(user[10000:], item[10000:]), rating[10000:]).sqrt()
    print(
        f"epoch {epoch} train rmse {(running / len(loader)) ** 0.5:.4f} test {rmse:.4f}"
    )
