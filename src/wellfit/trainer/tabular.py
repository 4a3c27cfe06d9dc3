"""The engine as the perceptron for tables uses it."""

from torch import nn  # noqa: TID253

from wellfit.models.network import OnEpoch, Pair, Training
from wellfit.schedules.decay import Cosine
from wellfit.trainer.engine import fit
from wellfit.trainer.feed import MemoryFeed
from wellfit.trainer.optimizers import OptimizerSettings
from wellfit.trainer.settings import Limits, Settings, Stopping, Task

EVALUATED_AT_ONCE = 8192  # rows


def fit_network(
    network: nn.Module,
    loss: nn.Module,
    train: Pair,
    validation: Pair | None,
    how: Training,
    on_epoch: OnEpoch,
) -> int:
    """Train the network in place; the number of its best epoch, whose weights it has.

    The best epoch has the least validation loss; without validation rows it is the
    last. The order of the rows comes from `how.seed` alone.
    """
    feed = MemoryFeed(tensors=train, batch_size=how.batch_size, seed=how.seed)
    held_back = validation and MemoryFeed(
        tensors=validation, batch_size=EVALUATED_AT_ONCE, shuffle=False
    )
    settings = Settings(
        optimizer=OptimizerSettings(
            learning_rate=how.learning_rate, weight_decay=how.weight_decay
        ),
        schedule=Cosine(steps=how.epochs * len(feed)),
        limits=Limits(epochs=how.stop_after or how.epochs),
        stopping=Stopping(patience=how.patience) if held_back else None,
    )
    task = Task(network=network, criterion=loss, feed=feed, validation=held_back)
    return fit(task, settings, on_epoch=on_epoch).best_epoch
