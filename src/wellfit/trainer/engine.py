"""The training loop, top to bottom."""

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass

import torch  # noqa: TID253
from torch import Tensor, nn  # noqa: TID253

from wellfit.models.network import Epoch, OnEpoch, never_ending
from wellfit.trainer.feed import Batch
from wellfit.trainer.footprint import rows_at_once
from wellfit.trainer.keeper import Checkpoints, keeping
from wellfit.trainer.live import Live
from wellfit.trainer.memory import halved, in_parts, out_of_memory, split
from wellfit.trainer.passes import Pass, evaluate, passing
from wellfit.trainer.say import Say, to_stderr
from wellfit.trainer.settings import Settings, Task


@dataclass(frozen=True, kw_only=True, slots=True)
class Trained:
    """How a training went; its network has the weights that are to be kept.

    They are those of `best_epoch`, an evaluation counted from 1; `ended` says what
    ended it: `epochs`, `steps`, `seconds`, `patience`, `not finite`, or `caller`.
    """

    best_epoch: int
    steps: int
    ended: str
    history: tuple[Epoch, ...]


def fit(
    task: Task,
    how: Settings,
    *,
    checkpoints: Checkpoints | None = None,
    on_epoch: OnEpoch = never_ending,
    say: Say = to_stderr,
) -> Trained:
    """Train the network in place.

    `on_epoch` is told of each evaluation, and ends the training by returning False;
    `say` gets each sentence that the user should read.
    """
    live = Live.begin(task, how)
    with keeping(checkpoints, live, say) as keeper, passing(task, how) as through:
        place = live.place  # where a checkpoint left it, perhaps in mid-epoch
        batches = _batches(live, say)
        ended = "" if place.since else _ended(live)
        while not ended:
            task.network.train()
            limit = ""
            while not live.due():
                if limit := _limit(live):
                    break
                batch = next(batches)
                live.rates.set(how.schedule.factor(place.step, live.plateau))
                live.rates.set_momentum(how.schedule.momentum(place.step))
                loss = _step(live, through, batch, say)
                live.stepped(loss, len(batch[-1]))
                if keeper is not None:
                    keeper.stepped()

            if limit and keeper is not None:
                keeper.save()  # as it is here: other limits may go on in mid-epoch
            if not place.since:  # time was up before the first step
                ended = limit
                break
            epoch = _evaluate(live, through)
            going_on = on_epoch(epoch)
            ended = limit or _ended(live) or ("" if going_on else "caller")
            if keeper is not None and not limit:
                keeper.evaluated(ended=bool(ended))

    best_epoch = _put_back(live)
    return Trained(
        best_epoch=best_epoch,
        steps=place.step,
        ended=ended,
        history=tuple(live.history),
    )


def _batches(live: Live, say: Say) -> Iterator[Batch]:
    """All there are from here on, epoch after epoch."""
    place = live.place
    while True:
        for batch in live.task.feed.batches(place.epoch, place.batch):
            if place.step == 0:
                _fit_into_memory(live, batch, say)
            yield batch


# -- a step -----------------------------------------------------------------------


def _step(live: Live, through: Pass, batch: Batch, say: Say) -> Tensor:
    """A step of the optimizer; the batch's mean loss before it."""
    if isinstance(live.optimizers[0], torch.optim.LBFGS):
        return _search(live, through, batch, say)
    loss = _gradients(live, through, batch, say)
    if live.scaler is not None:
        _scaled_step(live, live.scaler)
        return loss
    _clip(live)
    for optimizer in live.optimizers:
        optimizer.step()
    return loss


def _fit_into_memory(live: Live, batch: Batch, say: Say) -> None:
    """Have fewer rows go through the network at once, where more would not fit."""
    rows, place = len(batch[-1]), live.place
    fitting = rows_at_once(live.task, live.how, batch)
    if fitting < min(rows, place.size):
        place.size = fitting
        say(in_parts("memory would not do", fitting, rows, live.task.network))


def _gradients(live: Live, through: Pass, batch: Batch, say: Say) -> Tensor:
    """Every weight's gradient, with fewer rows at once where memory runs out."""
    while True:
        try:
            return _accumulated(live, through, batch)
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error):
                raise
        rows, network = len(batch[-1]), live.task.network
        live.place.size = halved(min(live.place.size, rows), network)
        say(in_parts("out of memory", live.place.size, rows, network))
        torch.cuda.empty_cache()


def _accumulated(live: Live, through: Pass, batch: Batch) -> Tensor:
    """Every weight's gradient of the mean loss, which is given."""
    rows, criterion, scaler = len(batch[-1]), live.task.criterion, live.scaler
    for optimizer in live.optimizers:
        optimizer.zero_grad()
    mean: Tensor | None = None
    for part in split(batch, live.place.size):
        *inputs, targets = through.moved(part)
        with through.precision():
            loss = criterion(through.forward(*inputs), targets)
        objective, said = loss, loss.detach()
        if len(targets) < rows:  # a mean of means counts each by its rows
            share = len(targets) / rows
            objective, said = loss * share, said * share
        if mean is None and live.penalized:
            objective = objective + live.penalty()
        if scaler is not None:
            objective = scaler.scale(objective)
        objective.backward()
        mean = said if mean is None else mean + said
    assert mean is not None  # a batch has rows
    return mean


def _scaled_step(live: Live, scaler: torch.amp.GradScaler) -> None:
    """A step in float16, left out where a gradient went beyond its numbers."""
    for optimizer in live.optimizers:
        scaler.unscale_(optimizer)
    _clip(live)
    for optimizer in live.optimizers:
        scaler.step(optimizer)
    scaler.update()


def _search(live: Live, through: Pass, batch: Batch, say: Say) -> Tensor:
    """A step of LBFGS, which asks for loss and gradient at several places."""

    def objective() -> Tensor:
        loss = _gradients(live, through, batch, say)
        _clip(live)
        return loss + live.penalty().detach() if live.penalized else loss

    loss: Tensor = live.optimizers[0].step(objective)  # type: ignore[arg-type,assignment]
    return loss


def _clip(live: Live) -> None:
    how = live.how
    if how.clip_value is not None:
        nn.utils.clip_grad_value_(live.weights, how.clip_value)
    if how.clip_norm is not None:
        nn.utils.clip_grad_norm_(live.weights, how.clip_norm)


# -- between steps ----------------------------------------------------------------


def _evaluate(live: Live, through: Pass) -> Epoch:
    """Evaluate the network, and tell all that go by its metrics."""
    task, place = live.task, live.place
    loss = live.close()
    average = live.average.in_place(task.feed) if live.average else nullcontext()
    with live.watch.reserving(), average:
        metrics = {"train/loss": loss} | evaluate(
            task, through, _evaluated_at_once(live)
        )
        epoch = Epoch(number=place.evaluations, steps=place.step, metrics=metrics)
        live.judge(epoch)
    live.plateau = live.how.schedule.tell(live.plateau, place.step, metrics)
    live.history.append(epoch)
    return epoch


def _evaluated_at_once(live: Live) -> int | None:
    """Where memory is short, so many rows: nothing is kept of them for the way back."""
    size, wanted = live.place.size, -(-live.task.feed.batch_size // live.how.parts)
    return None if size >= wanted else 2 * size


def _limit(live: Live) -> str:
    """Which limit forbids another step; time is left to evaluate the last."""
    limits, watch = live.how.limits, live.watch
    if limits.steps is not None and live.place.step >= limits.steps:
        return "steps"
    if limits.seconds is not None and watch.spent + watch.reserve >= limits.seconds:
        return "seconds"
    return ""


def _ended(live: Live) -> str:
    """Why it is not to go on; empty where it is."""
    stopping, place, epochs = live.how.stopping, live.place, live.how.limits.epochs
    if epochs is not None and place.epoch >= epochs:
        return "epochs"
    if limit := _limit(live):
        return limit
    patience = None if stopping is None else stopping.patience
    if patience is not None and place.evaluations - place.best_epoch >= patience:
        return "patience"
    return "" if live.is_finite() else "not finite"


def _put_back(live: Live) -> int:
    """Give the network the weights that are to be kept; the evaluation they are of."""
    if live.best_weights is not None:
        live.task.network.load_state_dict(live.best_weights)
        return live.place.best_epoch
    if live.average is not None:
        live.average.settle(live.task.feed)
    return live.place.evaluations
