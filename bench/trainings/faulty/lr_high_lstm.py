"""Rising or falling? An LSTM with Adam. A weak form.

Fault: Adam's rate is 0.3.
Accuracy 0.79; 0.91 without the fault.
"""

import torch
import torch.nn as nn
import torch.optim as optim

torch.manual_seed(0)
torch.set_num_threads(1)


def get_batch(n):
    slope = (torch.rand(n, 1) - 0.5) * 4
    t = torch.linspace(-1, 1, 20)
    x = slope * t + torch.randn(n, 20)
    return x.unsqueeze(2), (slope[:, 0] > 0).long()


class LSTMClassifier(nn.Module):
    def __init__(self, input_dim, hidden_dim, output_dim):
        super().__init__()
        self.hidden_dim = hidden_dim
        self.lstm = nn.LSTM(input_dim, hidden_dim, 2, batch_first=True)
        self.fc = nn.Linear(hidden_dim, output_dim)

    def forward(self, x):
        h0 = torch.zeros(2, x.size(0), self.hidden_dim)
        c0 = torch.zeros(2, x.size(0), self.hidden_dim)
        out, _ = self.lstm(x, (h0, c0))
        return self.fc(out[:, -1, :])


model = LSTMClassifier(1, 24, 2)
criterion = nn.CrossEntropyLoss()
optimizer = optim.Adam(model.parameters(), lr=0.3)
x_val, y_val = get_batch(1000)
for i in range(1, 251):
    x, y = get_batch(64)
    outputs = model(x)
    loss = criterion(outputs, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if i % 25 == 0:
        with torch.no_grad():
            out = model(x_val)
        val = criterion(out, y_val).item()
        acc = (out.argmax(1) == y_val).float().mean().item()
        print(f"Iter {i} loss {loss.item():.4f} val {val:.4f} Accuracy {acc:.4f}")
