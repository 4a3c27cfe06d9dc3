"""A Dataset of the user's own as rows: loaded as they are asked for."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch  # noqa: TID253
from numpy.typing import NDArray
from torch import Tensor  # noqa: TID253
from torch.utils.data import Dataset  # noqa: TID253

from wellfit.core.errors import BadSetting
from wellfit.trainer.feed import Seeded


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Samples:
    """The samples at these `places` of a Dataset, each of the same form.

    A slice of them is an array, drawn by the seed as the first epoch's would be: the
    same ones however often it is asked for.
    """

    dataset: Dataset[Any]
    places: NDArray[np.int64]
    form: tuple[int, ...]
    seed: int
    name: str

    def __len__(self) -> int:
        return len(self.places)

    @property
    def shape(self) -> tuple[int, ...]:
        """Samples, and the form of one."""
        return (len(self.places), *self.form)

    def __getitem__(self, rows: slice) -> NDArray[Any]:
        among = range(len(self.places))[rows]
        if not among:
            return np.zeros((0, *self.form), dtype=np.float32)
        drawn = Seeded(_Inputs(self), self.seed).__getitems__([(0, i) for i in among])
        return torch.stack(drawn).numpy()

    def input(self, place: int) -> Tensor:
        """One of them, as the network takes it."""
        where = int(self.places[place])
        found = as_input(self.dataset[where], self.name, where)
        if found.shape != self.form:
            raise BadSetting(
                f"data.source: {self.name} gives samples of one shape; number {where} "
                f"is {tuple(found.shape)}, and the first {self.form}"
            )
        return found


class Pairs(Dataset[Any]):
    """Samples and the targets that they were found to have."""

    def __init__(self, samples: Samples, targets: Tensor) -> None:
        self.samples, self.targets = samples, targets

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, place: int) -> tuple[Tensor, Tensor]:
        return self.samples.input(place), self.targets[place]


class _Inputs(Dataset[Any]):
    def __init__(self, samples: Samples) -> None:
        self.samples = samples

    def __getitem__(self, place: int) -> Tensor:
        return self.samples.input(place)


def as_input(sample: Any, name: str, place: int) -> Tensor:
    """What a network is given of a sample; float64, which Python has, becomes float32.

    A sample is a pair of that and its target, or, to predict for, that alone.
    """
    x = sample[0] if isinstance(sample, tuple | list) else sample
    try:
        found = torch.as_tensor(x)
    except (TypeError, ValueError, RuntimeError) as error:
        raise BadSetting(
            f"data.source: {name} must give pairs of an input and a target, the input "
            f"a tensor, an array or a number; number {place} has a {type(x).__name__}"
        ) from error
    return found.float() if found.dtype == torch.float64 else found
