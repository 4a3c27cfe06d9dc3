"""The contract of taps: on each tap of ours, and on one that breaks it."""

import importlib
from collections.abc import Callable
from typing import Any

import pytest

from wellfit.contracts import check_tap
from wellfit.contracts.check_rule import Check
from wellfit.contracts.check_tap import Tapped, checks_of
from wellfit.taps.launch import BESIDE, TAPS


def torch_training() -> bytes:
    import torch
    from torch import nn
    from torch.optim.optimizer import register_optimizer_step_post_hook
    from torch.utils.data import DataLoader, TensorDataset

    torch.manual_seed(5)
    torch.set_num_threads(1)
    x = torch.randn(64, 4)
    y = x[:, :3].argmax(1)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, 3))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    # A stranger's hook behind ours: PyTorch goes on to it after a fault of ours.
    stranger = register_optimizer_step_post_hook(lambda *_: None)
    criterion, bits = nn.CrossEntropyLoss(), b""
    for _ in range(4):
        model.train()
        for rows, kinds in DataLoader(TensorDataset(x, y), 8, shuffle=True):
            optimizer.zero_grad()
            loss = criterion(model(rows), kinds)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            bits += loss.detach().numpy().tobytes()
        model.eval()
        with torch.no_grad():
            bits += criterion(model(x), y).numpy().tobytes()
    stranger.remove()
    return bits + b"".join(p.detach().numpy().tobytes() for p in model.parameters())


def _table() -> tuple[Any, Any]:
    import numpy as np

    drawn = np.random.default_rng(5)
    x = drawn.normal(size=(80, 4))
    return x, (x[:, 0] + x[:, 1] > 0).astype(int)


def sklearn_training() -> bytes:
    from sklearn.linear_model import SGDClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, y = _table()
    model = make_pipeline(StandardScaler(), SGDClassifier(random_state=0))
    return model.fit(x, y).decision_function(x).tobytes()


def xgboost_training() -> bytes:
    import xgboost as xgb

    x, y = _table()
    data = xgb.DMatrix(x, y)
    settings = {"objective": "binary:logistic", "max_depth": 2, "nthread": 1}
    model = xgb.train(settings, data, 12, evals=[(data, "all")], verbose_eval=False)
    return bytes(model.save_raw("json"))


def lightgbm_training() -> bytes:
    import lightgbm as lgb

    x, y = _table()
    settings = {"objective": "binary", "num_threads": 1, "verbose": -1}
    model = lgb.train(settings, lgb.Dataset(x, y), 12)
    return model.model_to_string().encode()


# Module, as TAPS has it → a small training of it: repeatable, and very quick.
TRAININGS: dict[str, Callable[[], bytes]] = {
    "torch": torch_training,
    "sklearn.base": sklearn_training,
    "xgboost": xgboost_training,
    "lightgbm": lightgbm_training,
}
# Taps that stand above PyTorch's and record little without it: held to the same
# promises by tests/frameworks, on whole scripts.
ELSEWHERE = {
    "lightning.pytorch": "test_frameworks_torch.py",
    "pytorch_lightning": "test_frameworks_torch.py",
    "transformers.trainer": "test_frameworks_torch.py",
    "accelerate.accelerator": "test_frameworks_torch.py",
    "keras": "test_frameworks_keras.py: TensorFlow does not survive a fork",
    "torchmetrics.metric": "test_torchmetrics.py: it trains nothing",
}


def _tap(path: str) -> Any:
    home, _, name = path.partition(":")
    return getattr(importlib.import_module(home), name)


def _promises() -> list[Check]:
    pairs = [
        (module, path, table is TAPS)
        for table in (TAPS, BESIDE)
        for module, path in table.items()
        if module in TRAININGS
    ]
    checks: list[Check] = []
    for module, path, counts in pairs:
        package, train = module.partition(".")[0], TRAININGS[module]
        tapped = Tapped(make=_tap(path), package=package, train=train, counts=counts)
        checks += checks_of(tapped)
    return checks


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("check", _promises(), ids=str)
def test_promise(check: Callable[[], None]) -> None:
    check()


@pytest.mark.parametrize("module", TAPS)
def test_every_tap_has_a_training(module: str) -> None:
    assert module in TRAININGS.keys() | ELSEWHERE.keys(), "add a small training of it"


class Framework:
    """A framework of one function."""

    steps = 0

    @staticmethod
    def step() -> None:
        Framework.steps += 1


class Careless:
    """Breaks one promise after another, as it is told."""

    framework = "careless"
    fault = ""

    def __init__(self, records: Any, **_: Any) -> None:
        self.records = records
        self.step = 0
        self._original: Any = None

    def attach(self) -> None:
        if self._original is None:
            self._original = Framework.__dict__["step"]
            Framework.step = staticmethod(self._stepped)  # type: ignore[assignment]

    def _stepped(self) -> None:
        self._original.__func__()
        self.step += 1
        self.records.value("train/loss", self.step, 0.0)
        if self.fault == "changes":
            Framework.steps += 1

    def detach(self) -> None:
        if self._original is not None and self.fault != "stays":
            Framework.step = self._original
            self._original = None

    def finish(self) -> None:
        self.detach()


def _careless_training() -> bytes:
    Framework.steps = 0
    for _ in range(40):
        Framework.step()
    return Framework.steps.to_bytes(2, "big")


@pytest.mark.parametrize(
    ("promise", "fault", "said"),
    [
        ("check_changes_nothing", "changes", "the training has other bits"),
        ("check_leaves_no_trace", "stays", "left something behind in"),
        ("check_finishes_once", "stays", "still records or counts"),
        ("check_is_silent_in_a_child", "", "1 it records"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_broken_promise(
    promise: str, fault: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Careless, "fault", fault)
    monkeypatch.setattr(Framework, "step", Framework.__dict__["step"])
    tapped = Tapped(make=Careless, package=__name__, train=_careless_training)
    with pytest.raises(AssertionError, match=said):
        getattr(check_tap, promise)(tapped)


def test_a_fault_that_reaches_the_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Framework, "step", Framework.__dict__["step"])
    tapped = Tapped(make=Careless, package=__name__, train=_careless_training)
    with pytest.raises(RuntimeError, match="a fault that the contract planted"):
        check_tap.check_survives_its_own_faults(tapped)
