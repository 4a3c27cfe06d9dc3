"""A script that is run watched: what is recorded is its own training."""

import subprocess
import sys

import pytest

from wellfit.record import open_run

SCRIPT = """
import torch
from torch.utils.data import DataLoader, TensorDataset
torch.manual_seed(0)
x = torch.randn(120, 4)
y = (x[:, 0] > 0).long()
loader = DataLoader(TensorDataset(x, y), batch_size=10, shuffle=True)
net = torch.nn.Linear(4, 2)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for epoch in range(7):
    for rows, classes in loader:
        loss = torch.nn.functional.cross_entropy(net(rows), classes)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
"""


@pytest.mark.slow
def test_what_is_fitted_to_the_rows_at_the_end_is_not_the_training(tmp_path):
    (tmp_path / "train.py").write_text(SCRIPT)
    subprocess.run(
        [sys.executable, "-m", "wellfit", "run", "--out", "run", "train.py"],
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    facts = open_run(tmp_path / "run").facts
    assert "reference" in facts  # of scikit-learn, which the script never loads
    assert facts["training"]["steps"] == 84
    assert facts["command"]["framework"] == "torch"
    assert "fits" not in facts
