"""All that changes while a training goes on: what a checkpoint holds."""

import math
from dataclasses import asdict, dataclass, field
from typing import Any

import torch  # noqa: TID253

from wellfit.core.errors import UnknownName
from wellfit.models.network import Epoch
from wellfit.schedules.schedule import State, state_of
from wellfit.trainer.averaging import Average
from wellfit.trainer.clock import Stopwatch
from wellfit.trainer.optimizers import Rates, make_optimizers, undecayed
from wellfit.trainer.precision import scaler_for
from wellfit.trainer.randomness import generators, restore_generators
from wellfit.trainer.settings import Settings, Task

FETCHED = 256  # losses at once: reading one makes a device wait


@dataclass(kw_only=True, slots=True)
class Place:
    """How far a training is: plain numbers.

    `batch` of `epoch` is the next to be trained on; both are counted from 0. Since the
    last of the `evaluations` there were so many steps; `total` is the sum of the losses
    of their `rows`. `best_epoch` is the evaluation that was best.
    """

    epoch: int = 0
    batch: int = 0
    step: int = 0
    evaluations: int = 0
    since: int = 0
    total: float = 0.0
    rows: int = 0
    seconds: float = 0.0
    size: int = 1  # rows that go through the network at once
    factor: float = 1.0  # of the rates, that is in force
    best: float | None = None
    best_epoch: int = 0


@dataclass(kw_only=True, slots=True, eq=False)
class Live:
    """The place, and every object with a memory."""

    task: Task
    how: Settings
    place: Place
    optimizers: tuple[torch.optim.Optimizer, ...]
    rates: Rates
    plateau: State
    scaler: torch.amp.GradScaler | None
    average: Average | None
    weights: list[torch.nn.Parameter]  # that are trained
    penalized: list[torch.nn.Parameter]  # empty where there is no penalty
    history: list[Epoch] = field(default_factory=list)
    best_weights: dict[str, torch.Tensor] | None = None
    watch: Stopwatch = field(default_factory=Stopwatch)
    _epoch: int = 0  # batches
    _losses: list[torch.Tensor] = field(default_factory=list)
    _rows: list[int] = field(default_factory=list)

    @classmethod
    def begin(cls, task: Task, how: Settings) -> "Live":
        """A training of which nothing is done yet."""
        network = task.network.to(how.device)
        task.criterion.to(how.device)  # which may weigh classes
        if how.channels_last:
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        optimizers = make_optimizers(network, how.optimizer)
        weights = [p for p in network.parameters() if p.requires_grad]
        fixed, penalty = undecayed(network), how.penalty
        live = cls(
            task=task,
            how=how,
            place=Place(size=-(-task.feed.batch_size // how.parts)),
            optimizers=optimizers,
            rates=Rates(optimizers),
            plateau=how.schedule.initial(),
            scaler=scaler_for(how.precision, torch.device(how.device)),
            average=Average(network, how.averaging) if how.averaging else None,
            weights=weights,
            penalized=[
                p for p in weights if id(p) not in fixed and (penalty.l1 or penalty.l2)
            ],
            _epoch=len(task.feed),
        )
        if how.stopping and how.stopping.restore_best:
            live.best_weights = live.copied()
        return live

    def copied(self) -> dict[str, torch.Tensor]:
        """The network's state as it is now, copied."""
        state = self.task.network.state_dict()
        return {name: value.clone() for name, value in state.items()}

    def stepped(self, loss: torch.Tensor, rows: int) -> None:
        """A step is done, with this mean loss over so many rows."""
        place = self.place
        place.step += 1
        place.since += 1
        place.batch += 1
        if place.batch == self._epoch:
            place.epoch, place.batch = place.epoch + 1, 0
        self._losses.append(loss)
        self._rows.append(rows)
        if self.average is not None:
            self.average.update(place.step)
        if len(self._losses) >= FETCHED:
            self.fetch()

    def fetch(self) -> None:
        """Add up the losses of the steps since the last time.

        One after the other, so that the sum is the same however they were fetched.
        """
        if not self._losses:
            return
        place = self.place
        losses = torch.stack(self._losses).tolist()
        for loss, rows in zip(losses, self._rows, strict=True):
            place.total += loss * rows
            place.rows += rows
        self._losses.clear()
        self._rows.clear()

    def due(self) -> bool:
        """Whether the network is to be evaluated before the next step."""
        place, every = self.place, self.how.evaluate_every
        if not place.since:
            return False
        if every is None:
            return place.batch == 0
        last = place.batch == 0 and place.epoch == self.how.limits.epochs
        return last or place.step % every == 0

    def close(self) -> float:
        """The mean loss over the rows since the last evaluation; this is the next."""
        self.fetch()
        place = self.place
        mean = place.total / place.rows if place.rows else math.nan
        place.total, place.rows, place.since = 0.0, 0, 0
        place.evaluations += 1
        return mean

    def penalty(self) -> torch.Tensor:
        """What is added to the loss for the size of the weights."""
        how = self.how.penalty
        found = torch.zeros((), device=self.penalized[0].device)
        if how.l1:
            found = found + how.l1 * sum(w.abs().sum() for w in self.penalized)
        if how.l2:
            found = found + how.l2 * sum(w.square().sum() for w in self.penalized)
        return found

    def judge(self, epoch: Epoch) -> None:
        """Remember an evaluation, and the weights, where it is the best so far."""
        stopping = self.how.stopping
        if stopping is None:
            return
        if stopping.metric not in epoch.metrics:
            raise UnknownName("metric", stopping.metric, among=epoch.metrics)
        value, best = epoch.metrics[stopping.metric], self.place.best
        if math.isfinite(value) and (best is None or stopping.gains(value, best)):
            self.place.best, self.place.best_epoch = value, epoch.number
            if stopping.restore_best:
                self.best_weights = self.copied()

    def is_finite(self) -> bool:
        """Whether there is anything left to train: NaN never leaves a weight again."""
        last = self.history[-1].metrics["train/loss"] if self.history else 0.0
        return math.isfinite(last) or all(
            bool(weight.isfinite().all()) for weight in self.weights
        )

    def tree(self) -> dict[str, Any]:
        """Everything that a checkpoint has to hold."""
        self.fetch()
        self.place.factor = self.rates.factor
        self.place.seconds = self.watch.spent
        return {
            "place": asdict(self.place),
            "plateau": self.plateau,
            "history": _columns(self.history),
            "network": dict(self.task.network.state_dict()),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "scaler": self.scaler.state_dict() if self.scaler else None,
            "average": self.average.state() if self.average else None,
            "best_weights": self.best_weights,
            "generators": generators(self.how.device),
        }

    def restore(self, tree: dict[str, Any]) -> None:
        """Go on from what a checkpoint held."""
        self.place = Place(**tree["place"])
        self.watch = Stopwatch(spent=self.place.seconds)
        self.plateau = state_of(tree["plateau"])
        self.history = _epochs(tree["history"])
        self.task.network.load_state_dict(tree["network"])
        for optimizer, state in zip(self.optimizers, tree["optimizers"], strict=True):
            optimizer.load_state_dict(state)
            _lay_out(optimizer)
        self.rates.factor = self.place.factor
        if self.scaler:
            self.scaler.load_state_dict(tree["scaler"])
        if self.average:
            self.average.restore(tree["average"])
        self.best_weights = tree["best_weights"]
        restore_generators(tree["generators"], self.how.device)


def _columns(history: list[Epoch]) -> dict[str, Any]:
    """All evaluations, a tensor a column: there may be thousands, in each checkpoint.

    Their metrics have the same names.
    """
    names = list(history[0].metrics) if history else []
    values = [[epoch.metrics[name] for name in names] for epoch in history]
    return {
        "number": torch.tensor([epoch.number for epoch in history]),
        "steps": torch.tensor([epoch.steps for epoch in history]),
        "names": names,
        "metrics": torch.tensor(values, dtype=torch.float64),
    }


def _epochs(columns: dict[str, Any]) -> list[Epoch]:
    """The evaluations of such columns."""
    numbers, steps, metrics = (
        columns[name].tolist() for name in ("number", "steps", "metrics")
    )
    return [
        Epoch(
            number=number,
            steps=step,
            metrics=dict(zip(columns["names"], row, strict=True)),
        )
        for number, step, row in zip(numbers, steps, metrics, strict=True)
    ]


def _lay_out(optimizer: torch.optim.Optimizer) -> None:
    """Lay the optimizer's tensors out in memory as the weights are.

    They were so before they were saved (channels-last, say); sums that run over them
    in another order could end in other bits.
    """
    for parameter, state in optimizer.state.items():
        for name, value in state.items():
            if torch.is_tensor(value) and value.shape == parameter.shape:
                laid = torch.empty_like(
                    parameter, dtype=value.dtype, device=value.device
                )
                state[name] = laid.copy_(value)
