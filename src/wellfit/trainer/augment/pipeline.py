"""A recipe's augmentations, one after the other, as a feed takes them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch  # noqa: TID253
from torch import Tensor, nn  # noqa: TID253

from wellfit.core.choices import AUGMENTATIONS
from wellfit.core.errors import BadSetting
from wellfit.core.own import imported, is_own
from wellfit.core.recipe import Augmentation
from wellfit.trainer.augment import pictures
from wellfit.trainer.augment.mixing import Mix, Pair, cutmix, mixup
from wellfit.trainer.augment.pictures import Step
from wellfit.trainer.feed import Augment, Batch
from wellfit.trainer.randomness import Draws

MIXES: Mapping[str, Callable[[Any], Mix]] = {"mixup": mixup, "cutmix": cutmix}
# its parameters, mean and deviation of the inputs → what it does
STEPS: Mapping[str, Callable[[Any, Tensor, Tensor], Step]] = {
    "flip": lambda how, _, __: pictures.flip(how),
    "crop": lambda how, _, __: pictures.crop(how),
    "rotate": lambda how, _, __: pictures.rotate(how),
    "erase": lambda how, mean, _: pictures.erase(how, mean),
    "color-jitter": lambda how, _, __: pictures.color_jitter(how),
    "noise": lambda how, _, spread: pictures.noise(how, spread),
}
ON_TABLES = ("noise", "mixup")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Pipeline:
    """The steps, in turn; `rows` are all training rows, which others are mixed in of.

    Of `classes` targets become probabilities where rows are mixed.
    """

    steps: tuple[Step | Mix, ...]
    mixes: frozenset[int]  # the places of those that mix
    rows: Pair
    classes: int

    def __call__(self, batch: Batch, draws: Draws) -> Batch:
        """The batch, changed at random."""
        x, y = batch
        return self._through(len(self.steps), (x, self._soft(y)), draws)

    def _through(self, count: int, pair: Pair, draws: Draws) -> Pair:
        for place, step in enumerate(self.steps[:count]):
            if place in self.mixes:
                other = self._through(place, self._others(draws), draws)
                pair = step(pair, other, draws)  # type: ignore[arg-type,call-arg,assignment]
            else:
                pair = (step(pair[0], draws), pair[1])  # type: ignore[arg-type,call-arg,assignment]
        return pair

    def _others(self, draws: Draws) -> Pair:
        """A row at random for each: any of them, so that no batch has a say in it."""
        x, y = self.rows
        places = (draws.uniform().double() * len(y)).long()
        return x.index_select(0, places), self._soft(y.index_select(0, places))

    def _soft(self, y: Tensor) -> Tensor:
        if not (self.mixes and self.classes):
            return y
        return nn.functional.one_hot(y, self.classes).float()


def augmenting(
    said: Sequence[Augmentation], rows: Pair, *, classes: int, folder: Path
) -> Augment | None:
    """What changes the batches of these rows; None where nothing is to.

    Names of the user's own are looked for in `folder`: called with the recipe's
    params, they give what takes inputs and `Draws`, and gives inputs.
    """
    if not said:
        return None
    mean, spread = pictures.statistics(rows[0])
    steps = [_step(one, mean, spread, folder) for one in said]
    _check(said, images=rows[0].dtype == torch.uint8)
    mixes = frozenset(i for i, one in enumerate(said) if one.name in MIXES)
    return Pipeline(steps=tuple(steps), mixes=mixes, rows=rows, classes=classes)


def _check(said: Sequence[Augmentation], *, images: bool) -> None:
    for i, one in enumerate(said):
        if not images and one.name in AUGMENTATIONS and one.name not in ON_TABLES:
            raise BadSetting(
                f"data.augment.{i}: {one.name} changes images, and the model learns "
                f"from columns: for those there are {' and '.join(ON_TABLES)}"
            )


def _step(one: Augmentation, mean: Tensor, spread: Tensor, folder: Path) -> Step | Mix:
    if is_own(one.name):
        made: Step = imported(one.name, key="data.augment", folder=folder)(**one.params)
        return made
    how = AUGMENTATIONS[one.name](**one.params)
    if one.name in MIXES:
        return MIXES[one.name](how)
    return STEPS[one.name](how, mean, spread)
