"""The steps of a training: what each was trained on, and what it did to the weights."""

import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from operator import sub
from time import perf_counter, thread_time
from typing import Any

import torch
from torch import Tensor, nn

from wellfit.taps.looks import Looks
from wellfit.taps.tap import Records
from wellfit.taps.torch.calm import Calm, Naps
from wellfit.taps.torch.criteria import Call
from wellfit.taps.torch.describe import (
    model_fact,
    optimizer_fact,
    seeds_fact,
    versions_fact,
)
from wellfit.taps.torch.doors import Doors
from wellfit.taps.torch.inputs import Entered, Inputs
from wellfit.taps.torch.layers import LayersLook
from wellfit.taps.torch.look import Look, Looked
from wellfit.taps.torch.losses import Losses
from wellfit.taps.torch.models import Models
from wellfit.taps.torch.numbers import Floats, Later, send
from wellfit.taps.torch.objective import Objective
from wellfit.taps.torch.parameters import Weights
from wellfit.taps.torch.persample import by_sample
from wellfit.taps.torch.sources import Sources
from wellfit.taps.torch.start import Start
from wellfit.taps.torch.trained import Rows, TrainScores
from wellfit.taps.torch.ways import Ways

WINDOWS = (16, 256)  # steps whose losses are fetched together, at first and later
PATIENCE = 0.5  # seconds after which they are fetched anyway
DENSE = 32  # of twice as many steps each one's batch is scored; later ever fewer
CHECKED = 1.2  # steps that are seen, not only counted, are this factor apart
SAID_AGAIN = 2.0  # seconds after which facts that grow are written again
TRIES = 2  # steps that a model is waited for
ASLEEP = 32  # calm steps, from which on it pays to take patches away and put them back
MANY = 3  # passes over one batch, beyond the first: an average of random ones
ALONE = 100  # steps without another optimizer's, after which there is but one


@dataclass(slots=True)
class _Step:
    """What was seen since the last optimizer step."""

    loss: Tensor | None = None
    backwards: int = 0
    rows: int = 0
    norm: Tensor | None = None  # of the gradient, before it was clipped


class Steps:
    """Turns backward passes and optimizer steps into signals."""

    def __init__(
        self,
        records: Records,
        looks: Looks,
        sources: Sources,
        calm: Calm,
        doors: Doors,
        naps: Naps,
        model: nn.Module | None,
    ) -> None:
        self.inside = False  # of an optimizer's step, where a closure may be called
        self.inputs = Inputs(calm, doors)
        self.models = Models(doors, model)
        self.criteria: set[str] = set()  # that were trained on
        self.objective = Objective()
        self.scores = TrainScores(records, self.objective)
        self.rows = Rows(sources)
        self.inputs.evaluated = lambda batch: self.rows.back.enter(batch, self.count)
        self.ways = Ways()
        self._start = Start()
        self._done = 0  # optimizer steps, but for those that are calm yet
        self._records = records
        self._looks = looks
        self._sources = sources
        self._calm = calm
        self._doors = doors
        self._naps = naps
        self._losses = Losses(records, looks.alarm)
        self._main: weakref.ref[torch.optim.Optimizer] | None = None
        self._met: weakref.WeakSet[torch.optim.Optimizer] = weakref.WeakSet()
        self._tries: weakref.WeakKeyDictionary[torch.optim.Optimizer, int] = (
            weakref.WeakKeyDictionary()
        )
        self._layers = LayersLook(doors)
        self._kept = Weights()
        self._look: Look | None = None
        self._looked = Looked(records)
        self._weights: dict[str, Tensor] = {}  # that are being stepped, at a look
        self._timed = 0.0  # seconds that the look under way took
        self._by_loader = False  # the batches that are trained on are loaded
        self._closure = False  # the optimizer calls one: several passes a step
        self._plain = False  # backward is called on a criterion's own value
        self._single = False  # and no other criterion is called beside it
        self._check = 0  # the step that is seen next, at the latest
        self._awoken = False  # perhaps between a criterion's call and its backward
        self._usual = 1  # backward passes of a step
        self._other = -ALONE  # the step at which another optimizer stepped last
        self._now = self._was = _Step()
        self._dropped: _Step | None = None  # its gradient was set to zero, unused
        self._rates: dict[int, float] = {}
        self._flushed = self._said = perf_counter()
        # Of the thread's own seconds, a busy machine takes none. A device's are not in
        # them: where there is one, the clock on the wall is the one that tells.
        self._clock: Callable[[], float] = thread_time
        self._worked = self._came = self._clock()
        self._ticked = self._flushed  # when the last calm step was done, or one begun
        self._longest = 0.0  # seconds of a calm step, since it was told
        self._counted = 0
        self._epochs = 0
        self._trained = 0  # rows, since the epoch began
        self._epoch_rows = 0
        self._order = 0  # how many rows were put in an order last
        self._ordered = 0  # rows that were trained on by then
        self._batch_size = 0  # the greatest: the last of an epoch is often less

    @property
    def count(self) -> int:
        """Optimizer steps done."""
        return self._done + len(self._calm.ends)

    # -- within a step -----------------------------------------------------------

    def clipped(self, norm: Any, kind: str, limit: float) -> None:
        """The gradient was clipped; `norm` is its length before."""
        if type(norm) is Tensor:  # reading one that is sharded makes ranks communicate
            if self._calm.on:
                self._losses.add("train/grad_norm", self.count, norm.detach())
            self._now.norm = norm.detach()
        if self.ways.clipping is None:
            self.ways.clipping = {"kind": kind, "limit": float(limit)}
            self._records.fact("clipping", self.ways.clipping)

    @property
    def looking(self) -> bool:
        """Whether this step is looked at."""
        return self._look is not None

    @property
    def backwards(self) -> int:
        """Backward passes since the last step."""
        return self._now.backwards

    def failed(self) -> None:
        """The backward pass that was told of last has raised."""
        self._now = self._was

    def skipped(self, optimizer: torch.optim.Optimizer) -> None:
        """A GradScaler found the gradient not finite, and did not step."""
        if self._is_main(optimizer):
            self._now = _Step()
            self._records.event("skipped", self.count)

    def zeroed(self, optimizer: torch.optim.Optimizer) -> None:
        """Gradients are set to zero: a backward pass before it counts for nothing."""
        if self._now.backwards and not self.inside and self._is_main(optimizer):
            self._dropped = self._now
            self._now, self._awoken = _Step(), False

    def _is_main(self, optimizer: torch.optim.Optimizer) -> bool:
        main = None if self._main is None else self._main()
        return main is None or main is optimizer

    def scaled(self, scaler: Any) -> None:
        """A GradScaler has a new scale, or the same again."""
        scale = getattr(scaler, "_scale", None)
        if isinstance(scale, Tensor):
            self._losses.add("train/loss_scale", self.count, scale.detach().clone())

    def backward(
        self,
        calls: list[Call],
        value: Tensor | None,
        *,
        single: bool = False,
        by_hand: Call | None = None,
    ) -> None:
        """A backward pass, with the calls of the criterion that led to it.

        `value` is what it began at; None where that is not known. `single`: there were
        no other calls, with gradient, since the last one. `by_hand` is what stands for
        a call where there was none.
        """
        now = self._now
        self._was = _Step(now.loss, now.backwards, now.rows, now.norm)
        if self.inside and now.backwards:
            return  # a closure that is called again within one step
        if self._awoken and not calls:
            self._awoken = False
            return  # its loss was taken at the criterion
        if self._look is not None and not now.backwards:
            self.ways.look(self._counted_ones())
        self._dropped = None
        now.backwards += 1
        self._single = single
        self._plain = (
            len(calls) == 1
            and calls[0].value is value
            and calls[0].value.ndim == 0
            and calls[0].options.get("reduction") != "sum"
        )
        if calls:
            part, rows = _mean(calls), calls[0].rows
            self._look_at_objective(calls, value)
            if now.loss is None:
                now.loss = part
            else:
                share = rows / max(now.rows + rows, 1)
                now.loss = now.loss + (part - now.loss) * share
        else:
            assert value is not None
            part = value.detach() if value.ndim == 0 else value.detach().mean()
            rows = self.inputs.entered().rows or self._batch_size
            now.loss = part if now.loss is None else now.loss + part
        now.rows += rows
        self.criteria.update(call.criterion for call in calls)
        self._learn(calls or ([] if by_hand is None else [by_hand]))

    def _counted_ones(self) -> Iterable[Tensor]:
        """The parameters of the optimizer that counts; of all, before it is known."""
        main = None if self._main is None else self._main()
        if main is None:
            return self.models.parameters.values()
        return (p for group in main.param_groups for p in group["params"])

    def _look_at_objective(self, calls: list[Call], value: Tensor | None) -> None:
        """Of a pass that began at something else than a criterion's value: that."""
        look = self._look
        if look is None or value is None or value.ndim or self._now.backwards > 1:
            return
        if not any(call.value is value for call in calls):
            look.say_later(Later((send(value.detach().clone()),), _objective))

    def _learn(self, calls: list[Call]) -> None:
        """Where the batch came from and, at a look, what is in it."""
        entered = self.inputs.entered()
        self._sources.train(entered.origin())
        if entered.loaded is not None:
            self._calm.source = id(entered.loaded)
        self._by_loader = self.inputs.used() or (
            self._by_loader and self._now.backwards > 1
        )
        look = self._look
        if look is None:
            if calls:
                self.scores.add_small(calls[0])
            known = self.rows.sample.full
            if entered.rows and entered.batch is not None and not known:
                self.rows.keep(entered.batch, calls[0].targets if calls else None)
            return
        begun = self._clock()
        first = calls[0].cut() if calls else None
        if first is not None:
            self.scores.add(first)
        self._look_at_batch(look, entered, first)
        self._timed += self._clock() - begun

    def _look_at_batch(self, look: Look, entered: Entered, call: Call | None) -> None:
        if call is not None:
            look.say_later(self.objective.look(call, sketch=look.sketch))
            look.say_later(by_sample(call) if look.sketch else None)
        self.ways.training(self.models.main, self.count)
        if entered.batch is None:
            return
        look.say_later(self.inputs.look(entered.batch))
        if entered.rows and (look.sketch or not self.rows.sample.full):
            targets = None if call is None else call.targets
            look.say_later(self.rows.later(entered.batch, targets))

    def computed(self, outputs: Tensor) -> None:
        """A loss is being computed of these, with gradient."""
        if self._look is not None:
            self.ways.computed(outputs)

    def evaluating(self) -> None:
        """A batch is evaluated: in which mode are the models, if it went through?"""
        entries, repeats = self.inputs.came()
        if entries:
            self.ways.evaluating(self.models.main, repeated=repeats >= MANY)

    def evaluated(self, phase: str) -> None:
        """An evaluation is over."""
        self.ways.evaluated(phase, self.count)

    # -- around a step -----------------------------------------------------------

    def before(self, optimizer: torch.optim.Optimizer, *, closure: bool) -> None:
        """An optimizer is about to step, and not calmly."""
        self.inside = self._closure = closure
        self._meet(optimizer)
        if self._look is not None:
            begun = self._clock()
            self._weights = self.models.of(optimizer)
            if not closure:
                self.ways.stepping(self._weights)
            self._look.stepping(self._weights, self._now.rows, closure=closure)
            self._timed += self._clock() - begun

    def _meet(self, optimizer: torch.optim.Optimizer) -> None:
        """An optimizer's first step: its models are known now."""
        if optimizer in self._met:
            return
        first = self._main is None or self._main() is None
        if first:  # of all, or the one that was counted is gone
            self._main = weakref.ref(optimizer)
            self.models.forget()
            self.inputs.close()
        for root in self.models.settle(optimizer).values():
            self.inputs.meet(root)
        if self.models.roots or self._tries.get(optimizer, 0) >= TRIES:
            self._met.add(optimizer)
        else:  # its model was made after those that were listened for
            self._tries[optimizer] = self._tries.get(optimizer, 0) + 1
            self.models.listen()
        layers = self.models.layers.values()
        weighted = (m for m in layers if next(m.parameters(), None) is not None)
        entered = next(weighted, None)
        self.inputs.first_layer = None if entered is None else type(entered).__name__
        known = self.models.parameters | self.models.outside
        self.ways.meet(known, optimizer, first=first)
        if first:
            self._begin(optimizer)

    def _begin(self, optimizer: torch.optim.Optimizer) -> None:
        """The first step is about to be done: now the models are known."""
        models, say = self.models, self._records.fact
        say("model", model_fact(list(models.roots), models.layers, models.parameters))
        say("optimizer", optimizer_fact(optimizer))
        say("seeds", seeds_fact())
        say("versions", versions_fact())
        if any(p.device.type != "cpu" for p in models.parameters.values()):
            self._clock = self._layers.clock = perf_counter
        self._layers.meet(models.layers)
        self._start.meet(models.parameters | models.outside)
        self.ways.switches.meet(models.main, models.layers)
        if self._done:
            self.rows.restart()
        else:
            self._looks.begin()
            self._flushed = perf_counter()
            self._worked = self._came = self._clock()
        if self._look is None:
            self._open_look()

    def _open_look(self) -> None:
        self.inputs.passes()
        sketch = self._looks.sketch(self._done)
        self._look = Look(self._layers, self._kept, self._done, sketch=sketch)
        self._look.open()

    def after(self, optimizer: torch.optim.Optimizer) -> None:
        """An optimizer has stepped: the last of some calm steps, or one that is not."""
        self.inside = False
        if self._calm.on and self._calm.optimizer == id(optimizer):
            self._take_calm()
            self._tell_rates(optimizer, self._done - 1)
            self._decide(optimizer)
            return
        if not self._calm.on and self._calm.ends:
            self.settle_calm()  # they ended in the middle of a step
        self._meet(optimizer)
        main = self._counts(optimizer)
        if main and self._dropped is not None and not self._now.backwards:
            self._now.loss, self._now.rows = self._dropped.loss, self._dropped.rows
            self.ways.cleared += 1
        if self._look is not None:
            begun = self._clock()
            now = self._now
            self._look.stepped(self._weights, now.rows, now.norm, main=main)
            self._weights = {}
            self._timed += self._clock() - begun
        now, self._now, self._awoken = self._now, _Step(), False
        self._was = self._now
        if main:
            self._finish(optimizer, now)
        else:
            self._other = self._done
            if now.loss is not None:
                name = f"train/loss@{self.models.name_of(optimizer)}"
                self._losses.add(name, self._done, now.loss)

    def _counts(self, optimizer: torch.optim.Optimizer) -> bool:
        """Whether its steps are those that count.

        So are those of one that steps the same parameters, where a backward pass came
        before: it has taken over. (An optimizer around another has none of its own.)
        """
        main = None if self._main is None else self._main()
        if optimizer is main:
            return True
        if main is None or not self._now.backwards:
            return False
        mine = {id(p) for group in main.param_groups for p in group["params"]}
        groups = optimizer.param_groups
        if any(id(p) in mine for group in groups for p in group["params"]):
            self._main = weakref.ref(optimizer)
            return True
        return False

    def _finish(self, optimizer: torch.optim.Optimizer, now: _Step) -> None:
        """A step that counts is done."""
        step = self._done
        if now.loss is not None:
            self._losses.add("train/loss", step, now.loss)
            on_cpu = now.loss.device.type == "cpu"
            self._calm.take = Tensor.item if on_cpu else Tensor.detach
        if now.norm is not None and self._look is None:
            self._losses.add("train/grad_norm", step, now.norm)
        self._tell_rates(optimizer, step)
        self._trained += now.rows
        self._batch_size = max(self._batch_size, now.rows)
        self._usual = max(now.backwards, 1)
        self.ways.stepped(now.backwards)
        if self._look is not None:
            if self.inputs.passes() > max(now.backwards, 1) or self.inputs.several:
                self.rows.sample.compared()
            self._end_look(self._look, now.rows)
        self._done = step + 1
        self._decide(optimizer)

    def _end_look(self, look: Look, rows: int) -> None:
        begun = self._clock()
        self._look = None
        look.say({"batch_size": rows, "data_time": self._calm.waited})
        look.close()
        self.ways.looked()
        self._start.look()
        self._looked.add(look)
        timed = self._timed + self._clock() - begun + self._layers.spent
        self._timed = self._layers.spent = 0.0
        self._looks.took(look.step, timed, self._clock() - self._came)
        self._looks.spent += self._doors.cost
        self._doors.cost = 0.0

    def _decide(self, optimizer: torch.optim.Optimizer) -> None:
        """How much is to be seen of the steps that come."""
        step, calm = self._done, self._calm
        window = min(max(WINDOWS[0], step // 16), WINDOWS[1])
        if step - self._counted >= window or perf_counter() - self._flushed > PATIENCE:
            self.flush()
        begun = self._clock()
        looked, checked = self._looks.due(step), step >= self._check
        if checked:
            self._check = max(step + 1, round(CHECKED * step))
        alone = step - self._other >= ALONE
        ordinary = self._plain and alone and not (self._closure or self._dropped)
        if looked or checked or not ordinary:
            self.settle_calm()
        if looked:
            self._open_look()
        self.inputs.attend(looked or not self._by_loader)
        if checked and not self.rows.sample.full:
            self.inputs.glance()
        if ordinary and not looked and not checked:
            most = self._counted + window - step
            self._calm_down(optimizer, min(most, self._looks.within(PATIENCE)))
        calm.waited = 0.0
        self._ticked, self._came = perf_counter(), self._clock()
        if looked:
            self._timed += self._came - begun

    def _calm_down(self, optimizer: torch.optim.Optimizer, most: int) -> None:
        """Let the next steps be calm, at most so many."""
        step, calm = self._done, self._calm
        every = max(1, step // DENSE)
        begun = not calm.on and calm.begin(optimizer, self.models.main)
        if begun and self._single and self._check - step >= ASLEEP:
            calm.asleep = self._naps.begin()
        calm.scores = step % every == 0
        calm.left = min(every - step % every, most)

    def settle_calm(self) -> None:
        """Take over what calm steps left, and end them."""
        self._take_calm()
        losses = self._calm.losses  # of a step that is not done
        self._awoken = self._calm.asleep and bool(losses)
        if self._calm.asleep:
            self._naps.end()
        self._calm.end()
        for loss in losses:
            self._now.loss = torch.as_tensor(loss)
            self._now.backwards += 1
            self._now.rows += self._batch_size

    def _take_calm(self) -> None:
        """Take over the calm steps that are done; the next ones may be calm too."""
        calm, first = self._calm, self._done
        losses, ends, rates = calm.losses, calm.ends, calm.rates
        if not ends:
            return
        last, usual = ends[-1], self._usual
        times = [self._ticked, *calm.times]
        self._longest = max(self._longest, *map(sub, times[1:], times))
        self._ticked = times[-1]
        calm.losses, calm.ends, calm.times, calm.rates = losses[last:], [], [], []
        self._done = first + len(ends)
        for place, rate in rates:
            self._rate(0, rate, first + place)
        if usual == 1 and ends == list(range(1, len(ends) + 1)):
            self._losses.add_all("train/loss", first, losses[:last])
        else:
            for place, (begin, end) in enumerate(pairwise([0, *ends])):
                if end > begin:
                    loss = _average(losses[begin:end][-usual:])
                    self._losses.add("train/loss", first + place, loss)
        wait, calm.waited = calm.waited / len(ends), 0.0
        self._records.value("train/data_time", self._done - 1, wait)
        self._trained += self._batch_size * last

    def _tell_rates(self, optimizer: torch.optim.Optimizer, step: int) -> None:
        for place, group in enumerate(optimizer.param_groups):
            rate = group.get("lr")
            if isinstance(rate, Tensor):  # changed in place, on whatever device
                self._losses.add(_rate_of(place), step, rate.detach().clone())
            elif rate is not None and self._rates.get(place) != rate:
                self._rate(place, rate, step)

    def _rate(self, group: int, rate: Any, step: int) -> None:
        self._rates[group] = rate = float(rate)
        self._records.value(_rate_of(group), step, rate)

    def end_epoch(self) -> None:
        """The training's data have been gone through once."""
        self._take_calm()
        if not self._trained:
            return  # they were evaluated, not trained on
        self._epochs += 1
        self.rows.flush(whole=True)
        self.rows.sample.epoch()
        self._epoch_rows, self._trained = self._trained, 0
        self._records.event("epoch", self.count, number=self._epochs)
        self.inputs.glance()

    def drawn(self, order: Tensor) -> None:
        """An order was drawn: without a loader, another epoch may begin with it.

        It does if the rows since the last order of that length were as many.
        """
        count = len(order)
        if self._by_loader or count < 2 * self._batch_size:
            return
        self._take_calm()
        since, self._ordered = self._trained - self._ordered, self._trained
        if count == self._order and abs(since - count) <= self._batch_size:
            self.rows.flush(whole=True)
            self.rows.sample.epoch(of=count)
        self._order = count

    def pause(self) -> None:
        """An evaluation goes on: what was trained on must be known by now."""
        self.settle_calm()
        self._looked.record(wait=True)

    def resume(self) -> None:
        """An evaluation is over, or a reading: its time is not the steps'."""
        self.flush(whole=True)
        self._flushed = perf_counter()
        self._worked = self._came = self._clock()

    # -- out of hand ---------------------------------------------------------------

    def flush(self, *, whole: bool = False) -> None:
        """Fetch what is under way, and record it; scores, and all, where `whole`."""
        self._take_calm()
        now, begun = perf_counter(), self._clock()
        self._looked.record(wait=whole)
        looked = self._clock()
        self._losses.flush(wait=whole)
        self.scores.flush(self._done - 1, whole=whole)
        self.rows.flush(whole=whole)
        if self._done > self._counted:
            done = self._done - self._counted
            mean = (now - self._flushed) / done
            self._records.value("train/step_time", self._done - 1, mean)
            if self._longest:
                longest, self._longest = self._longest, 0.0
                self._records.value("train/step_time_max", self._done - 1, longest)
            self._looks.usual(mean, (begun - self._worked) / done)
        if now - self._said > SAID_AGAIN:
            self.say_facts()
        self._flushed, self._counted = perf_counter(), self._done
        self._worked = self._clock()
        self._looks.spent += looked - begun
        self._looks.kept += self._clock() - looked
        self._looks.writing = self._records.writing

    def say_facts(self) -> None:
        """Write the facts that grow as the training goes on."""
        self._said = perf_counter()
        looks = self._looks
        facts = {
            "objective": self.objective.fact(),
            "inputs": self.inputs.fact(),
            "loop": self.ways.fact(),
            "start": self._start.fact(),
            "training": {
                "steps": self.count,
                "epochs": self._epochs or None,
                "rows": self._epoch_rows or None,
                "batch_size": self._batch_size,
                "seconds": looks.elapsed,
                "loss_source": "criterion" if self.criteria else "backward",
            },
            "watching": {
                "seconds": looks.cost,
                "share": looks.cost / max(looks.elapsed, 1e-9),
                "looks": looks.taken,
            },
        }
        for key, fact in facts.items():
            if fact is not None:
                self._records.fact(key, fact)

    def close(self) -> None:
        """Leave nothing behind in the models."""
        self.settle_calm()
        self.models.close()
        self.inputs.close()
        if self._look is not None:
            self._look.drop()
            self._look = None


def _rate_of(group: int) -> str:
    return f"train/learning_rate@group{group}" if group else "train/learning_rate"


def _objective(value: Floats) -> dict[str, float]:
    return {"objective": float(value)}


def _average(losses: list[Any]) -> Any:
    """The loss of a step: of one backward pass, or of several parts of a batch."""
    if len(losses) == 1:
        return losses[0]
    if isinstance(losses[0], float):
        return sum(losses) / len(losses)
    return torch.stack(losses).mean()


def _mean(calls: list[Call]) -> Tensor:
    """The loss of several calls: the mean over calls of one criterion, summed."""
    if len(calls) == 1:
        return calls[0].loss()
    by_name: dict[str, list[Tensor]] = {}
    for call in calls:
        by_name.setdefault(call.criterion, []).append(call.loss())
    return torch.stack([torch.stack(v).mean() for v in by_name.values()]).sum()
