"""The network that a recipe trains: of columns, of images, or of the user's own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch  # noqa: TID253
from torch import Tensor, nn  # noqa: TID253

from wellfit.core.choices import OF_IMAGES
from wellfit.core.own import is_own
from wellfit.core.recipe import Recipe
from wellfit.data.features import View
from wellfit.models.cnn import Cnn, Door, FittedCnn, Shape
from wellfit.models.mlp import Between, FittedMlp, Network, threads
from wellfit.models.model import Fit, Fitted, OnRound, Round, Rows, never_ending
from wellfit.models.network import Epoch
from wellfit.models.own import Entrance, Factory, FittedOwn
from wellfit.objectives.metrics import METRICS, Metric
from wellfit.trainer.augment import augmenting
from wellfit.trainer.engine import Trained, fit
from wellfit.trainer.feed import Feed, LoaderFeed, MemoryFeed
from wellfit.trainer.keeper import Checkpoints
from wellfit.trainer.mapped import MappedFeed
from wellfit.trainer.randomness import borrowed, seed_all
from wellfit.trainer.range_test import RangeTest, range_test
from wellfit.trainer.recipes.criterion import criterion_of
from wellfit.trainer.recipes.settings import settings_of
from wellfit.trainer.recipes.training import batch_of
from wellfit.trainer.room import training_room
from wellfit.trainer.samples import Pairs, Samples
from wellfit.trainer.settings import Measure, Settings, Task

EVALUATED_AT_ONCE = 8192  # rows
TRIED = 2  # rows, on which a network of the user's own is tried
LOADED_AT_ONCE = 128  # samples of a Dataset
IMAGES_AT_ONCE = 512  # whose activations are many times their size


@dataclass(frozen=True, kw_only=True, slots=True)
class Scale:
    """Of numbers: what a network learns is how many spreads they are from a center."""

    classes: int
    center: float = 0.0
    spread: float = 1.0

    @classmethod
    def of(cls, train: Rows, classes: int) -> "Scale":
        """The training targets' mean and deviation; of classes there are none."""
        if classes:
            return cls(classes=classes)
        spread = float(train.y.std()) or 1.0
        return cls(classes=0, center=float(train.y.mean()), spread=spread)

    def tensors(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Inputs and targets, as the network and its criterion take them."""
        # Copied only where they are not to be written to, or are other numbers.
        x = torch.from_numpy(np.require(rows.x, requirements="W"))
        return x.float() if x.is_floating_point() else x, self.targets(rows)

    def targets(self, rows: Rows) -> Tensor:
        """Targets alone."""
        y = torch.from_numpy(np.require(rows.y, requirements="W"))
        return y if self.classes else ((y - self.center) / self.spread).float()

    def measure(self, metric: Metric) -> Measure:
        """The metric, of the network's outputs and the targets as it is given them."""

        def measured(outputs: Tensor, targets: Tensor) -> float:
            if self.classes:
                p = outputs.double().softmax(dim=1)
                return metric.measure(np.asarray(p.cpu()), np.asarray(targets.cpu()))
            both = (outputs.double(), targets.double())
            guess, y = (t.cpu() * self.spread + self.center for t in both)
            return metric.measure(np.asarray(guess), np.asarray(y))

        return measured


def _let_go(feed: MemoryFeed, rows: Rows) -> Feed:
    """The feed, which lets go of what it has read where that is in a file."""
    mapped = isinstance(rows.x, np.memmap)
    return MappedFeed(feed=feed, x=rows.x) if mapped else feed


def some_of(rows: Rows) -> Rows:
    """The first of them, to try a network on."""
    return Rows(x=rows.x[:TRIED], y=rows.y[:TRIED])


def _flat(_: nn.Module, __: Any, outputs: Tensor) -> Tensor:
    """Numbers that a network gives as a column, in the shape of the targets."""
    return outputs.squeeze(-1) if outputs.ndim == 2 else outputs


@dataclass(frozen=True, kw_only=True, slots=True)
class RecipeNetwork:
    """A network as its recipe says, with everything that the engine is told.

    `folder` is where names of the user's own are looked for; `say` gets the engine's
    sentences, `on_end` how the training went. Where it is to `stop_after` so many
    epochs, nothing is chosen on the way; of the budget it has one of so many a `share`.
    `memory` is what the process may take, as the user said it; `of_images` whether it
    learns from images, which a network of the user's own may.
    """

    classes: int
    recipe: Recipe
    folder: Path
    checkpoints: Checkpoints | None
    say: Callable[[str], None]
    on_end: Callable[[Trained], None]
    stop_after: int | None = None
    share: int = 1
    memory: int | str | None = None
    of_images: bool = False

    @property
    def name(self) -> str:
        """The kind of model that is saved."""
        return "own" if is_own(self.recipe.model.name) else self.recipe.model.name

    @property
    def view(self) -> View:
        """The form of the features that it takes."""
        seeing = self.of_images or self.recipe.model.name in OF_IMAGES
        return "pictures" if seeing else "dense"

    def fit(
        self, train: Rows, validation: Rows | None, on_round: OnRound = never_ending
    ) -> Fit:
        """Train by the recipe, or go on from a checkpoint of that."""

        def on_epoch(epoch: Epoch) -> bool:
            return on_round(Round(step=epoch.steps, signals=epoch.metrics))

        with self._at_work(train):
            task, how, fitted = self._made(train, validation)
            trained = fit(
                task,
                how,
                checkpoints=self.checkpoints,
                on_epoch=on_epoch,
                say=self.say,
            )
        task.network.cpu().eval()
        self.on_end(trained)
        return Fit(fitted=fitted, settled=self)

    def range_test(self, train: Rows) -> RangeTest:
        """What the loss is like at rates from small to large; nothing is trained."""
        with self._at_work(train):
            task, how, _ = self._made(train, None)
            return range_test(task, how)

    @contextmanager
    def _at_work(self, train: Rows) -> Iterator[None]:
        """With generators of its own, and as many threads as are of use."""
        convolving = len(train.x.shape) != 2  # which all threads can share in
        few = nullcontext() if convolving else threads(train.x.shape[1])
        with borrowed(), few:
            seed_all(self.recipe.seed)
            yield

    def _made(self, train: Rows, held: Rows | None) -> tuple[Task, Settings, Fitted]:
        """What is trained, how, and what predicts with it afterwards."""
        scale = Scale.of(train, self.classes)
        network, fitted = self._network(train, scale)
        task = self._task(network, train, held, scale)
        how = self._settings(len(task.feed), chooses=task.validation is not None)
        return task, how, fitted

    def _settings(self, epoch: int, *, chooses: bool) -> Settings:
        """The recipe's, as far as there is something to choose by."""
        how = settings_of(self.recipe, epoch=epoch)
        limits, last = how.limits, self.stop_after
        seconds = limits.seconds and limits.seconds / self.share
        limits = replace(limits, seconds=seconds)
        if last is not None:
            limits = replace(limits, epochs=min(last, limits.epochs or last))
        keeps = last is None and chooses
        return replace(
            how,
            limits=limits,
            stopping=how.stopping if keeps else None,
            memory=training_room(self.memory, how.device),
        )

    def _network(self, train: Rows, scale: "Scale") -> tuple[nn.Module, Fitted]:
        """The network with its first weights, and what predicts with it."""
        said, outputs = self.recipe.model, self.classes or 1
        inputs = train.x.shape[-1]
        if said.name == "cnn":
            shape = Shape(
                channels=inputs,
                outputs=outputs,
                **{**said.params, "widths": tuple(said.params["widths"])},
            )
            images = Cnn(shape, center=scale.center, spread=scale.spread)
            images.door.learn(train.x)
            return images, FittedCnn(classes=self.classes, network=images)
        if said.name == "mlp":
            params = dict(said.params)
            widths = (inputs, *params.pop("hidden"), outputs)
            network = Network(widths, Between(**params))
            network.center.fill_(scale.center)
            network.spread.fill_(scale.spread)
            return network, FittedMlp(classes=self.classes, network=network)
        fitted = self._own(train, scale)
        return fitted.network, fitted

    def _own(self, train: Rows, scale: "Scale") -> FittedOwn:
        """The network of the user's own; what goes wrong in it is told at once."""
        said, shape = self.recipe.model, train.x.shape[1:]
        if self.of_images:
            shape = (shape[-1], *shape[:-1])  # as it sees them: channels first
        factory = Factory(
            name=said.name,
            params=said.params,
            inputs=shape[0] if shape else 1,
            outputs=self.classes or 1,
            shape=shape,
        )
        made, entrance = factory.make(self.folder), None
        if self.of_images:
            door = Door(shape[0])
            door.learn(train.x)
            last = self.recipe.precision.channels_last
            entrance = Entrance(door=door, channels_last=last)
            entrance.before(made)
        if not self.classes:
            made.register_forward_hook(_flat)
        factory.check(made, scale.tensors(some_of(train))[0], self.classes)
        return FittedOwn(
            classes=self.classes,
            network=made,
            factory=factory,
            center=scale.center,
            spread=scale.spread,
            entrance=entrance,
        )

    def _task(
        self, network: nn.Module, train: Rows, held: Rows | None, scale: "Scale"
    ) -> Task:
        recipe = self.recipe
        return Task(
            network=network,
            criterion=criterion_of(
                recipe.objective,
                classes=self.classes,
                targets=train.y,
                folder=self.folder,
            ),
            feed=self._feed(train, scale),
            validation=None if held is None else self._judging(held, scale),
            measures=self._measures(scale),
        )

    def _feed(self, train: Rows, scale: "Scale") -> Feed:
        """The training rows: cut from memory by index, or loaded from a Dataset."""
        recipe, size = self.recipe, self.recipe.loop.batch_size
        batch_size = batch_of(len(train)) if size == "auto" else size
        if isinstance(train.x, Samples):
            return self._loaded(train, scale, batch_size, shuffle=True)
        rows = scale.tensors(train)
        augment = augmenting(
            recipe.data.augment, rows, classes=self.classes, folder=self.folder
        )
        feed = MemoryFeed(
            tensors=rows, batch_size=batch_size, seed=recipe.seed, augment=augment
        )
        return _let_go(feed, train)

    def _judging(self, held: Rows, scale: "Scale") -> Feed:
        """The validation rows, in their order."""
        if isinstance(held.x, Samples):
            return self._loaded(held, scale, LOADED_AT_ONCE, shuffle=False)
        at_once = IMAGES_AT_ONCE if self.view == "pictures" else EVALUATED_AT_ONCE
        tensors = scale.tensors(held)
        feed = MemoryFeed(tensors=tensors, batch_size=at_once, shuffle=False)
        return _let_go(feed, held)

    def _loaded(
        self, rows: Rows, scale: "Scale", batch_size: int, *, shuffle: bool
    ) -> Feed:
        return LoaderFeed(
            Pairs(cast(Any, rows.x), scale.targets(rows)),
            batch_size=batch_size,
            seed=self.recipe.seed,
            shuffle=shuffle,
            workers=self.recipe.loop.workers,
            say=self.say,
        )

    def _measures(self, scale: "Scale") -> dict[str, Measure]:
        """Those that the recipe goes by: to choose, to stop, to lower the rate."""
        recipe, stopping = self.recipe, self.recipe.regularization.early_stopping
        named = {recipe.objective.metric, stopping.metric if stopping else None}
        named |= {stage.metric for stage in recipe.schedule}
        known = METRICS["classification" if self.classes else "regression"]
        return {n: scale.measure(m) for n, m in known.items() if n in named}
