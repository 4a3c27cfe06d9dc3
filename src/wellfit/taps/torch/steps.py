"""The steps of a training: what each was trained on, and what it did to the weights."""

import math
import weakref
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import torch
from torch import Tensor, nn

from wellfit.taps.looks import Looks
from wellfit.taps.sample import COLUMNS, Sample
from wellfit.taps.tap import Records
from wellfit.taps.torch.batches import Batches
from wellfit.taps.torch.criteria import Call
from wellfit.taps.torch.describe import (
    model_fact,
    optimizer_fact,
    seeds_fact,
    versions_fact,
)
from wellfit.taps.torch.inputs import Entered, Inputs
from wellfit.taps.torch.layers import LayersLook
from wellfit.taps.torch.models import Models
from wellfit.taps.torch.numbers import array, fetch
from wellfit.taps.torch.objective import Objective
from wellfit.taps.torch.scores import ClassScores
from wellfit.taps.torch.sources import Sources
from wellfit.taps.torch.weights import WeightsLook

WINDOWS = (16, 256)  # steps whose losses are fetched together, at first and later
PATIENCE = 0.5  # seconds after which they are fetched anyway
SMALL = 4096  # outputs of a step that are scored between looks too
DENSE = 64  # of twice as many steps each is seen with its batch; later ever fewer
SCORED = 16  # batches that are scored together
SPIKE = 3.0  # times the recent loss: unusual enough to look at the next steps
SAID_AGAIN = 2.0  # seconds after which facts that grow are written again


@dataclass(slots=True)
class _Step:
    """What was seen since the last optimizer step."""

    loss: Tensor | None = None
    backwards: int = 0
    rows: int = 0
    norm: Tensor | None = None  # of the gradient, before it was clipped
    waited: float = 0.0


class Steps:
    """Turns backward passes and optimizer steps into signals."""

    def __init__(
        self, records: Records, looks: Looks, sources: Sources, model: nn.Module | None
    ) -> None:
        self.count = 0  # optimizer steps done
        self.inside = False  # of an optimizer's step, where a closure may be called
        self.skimming = (
            False  # this step: the loss is taken, the batch is not looked at
        )
        self.inputs = Inputs()
        self.models = Models(model)
        self.criteria: set[str] = set()  # that were trained on
        self.sample = Sample()
        self.objective = Objective()
        self._records = records
        self._looks = looks
        self._sources = sources
        self._main: weakref.ref[torch.optim.Optimizer] | None = None
        self._met: weakref.WeakSet[torch.optim.Optimizer] = weakref.WeakSet()
        self._layers: LayersLook | None = None
        self._weights: WeightsLook | None = None
        self._looking = False
        self._closure = False
        self._by_loader = False  # the batches that are trained on are loaded
        self._plain = False  # backward is called on a criterion's own value
        self._now = _Step()
        self._losses: list[tuple[int, Tensor]] = []
        self._norms: list[tuple[int, Tensor]] = []
        self._scored = Batches()
        self._rates: dict[int, float] = {}
        self._recent = math.nan
        self._flushed = self._said = perf_counter()
        self._counted = 0
        self._epochs = 0
        self._rows = 0  # trained on since the epoch began
        self._epoch_rows = 0
        self._batch_size = 0  # the greatest: the last of an epoch is often less

    # -- within a step -----------------------------------------------------------

    def waited(self, seconds: float) -> None:
        """So long the step waited for a batch."""
        self._now.waited += seconds

    def clipped(self, norm: Any, kind: str, limit: float) -> None:
        """The gradient was clipped; `norm` is its length before."""
        if isinstance(norm, Tensor):
            self._now.norm = norm.detach()
        if not self.count:
            self._records.fact("clipping", {"kind": kind, "limit": float(limit)})

    def skim(self, loss: Tensor) -> None:
        """A backward pass on what is known to be the criterion's own value."""
        now = self._now
        self.inputs.used()
        if self.inside and now.backwards:
            return
        now.backwards += 1
        part = loss.detach()
        if now.loss is None:
            now.loss = part
        else:
            now.loss = now.loss + (part - now.loss) / now.backwards
        now.rows += self._batch_size

    def backward(self, calls: list[Call], value: Tensor) -> None:
        """A backward pass, with the calls of the criterion that led to it."""
        now = self._now
        if self.inside and now.backwards:
            return  # a closure that is called again within one step
        now.backwards += 1
        self._plain = len(calls) == 1 and calls[0].value is value and value.ndim == 0
        if calls:
            part, rows = _mean(calls), calls[0].rows
            if now.loss is None:
                now.loss = part
            else:
                share = rows / max(now.rows + rows, 1)
                now.loss = now.loss + (part - now.loss) * share
        else:
            part = value.detach() if value.ndim == 0 else value.detach().mean()
            rows = self.inputs.entered().rows or self._batch_size
            now.loss = part if now.loss is None else now.loss + part
        now.rows += rows
        self._learn(calls)

    def _learn(self, calls: list[Call]) -> None:
        """Where the batch came from and, at a look, what is in it."""
        entered = self.inputs.entered()
        self._sources.train(entered.origin())
        self._by_loader = self.inputs.used() or (
            self._by_loader and self._now.backwards > 1
        )
        for call in calls:
            self.criteria.add(call.criterion)
        if calls and (self._looking or calls[0].outputs.numel() <= SMALL):
            self._scored.add(calls[0].cut())
        if self._looking:
            begun = perf_counter()
            self._look_at_batch(entered, calls[0].cut() if calls else None)
            self._looks.spent += perf_counter() - begun

    def _look_at_batch(self, entered: Entered, call: Call | None) -> None:
        if call is not None:
            self._say(self.objective.look(call))
        if entered.batch is None:
            return
        self._say(self.inputs.look(entered.batch))
        if entered.rows:
            self._sources.remember(entered.batch)
        if entered.rows and entered.batch[0].numel() <= COLUMNS:
            targets = None if call is None else call.targets
            told = None if targets is None else array(targets)
            self.sample.add(array(entered.batch), told)

    # -- around a step -----------------------------------------------------------

    def before(self, optimizer: torch.optim.Optimizer, closure: bool) -> None:
        """An optimizer is about to step."""
        self.inside, self._closure = True, closure
        if self._main is None:
            self._begin(optimizer)
        elif optimizer is not self._main() and optimizer not in self._met:
            self._meet(optimizer)
        if self._looking and not closure:
            begun = perf_counter()
            self._weights = WeightsLook(self.models.of(optimizer))
            self._looks.spent += perf_counter() - begun

    def _begin(self, optimizer: torch.optim.Optimizer) -> None:
        """The first step is about to be done: now the models are known."""
        self._main = weakref.ref(optimizer)
        models, say = self.models, self._records.fact
        self._meet(optimizer)
        self._layers = LayersLook(models.layers)
        say("model", model_fact(list(models.roots), models.layers, models.parameters))
        say("optimizer", optimizer_fact(optimizer))
        say("seeds", seeds_fact())
        say("versions", versions_fact())
        self._looking = True
        self._looks.begin()
        self._flushed = perf_counter()

    def _meet(self, optimizer: torch.optim.Optimizer) -> None:
        """An optimizer's first step: its models are known now."""
        self._met.add(optimizer)
        for root in self.models.settle(optimizer).values():
            self.inputs.meet(root)
        layers = self.models.layers.values()
        weighted = (m for m in layers if next(m.parameters(), None) is not None)
        first = next(weighted, None)
        self.inputs.first_layer = None if first is None else type(first).__name__

    def after(self, optimizer: torch.optim.Optimizer) -> None:
        """An optimizer has stepped."""
        self.inside = False
        main = self._main() if self._main is not None else None
        if main is None:  # the one that was counted is gone
            self._main, main = weakref.ref(optimizer), optimizer
        if self._looking:
            begun = perf_counter()
            self._look(optimizer, main=optimizer is main)
            self._looks.spent += perf_counter() - begun
        if optimizer is main:
            self._done(optimizer)

    def _look(self, optimizer: torch.optim.Optimizer, *, main: bool) -> None:
        weights = self._weights or WeightsLook(self.models.of(optimizer))
        self._weights = None
        found = weights.after()
        if self._closure:  # the weights had moved before they could be looked at
            found = {n: v for n, v in found.items() if not n.startswith("update_ratio")}
        if self._now.norm is not None:
            found["grad_norm"] = float(self._now.norm)
        if not main:  # what is of the whole run is of its first optimizer
            found = {n: v for n, v in found.items() if "@" in n}
        elif self._layers is not None:
            found |= self._layers.close()
            self._looks.spent += self._layers.spent
            self._layers.spent = 0.0
        self._say(found)

    def _done(self, optimizer: torch.optim.Optimizer) -> None:
        """A step that counts is done."""
        now, self._now = self._now, _Step()
        step = self.count
        if now.loss is not None:
            self._losses.append((step, now.loss))
        if now.norm is not None and not self._looking:
            self._norms.append((step, now.norm))
        for place, group in enumerate(optimizer.param_groups):
            if self._rates.get(place) != group["lr"]:
                self._rate(place, group["lr"])
        self._rows += now.rows
        self._batch_size = max(self._batch_size, now.rows)
        if self._looking:
            self._looks.took(step)
            self._say({"batch_size": now.rows, "data_time": now.waited})
        self.count = step + 1
        window = min(max(WINDOWS[0], step // 32), WINDOWS[1])
        due = self.count - self._counted >= window
        if due or perf_counter() - self._flushed > PATIENCE:
            self.flush()
        self._looking = self._looks.due(self.count)
        dense = self.count % max(1, self.count // DENSE) == 0
        self.skimming = self._plain and not dense and not self._looking
        self.inputs.attend(self._looking or not self._by_loader)
        if self._looking and self._layers is not None:
            self._layers.open()

    def _rate(self, group: int, rate: Any) -> None:
        self._rates[group] = rate
        where = f"@group{group}" if group else ""
        self._say({f"learning_rate{where}": float(rate)})

    def end_epoch(self) -> None:
        """The training's data have been gone through once."""
        if not self._rows:
            return  # they were evaluated, not trained on
        self._epochs += 1
        self._epoch_rows, self._rows = self._rows, 0
        self._records.event("epoch", self.count, number=self._epochs)

    def resume(self) -> None:
        """An evaluation is over: its time is not the steps'."""
        self.flush(whole=True)
        self._flushed = perf_counter()

    # -- out of hand ---------------------------------------------------------------

    def flush(self, *, whole: bool = False) -> None:
        """Fetch what is still under way, and record it; scores too where `whole`."""
        (losses, self._losses), (norms, self._norms) = (
            (self._losses, []),
            (self._norms, []),
        )
        numbers = fetch([v for _, v in losses] + [v for _, v in norms])
        for (step, _), value in zip(losses, numbers[: len(losses)], strict=True):
            self._records.value("train/loss", step, value)
            self._watch_for_the_unusual(step, value)
        for (step, _), value in zip(norms, numbers[len(losses) :], strict=True):
            self._records.value("train/grad_norm", step, value)
        self._flush_scores(whole)
        now = perf_counter()
        if self.count > self._counted:
            mean = (now - self._flushed) / (self.count - self._counted)
            self._records.value("train/step_time", self.count - 1, mean)
        self._flushed, self._counted = now, self.count
        if now - self._said > SAID_AGAIN:
            self.say_facts()

    def _flush_scores(self, whole: bool) -> None:
        if self._scored.calls < SCORED and not whole:
            return
        scored, self._scored = self._scored, Batches()
        for name, value in scored.result().items():
            if not name.startswith("recall@"):
                self._records.value(f"train/{name}", self.count - 1, value)
        if isinstance(scored.scores, ClassScores):
            self.objective.count(scored.scores.counts())

    def _watch_for_the_unusual(self, step: int, loss: float) -> None:
        recent = self._recent
        if not math.isfinite(loss):
            if math.isfinite(recent):
                self._records.event("non-finite", step, what="loss")
                self._looks.alarm(step)
        elif math.isfinite(recent) and abs(loss) > SPIKE * abs(recent) + 1e-12:
            self._looks.alarm(step)
        self._recent = loss if math.isnan(recent) else 0.9 * recent + 0.1 * loss

    def say_facts(self) -> None:
        """Write the facts that grow as the training goes on."""
        self._said = perf_counter()
        looks = self._looks
        facts = {
            "objective": self.objective.fact(),
            "inputs": self.inputs.fact(),
            "training": {
                "steps": self.count,
                "epochs": self._epochs or None,
                "rows": self._epoch_rows or None,
                "batch_size": self._batch_size,
                "seconds": looks.elapsed,
                "loss_source": "criterion" if self.criteria else "backward",
            },
            "watching": {
                "seconds": looks.spent,
                "share": looks.spent / max(looks.elapsed, 1e-9),
                "looks": looks.taken,
            },
        }
        for key, fact in facts.items():
            if fact is not None:
                self._records.fact(key, fact)

    def close(self) -> None:
        """Leave nothing behind in the models."""
        self.models.close()
        self.inputs.close()
        if self._layers is not None:
            self._layers.close()

    def _say(self, found: dict[str, float]) -> None:
        for name, value in found.items():
            self._records.value(f"train/{name}", self.count, value)


def _mean(calls: list[Call]) -> Tensor:
    """The loss of several calls: the mean over calls of one criterion, summed."""
    if len(calls) == 1:
        return calls[0].loss()
    by_name: dict[str, list[Tensor]] = {}
    for call in calls:
        by_name.setdefault(call.criterion, []).append(call.loss())
    return torch.stack([torch.stack(v).mean() for v in by_name.values()]).sum()
