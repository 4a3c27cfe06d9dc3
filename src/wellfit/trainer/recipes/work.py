"""What a training by a recipe goes by, and how one of its models is fitted."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Literal

from wellfit.core.choices import NETWORKS
from wellfit.core.own import is_own
from wellfit.core.recipe import Recipe
from wellfit.models.model import Model, Round
from wellfit.record import Recorder
from wellfit.trainer.attempts import Attempt
from wellfit.trainer.candidates import candidate
from wellfit.trainer.checkpoint import checkpoints_in
from wellfit.trainer.clock import Deadline
from wellfit.trainer.contest import OnProgress, Progress
from wellfit.trainer.engine import Trained
from wellfit.trainer.keeper import Checkpoints, Keep
from wellfit.trainer.parts import Parts
from wellfit.trainer.recipes.network import RecipeNetwork
from wellfit.trainer.recipes.ready import Ready
from wellfit.trainer.recipes.remaining import Remaining
from wellfit.trainer.study import Study
from wellfit.trainer.trial import Entry, run_trial

Resume = Literal["last", "best"]
NEVER = Deadline.after(math.inf)
# Of what is not a network a recipe decides the data, the metric, the budget, the seed.
UNUSED = (
    "is fitted in its own way: of the recipe it takes data, metric, threshold, budget "
    "and seed"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """What a training by a recipe goes by: where, whom to tell, where to go on.

    `memory` is what the process may take, as the user said it; `start` is the step that
    the checkpoint is of which `resume` goes on from.
    """

    ready: Ready
    study: Study
    recorder: Recorder
    folder: Path  # where names of the user's own are looked for
    tell: OnProgress
    memory: int | str | None = None
    resume: Resume | None = None
    start: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def recipe(self) -> Recipe:
        """What is trained by."""
        return self.ready.recipe

    def note(self, sentence: str) -> None:
        """Keep what the user should read."""
        self.notes.append(sentence)


def is_network(recipe: Recipe) -> bool:
    """Whether the engine trains it."""
    return recipe.model.name in NETWORKS or is_own(recipe.model.name)


def kind_of(recipe: Recipe) -> str:
    """The kind of model that is saved, and what its attempts are called."""
    return "own" if is_own(recipe.model.name) else recipe.model.name


def candidate_of(work: Work, name: str) -> Model:
    """A model that is fitted in its own way."""
    classes = len(work.study.target.classes)
    return candidate(name, classes=classes, seed=work.recipe.seed)


def network_of(
    work: Work, part: str = "", *, stop_after: int | None = None, share: int = 1
) -> RecipeNetwork:
    """The network of the recipe, or of a `part` of its training, such as a fold.

    Where that is to stop after so many epochs, nothing is chosen on the way; it has so
    small a `share` of the budget.
    """
    checkpoints = checkpoints_of(work.recipe, work.recorder.folder, work.resume, part)
    return RecipeNetwork(
        classes=len(work.study.target.classes),
        recipe=work.recipe,
        folder=work.folder,
        checkpoints=checkpoints,
        say=work.note,
        on_end=partial(_note_end, work.note, part),
        stop_after=stop_after,
        share=share,
        memory=work.memory,
        of_images=work.ready.parts.decoded is not None,
    )


def checkpoints_of(
    recipe: Recipe, run: Path, resume: Resume | None, part: str = ""
) -> Checkpoints:
    """Where the engine keeps its checkpoints, how many, and how often it writes one.

    A `part` that has none to go on from is begun.
    """
    loop, folder = recipe.loop, run / "checkpoints" / part
    begun = not part or any(checkpoints_in(folder))
    latest = [n for n in loop.keep if isinstance(n, int)]
    return Checkpoints(
        folder=folder,
        every_steps=loop.checkpoint_every,
        keep=Keep(latest=max([1, *latest]), best="best" in loop.keep),
        resume=resume if begun else None,
    )


def _note_end(note: Callable[[str], None], part: str, trained: Trained) -> None:
    epochs = len(trained.history)
    kept = f"the weights of epoch {trained.best_epoch:,} are kept"
    why = ENDS.get(trained.ended, trained.ended)
    if part:
        return  # folds are told of together
    note(f"{why} after {epochs:,} epochs, {trained.steps:,} steps; {kept}")


ENDS = {
    "epochs": "all epochs are done,",
    "steps": "all steps are done,",
    "seconds": "ended by loop.budget,",
    "patience": "ended by early stopping",
    "not finite": "ended by a loss that is not finite",
    "caller": "ended",
}


def fit_of(
    work: Work,
    model: Model,
    attempt: Attempt,
    parts: Parts,
    until: Deadline = NEVER,
    what: str = "",
) -> Entry:
    """Fit a model to those parts, recorded in a run folder of its own."""
    if isinstance(model, RecipeNetwork) and model.recipe.optimizer.lr == "auto":
        model = _rated(work, model, parts)
    rows, start = len(parts.split.train), attempt.start
    remaining = Remaining.of(work.recipe, rows=rows, start=start)
    now = Progress(
        stage=f"training {what or model.name}",
        of=remaining.total or 1,
        folder=attempt.folder,
    )

    def tell(done: Round) -> None:
        place = done.step if remaining.total else 0
        work.tell(replace(now, round=done, place=place, left=remaining.left(done.step)))

    work.tell(now)
    return run_trial(
        model,
        parts,
        start=start,
        folder=attempt.folder,
        seed=work.recipe.seed,
        until=until,
        tell=tell,
    )


def _rated(work: Work, network: RecipeNetwork, parts: Parts) -> RecipeNetwork:
    """The network with a rate, which a range test finds."""
    work.tell(Progress(stage="range test"))
    found = network.range_test(parts.rows("train", network.view))
    work.recorder.fact("range_test", asdict(found))
    work.note(
        f"optimizer.lr is {found.rate:g}, by a range test: a tenth of the rate of the "
        "least loss"
    )
    recipe = network.recipe
    rated = replace(recipe, optimizer=replace(recipe.optimizer, lr=found.rate))
    return replace(network, recipe=rated)
