"""The training loop, top to bottom."""

import copy
import math
from collections.abc import Iterator

import torch  # noqa: TID253
from torch import nn  # noqa: TID253

from wellfit.models.network import Epoch, OnEpoch, Pair, Training

EVALUATED_AT_ONCE = 8192  # rows


def fit(
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
    generator = torch.Generator().manual_seed(how.seed)
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=how.learning_rate, weight_decay=how.weight_decay
    )
    steps_an_epoch = math.ceil(len(train[0]) / how.batch_size)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(
        optimizer, T_max=how.epochs * steps_an_epoch
    )
    best, least, weights = 0, math.inf, copy.deepcopy(network.state_dict())

    for epoch in range(1, (how.stop_after or how.epochs) + 1):
        network.train()
        total = torch.zeros(())
        for x, y in batches(train, how.batch_size, generator):
            optimizer.zero_grad()
            batch_loss = loss(network(x), y)
            batch_loss.backward()
            optimizer.step()
            schedule.step()
            total += batch_loss.detach() * len(x)

        done = Epoch(
            number=epoch,
            steps=epoch * steps_an_epoch,
            train_loss=float(total) / len(train[0]),
            val_loss=evaluate(network, loss, validation) if validation else None,
        )
        if done.val_loss is None or done.val_loss < least:
            best, least = epoch, done.val_loss or least
            weights = copy.deepcopy(network.state_dict())
        if not on_epoch(done) or epoch - best >= how.patience:
            break

    network.load_state_dict(weights)
    return best


def batches(
    rows: Pair, size: int, generator: torch.Generator | None = None
) -> Iterator[Pair]:
    """The rows in batches of `size`: shuffled by the generator, or in their order."""
    count = len(rows[0])
    if generator is None:
        order = torch.arange(count)
    else:
        order = torch.randperm(count, generator=generator)
    for places in torch.split(order, size):
        yield rows[0][places], rows[1][places]


@torch.no_grad()
def evaluate(network: nn.Module, loss: nn.Module, rows: Pair) -> float:
    """The mean loss over the rows, with dropout off."""
    network.eval()
    total = sum(
        float(loss(network(x), y)) * len(x) for x, y in batches(rows, EVALUATED_AT_ONCE)
    )
    return total / len(rows[0])
