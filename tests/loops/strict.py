"""Doubles, deterministic algorithms, anomaly detection, warnings as errors."""

import warnings

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def train():
    torch.manual_seed(34)
    torch.set_num_threads(1)
    x = torch.randn(256, 6)
    y = x[:, :3].argmax(1)
    model = nn.Sequential(nn.LazyLinear(16), nn.ReLU(), nn.LazyBatchNorm1d())
    model.append(nn.utils.parametrizations.weight_norm(nn.Linear(16, 3)))
    model(x[:2])
    optimizer = torch.optim.NAdam(model.parameters(), lr=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 4)
    for _ in range(4):
        model.train()
        data = TensorDataset(x[:192], y[:192])
        for inputs, targets in DataLoader(data, 32, shuffle=True):
            loss = F.cross_entropy(model(inputs), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            print("loss", repr(loss.item()))
        schedule.step()
        model.eval()
        with torch.inference_mode():
            print("validation", repr(F.cross_entropy(model(x[192:]), y[192:]).item()))


torch.set_default_dtype(torch.float64)
torch.use_deterministic_algorithms(True)
try:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Anomaly Detection has been enabled")
        anomalies = torch.autograd.detect_anomaly(check_nan=True)
        warnings.simplefilter("error")
        with anomalies:
            train()
finally:
    torch.set_default_dtype(torch.float32)
    torch.use_deterministic_algorithms(False)
