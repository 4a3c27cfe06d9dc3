"""What a training is fed with: batches whose order is a function of seed and epoch.

The place in a training's data is two numbers, the epoch and the batch: a feed gives
the batches of any epoch from any of them on, at once, and the same ones every time.
"""

import hashlib
import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import torch  # noqa: TID253
from torch.utils.data import (  # noqa: TID253
    DataLoader,
    Dataset,
    Sampler,
    TensorDataset,
    get_worker_info,
)

from wellfit.core.errors import BadSetting
from wellfit.trainer.held import Held, held_in, seed_held
from wellfit.trainer.randomness import Draws, borrowed, mixed, seed_host
from wellfit.trainer.say import Say, to_stderr
from wellfit.trainer.workers import iterated, of_a_death

Batch = tuple[torch.Tensor, ...]  # a row a sample: the inputs, and last the targets
Augment = Callable[[Batch, Draws], Batch]
LOOKED_AT = 64  # rows, evenly spread, by which data are known again
DEATHS = 3  # of workers in an epoch: then it is no accident


class Feed(Protocol):
    """Batches of one set of rows, by epoch."""

    @property
    def rows(self) -> int:
        """How many there are in an epoch."""
        ...

    @property
    def batch_size(self) -> int:
        """Rows of a batch; the last may have fewer."""
        ...

    def __len__(self) -> int:
        """Batches an epoch."""
        ...

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Those of an epoch, from the `start`-th on; both are counted from 0."""
        ...

    def identity(self) -> dict[str, Any]:
        """Plain data that tell whether another feed gives the same batches."""
        ...


def order_of(rows: int, *, seed: int, epoch: int) -> torch.Tensor:
    """The rows' shuffled order in an epoch."""
    generator = torch.Generator().manual_seed(mixed(seed, epoch))
    return torch.randperm(rows, generator=generator)


def batches_of(rows: int, size: int, *, drop_last: bool) -> int:
    """How many batches of `size` that many rows make."""
    return rows // size if drop_last else math.ceil(rows / size)


def _check(rows: int, size: int, *, drop_last: bool) -> None:
    if size < 1:
        raise BadSetting(f"a batch needs at least 1 row; got batch_size={size}")
    if not rows:
        raise BadSetting("there is nothing to train on: the data have no rows")
    if not batches_of(rows, size, drop_last=drop_last):
        raise BadSetting(
            f"{rows} rows make no batch of {size}: take a smaller batch_size, or keep "
            "the last batch, which may be smaller"
        )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class MemoryFeed:
    """Tensors in memory, cut into batches by index: no row is fetched on its own.

    `tensors` have a row a sample; the last are the targets. `augment` changes a whole
    batch, with random numbers that each row has of its own. Unshuffled batches are
    views of the tensors.
    """

    tensors: Batch
    batch_size: int
    seed: int = 0
    shuffle: bool = True
    drop_last: bool = False
    augment: Augment | None = None

    def __post_init__(self) -> None:
        counts = {len(t) for t in self.tensors}
        if len(counts) != 1:
            raise BadSetting(
                "inputs and targets need the same number of rows; got "
                + " and ".join(str(len(t)) for t in self.tensors)
            )
        _check(len(self.tensors[0]), self.batch_size, drop_last=self.drop_last)

    @property
    def rows(self) -> int:
        """How many there are in an epoch."""
        count = len(self.tensors[0])
        return len(self) * self.batch_size if self.drop_last else count

    def __len__(self) -> int:
        count = len(self.tensors[0])
        return batches_of(count, self.batch_size, drop_last=self.drop_last)

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Those of an epoch, from the `start`-th on."""
        count = len(self.tensors[0])
        if self.shuffle:
            order = order_of(count, seed=self.seed, epoch=epoch)
        else:
            order = torch.arange(count)
        order = order[start * self.batch_size : self.rows]
        on_device = order.to(self.tensors[0].device)
        for places in torch.split(on_device, self.batch_size) if len(order) else ():
            batch = self._cut(places)
            if self.augment:
                batch = self.augment(batch, Draws(self.seed, epoch, places))
            yield batch

    def _cut(self, places: torch.Tensor) -> Batch:
        if self.shuffle:
            return tuple(t.index_select(0, places) for t in self.tensors)
        first = int(places[0])
        return tuple(t[first : first + len(places)] for t in self.tensors)

    def identity(self) -> dict[str, Any]:
        """Plain data that tell whether another feed gives the same batches."""
        step = max(1, len(self.tensors[0]) // LOOKED_AT)
        digest = hashlib.sha256()
        for tensor in self.tensors:
            some = tensor[::step].detach().cpu().contiguous()
            digest.update(some.flatten().view(torch.uint8).numpy().tobytes())
        return {
            "rows": len(self.tensors[0]),
            "shapes": [list(t.shape[1:]) for t in self.tensors],
            "content": digest.hexdigest()[:16],
            "augmented": self.augment is not None,
            **_ordered(self),
        }


class LoaderFeed:
    """A data set that does not fit into memory, loaded by so many `workers`.

    `dataset` gives a sample, a tuple whose last part is the target, by its index.
    While it does, the global generators of Python, NumPy and PyTorch, and those that it
    holds itself, are seeded from (seed, epoch, index): what it augments at random is
    the same again with any number of workers, and from any place in the epoch on. A
    `TensorDataset` draws nothing, and is spared that. A worker that dies is replaced,
    and its batches are loaded again: `say` gets a sentence of it. `options` are the
    DataLoader's own.
    """

    def __init__(
        self,
        dataset: Dataset[Any],
        *,
        batch_size: int,
        seed: int = 0,
        shuffle: bool = True,
        drop_last: bool = False,
        workers: int = 0,
        say: Say = to_stderr,
        **options: Any,
    ) -> None:
        count = len(dataset)  # type: ignore[arg-type]
        _check(count, batch_size, drop_last=drop_last)
        self.batch_size, self.seed = batch_size, seed
        self.shuffle, self.drop_last = shuffle, drop_last
        drawing = not isinstance(dataset, TensorDataset)
        self._place = _Place(
            count, seed, batch_size=batch_size, shuffle=shuffle, with_epoch=drawing
        )
        self._kind, self._say = type(dataset).__qualname__, say
        self._make = partial(
            DataLoader[Any],
            Seeded(dataset, seed) if drawing else dataset,
            batch_size=batch_size,
            sampler=self._place,
            num_workers=workers,
            drop_last=drop_last,
            persistent_workers=workers > 0,
            # Its own: an iterator draws a number from the global one otherwise.
            generator=torch.Generator().manual_seed(seed),
            **options,
        )
        self._loader = self._make()

    @property
    def rows(self) -> int:
        """How many there are in an epoch."""
        return len(self) * self.batch_size if self.drop_last else self._place.count

    def __len__(self) -> int:
        return batches_of(self._place.count, self.batch_size, drop_last=self.drop_last)

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Those of an epoch, from the `start`-th on."""
        for _ in range(DEATHS):
            self._place.epoch, self._place.start = epoch, start
            try:
                for batch in iterated(self._loader):
                    yield tuple(batch)
                    start += 1
                return
            except BadSetting as error:
                raise BadSetting(_sentence(error)) from error
            except (RuntimeError, OSError, EOFError) as error:
                if not of_a_death(error):
                    raise
                self._say("a worker that loads the data died: it is replaced")
            self._loader = self._make()  # the workers of the old one are of no use
        raise BadSetting(
            f"workers that load the data died {DEATHS} times in an epoch, perhaps for "
            "want of memory: take fewer, or none"
        )

    def identity(self) -> dict[str, Any]:
        """Plain data that tell whether another feed gives the same batches."""
        return {"rows": self._place.count, "data": self._kind, **_ordered(self)}


def _sentence(error: BadSetting) -> str:
    """What a data set said is wrong; a worker puts its traceback before it."""
    return str(error).strip().rpartition("BadSetting: ")[2]


def _ordered(feed: MemoryFeed | LoaderFeed) -> dict[str, Any]:
    return {
        "batch_size": feed.batch_size,
        "seed": feed.seed,
        "shuffle": feed.shuffle,
        "drop_last": feed.drop_last,
    }


class _Place(Sampler[Any]):
    """The indices of an epoch, each with it or not, from a batch on."""

    def __init__(
        self,
        count: int,
        seed: int,
        *,
        batch_size: int,
        shuffle: bool,
        with_epoch: bool,
    ) -> None:
        self.count, self.epoch, self.start = count, 0, 0
        self._seed, self._batch_size = seed, batch_size
        self._shuffle, self._with_epoch = shuffle, with_epoch

    def __iter__(self) -> Iterator[Any]:
        epoch, skipped = self.epoch, self.start * self._batch_size
        if self._shuffle:
            order = order_of(self.count, seed=self._seed, epoch=epoch)
            indices = order[skipped:].tolist()
        else:
            indices = list(range(skipped, self.count))
        if self._with_epoch:
            return ((epoch, index) for index in indices)
        return iter(indices)

    def __len__(self) -> int:
        return max(self.count - self.start * self._batch_size, 0)


class Seeded(Dataset[Any]):
    """Samples by (epoch, index), drawn with generators that are seeded by these.

    Beside the global ones that are those that the data set holds.
    """

    def __init__(self, dataset: Dataset[Any], seed: int) -> None:
        self._dataset, self._seed = dataset, seed
        self._held: tuple[Held, ...] = ()
        self._process = 0  # that they were found in: another has its own

    def __len__(self) -> int:
        return len(self._dataset)  # type: ignore[arg-type]

    def __getitems__(self, places: list[tuple[int, int]]) -> list[Any]:
        """The samples of a batch."""
        if get_worker_info() is not None:  # nobody else draws there
            return [self._drawn(*place) for place in places]
        with borrowed():
            return [self._drawn(*place) for place in places]

    def _drawn(self, epoch: int, index: int) -> Any:
        if self._process != os.getpid():
            self._held, self._process = held_in(self._dataset), os.getpid()
        seed = mixed(self._seed, epoch, index)
        seed_host(seed)
        seed_held(self._held, seed)
        return self._dataset[index]
