"""What happens at each step of a training that is healed, without its script knowing.

Its loss and its gradients are judged before the step is taken. A batch that breaks them
is passed over; a training that has gone wrong goes back to its last good state, and on
from there with the batches that come next, each time with more care.
"""

import sys
from collections import deque
from collections.abc import Callable, Iterator
from math import ceil, isfinite
from pathlib import Path
from typing import Any
from weakref import ref

import torch
import torch.distributed as dist

from wellfit.taps.tap import Records
from wellfit.taps.torch.calm import compiling
from wellfit.taps.torch.healing.called import Called
from wellfit.taps.torch.healing.care import Care
from wellfit.taps.torch.healing.course import TRIAL, Fault, Judge
from wellfit.taps.torch.healing.disk import Disk
from wellfit.taps.torch.healing.judged import Judged
from wellfit.taps.torch.healing.pace import Pace
from wellfit.taps.torch.healing.seen import Seen
from wellfit.taps.torch.healing.shelf import Shelf
from wellfit.taps.torch.healing.state import State, finite, take, weights_of

Optimizer = torch.optim.Optimizer

KIND = "intervention"  # of the events
MEMORY, GRADIENTS, DISK = 0.5, 0.25, 0.25  # of the overhead
APART = 10  # steps from one state to the next, at least
# Batches that are passed over in so many steps: then it is not the batches. Vast losses
# are sooner of the weights than of a second batch.
SKIPPED = {"non-finite": 3, "explosion": 1}
LATELY = 9
SHARE = 0.01  # of all steps may be skipped, beyond the first few
ALONE = 100  # steps without the first optimizer's, after which it is another training


class Healing:
    """Watches all optimizers of this process together, and puts them back together.

    `most` is how often it goes back, `overhead` the share of the time that it may take;
    with `every` a state is taken at each so manieth step instead. `step` tells the step
    of the run, `folder` where the last good state is kept too.
    """

    def __init__(
        self,
        records: Records,
        *,
        most: int,
        step: Callable[[], int],
        overhead: float,
        every: int | None = None,
        folder: Path | None = None,
    ) -> None:
        self.on = False
        self.care = Care()
        self._records, self.most, self._step = records, most, step
        self._seen, self._called, self._shelf = Seen(self._stuck), Called(), Shelf()
        self._clock = 0  # steps of all optimizers
        self._known: list[ref[Optimizer]] = []  # that take turns
        self._alone = 0
        self._back = self._passed = 0  # times
        self._skips: deque[int] = deque(maxlen=3)
        # What was gone back from, while it is open whether that helps.
        self._ahead: State | None = None
        self._bad = -1  # the step up to which other optimizers pass a batch over, too
        each = None if every is None else 1
        self._judged = Judged(Pace(GRADIENTS * overhead, every=each))
        self._states = Pace(MEMORY * overhead, every=every)
        self._disk = Disk(folder, DISK * overhead, every=each)

    # -- coming and going --------------------------------------------------------------

    def attach(self) -> None:
        """Begin."""
        self.on = True
        self._seen.attach()
        self._called.listen()

    def detach(self) -> None:
        """Leave the training alone, and nothing behind in it."""
        self.on = False
        self._seen.detach()
        self._called.rest()
        self._shelf.clear()
        self._judged.drop()
        self.care.end()

    @property
    def alone(self) -> bool:
        """Whether one process trains: several would each go back by themselves."""
        many = dist.is_available() and dist.is_initialized()
        return not (many and dist.get_world_size() > 1)

    def holds(self, optimizer: Optimizer) -> bool:
        """Whether the step whose gradients are there is not to be taken."""
        held = False
        if self.on and not self.alone:
            self.detach()
        if self.on and not compiling():
            try:
                held = self._look(optimizer)
            except Exception as error:  # a fault of ours must not end a training
                self._fail(error)
        self._clock += 1
        self.care.now = self._clock
        return held

    def _fail(self, error: Exception) -> None:
        self.detach()
        said = (f"{type(error).__name__}: {error}".splitlines() or ["?"])[0]
        text = (
            f"roll-back ended at step {self._step()} after a fault of its own: {said}"
        )
        self._records.event("note", self._step(), text=text)
        print(f"wellfit: {text}; the training goes on", file=sys.stderr)

    # -- at each step ------------------------------------------------------------------

    def _look(self, optimizer: Optimizer) -> bool:
        self._meet(optimizer)
        loss = self._seen.take()
        same = loss is None and self._clock <= self._bad
        fault = None if same else self._judged.see(optimizer, self._clock, loss)
        if not same and fault is None:
            self.care.shorten(optimizer)
            fault = self._keep() if optimizer is self._leader else None
        if fault is not None:
            self._heal(fault)
        held = same or fault is not None
        if held and self.on:
            _clear(optimizer)
        return held and self.on

    def _meet(self, optimizer: Optimizer) -> None:
        self._known = [known for known in self._known if known() is not None]
        self._alone = 0 if optimizer is self._leader else self._alone + 1
        if self._alone > ALONE:
            self._known = []
        if not any(known() is optimizer for known in self._known):
            self._known.append(ref(optimizer))
            self._judged.meet(self._optimizers)
            self._shelf.clear()  # no state is whole without it
            self._called.listen()
        elif optimizer is self._leader and self._shelf.newest is not None:
            self._called.rest()

    @property
    def _leader(self) -> Optimizer | None:
        return self._known[0]() if self._known else None

    @property
    def _optimizers(self) -> Iterator[Optimizer]:
        return (o for known in self._known if (o := known()) is not None)

    # -- what is kept ------------------------------------------------------------------

    def _keep(self) -> Fault | None:
        """Take the state as it is now, if it is good and there is time for it.

        What is still on its way of earlier steps may tell that it is not.
        """
        newest = self._shelf.newest
        apart = APART * len(self._known)
        early = newest is not None and self._clock - newest.clock < apart
        if early or not (newest is None or self._states.due(self._clock)):
            return None
        fault = self._judged.arrived(wait=True)
        if fault is None and self._judged.calm:
            self._take(newest)
        return fault

    def _take(self, newest: State | None) -> None:
        self._ahead = None
        self._states.begin()
        if newest is not None and newest.mend_buffers():
            text = "a buffer is not finite, though the loss is: a batch left it so"
            fault = Fault("non-finite", text, self._clock)
            self._say("buffers-restored", fault, "it was put back")
        state = self._taken()
        self._states.end()
        if state is None:
            return
        if newest is not None:  # it has stood the test of some steps
            said = self._disk.keep(newest, self._called)
            if said:
                self._records.event("note", self._step(), text=said)
        self._shelf.add(state)

    def _taken(self) -> State | None:
        state = take(
            self._judged.judges,
            self._called,
            self._seen.scalers,
            clock=self._clock,
            step=self._step(),
        )
        if state is not None:
            newest = self._shelf.newest
            before = {} if newest is None else newest.rates
            for group in (g for o in self._optimizers for g in o.param_groups):
                self._note_rate(state.rates, group, before)
        return state

    def _note_rate(
        self, rates: dict[int, Any], group: dict[str, Any], before: dict[int, Any]
    ) -> None:
        """The rate of a state is the one that led there: one just set has not."""
        own = self.care.rate(group, rates[id(group)])
        known = before.get(id(group))
        both = own is not None and known is not None
        rates[id(group)] = min(own, known) if both else own

    # -- what is done ------------------------------------------------------------------

    def _heal(self, fault: Fault) -> None:
        self._bad = self._clock + len(self._known) - 1
        if fault.kind == "data":
            self._go_ahead(fault)
        elif self._one_batch(fault):
            self._pass_over(fault)
        else:
            self._go_back(fault)

    def _one_batch(self, fault: Fault) -> bool:
        """Whether to pass the batch over is enough: nothing is harmed, it is rare."""
        if not fault.sudden:
            return False
        near = [clock for clock in self._skips if self._clock - clock < LATELY]
        if len(near) >= SKIPPED[fault.kind]:
            return False
        if self._passed >= self.most + ceil(SHARE * self._clock):
            return False
        return finite(w for o in self._optimizers for w in weights_of(o))

    def _pass_over(self, fault: Fault) -> None:
        self._passed += 1
        self._skips.append(self._clock)
        if self._shelf.newest is not None:
            self._shelf.newest.mend_buffers()
        self._say("batch-skipped", fault, "the batch was passed over")

    def _go_back(self, fault: Fault) -> None:
        if self._back >= self.most:
            said = f"left alone: it was gone back {self._back} times"
            self._leave(fault, said)
            return
        state = self._shelf.before(fault.since)
        if state is None:
            self._leave(fault, "left alone: no state from before it is known")
            return
        self._back += 1
        self._ahead = self._taken() if fault.kind in TRIAL else None
        state.restore()
        self._judged.drop()
        self._skips.clear()
        self.care.went_back(state, self._clock)
        for optimizer, judge in self._judged.judges.items():
            if judge.norms.known:
                self.care.limit(optimizer, judge.norms.top)
        self._judge_from(state, fault)
        self._say(
            "rolled-back",
            fault,
            f"went back to step {state.step:,}{self._with_care()}",
            back_to=state.step,
            rate_factor=self.care.factor,
            most=self.most,
        )

    def _judge_from(self, state: State, fault: Fault) -> None:
        """By what was ordinary until then."""
        for known, past in state.pasts:
            optimizer = known()
            if optimizer is None:
                continue
            spiked = self._judged.judges[optimizer]
            judge = self._judged.judges[optimizer] = past.past()
            if self._ahead is not None and isfinite(spiked.level):
                judge.on_trial(fault.kind, spiked.level)

    def _go_ahead(self, fault: Fault) -> None:
        """Going back was no better: it was the data that changed, not the weights."""
        ahead, self._ahead = self._ahead, None
        if ahead is None:
            return
        ahead.restore()
        self._shelf.clear()
        self.care.end()
        for optimizer in self._optimizers:
            self._judged.judges[optimizer] = Judge()  # what was usual is so no more
        self._say(
            "put-forward",
            fault,
            f"went on from step {ahead.step:,}: it is not the weights that have "
            "changed, but the data",
        )

    def _with_care(self) -> str:
        if self.care.level == 1:
            return ", and past the batches since"
        return (
            f", and on with rates of at most {self.care.factor:.2g} times those there"
        )

    def _leave(self, fault: Fault, said: str) -> None:
        self._say("left-alone", fault, said)
        self.detach()

    def _stuck(self, scaler: Any, optimizer: Optimizer) -> None:
        """A scaler has halved its scale until nothing was left of it."""
        if not self.on:
            return
        text = f"the loss scale is {scaler.get_scale():.2g}: every step overflowed"
        try:
            self._go_back(Fault("overflow", text, self._clock - 1))
        except Exception as error:
            self._fail(error)

    def _say(self, act: str, fault: Fault, done: str, **more: Any) -> None:
        data = {"act": act, "fault": fault.kind, "seen": fault.text, "done": done}
        since = self._step() - (self._clock - fault.since) // max(len(self._known), 1)
        said = {**data, "since": max(since, 0), "number": self._back, **more}
        self._records.event(KIND, self._step(), **said)


def _clear(optimizer: Optimizer) -> None:
    """The script may read the gradients of a step that is not taken, or add to them."""
    for weight in weights_of(optimizer):
        if weight.grad is not None:
            weight.grad.detach().zero_()
