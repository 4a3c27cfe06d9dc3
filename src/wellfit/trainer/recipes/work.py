"""A training by a recipe: fitted, recorded, saved, and scored once on the test rows."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Literal

from wellfit.core.own import is_own
from wellfit.core.recipe import Recipe
from wellfit.models.model import Model, Round
from wellfit.objectives.metrics import scores
from wellfit.objectives.thresholds import tuned
from wellfit.record import Recorder
from wellfit.trainer.attempts import Attempt, attempts_at, begin, say_again
from wellfit.trainer.candidates import candidate
from wellfit.trainer.clock import Deadline, seconds_of
from wellfit.trainer.contest import Contest, OnProgress, Progress
from wellfit.trainer.engine import Trained
from wellfit.trainer.final import Result, keep
from wellfit.trainer.keeper import Checkpoints, Keep
from wellfit.trainer.lastfits import model_of
from wellfit.trainer.recipes.network import RecipeNetwork
from wellfit.trainer.recipes.ready import Ready
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

    `start` is the step that the checkpoint is of which `resume` goes on from.
    """

    ready: Ready
    study: Study
    recorder: Recorder
    folder: Path  # where names of the user's own are looked for
    tell: OnProgress
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


def train_by(work: Work) -> tuple[Contest, Result]:
    """Fit the recipe's model beside the yardstick; save it and score it."""
    trials = work.recorder.folder / "trials"
    trivial = _fit(work, _candidate(work, "trivial"), begin("trivial", trials, 0))
    entry = trivial
    if work.recipe.model.name != "trivial":
        entry = _chosen(work, trials)
    threshold = _threshold(work, entry)
    entry = _judged(work, entry, threshold)
    entries = (trivial, entry) if entry.model != "trivial" else (entry,)
    contest = Contest(entries=entries, notes=())
    result = keep(
        work.study,
        contest,
        entry,
        model_of(work.study, entry.model, entry.fit, work.ready.parts, threshold),
        work.recorder,
        steps=_say_again(work, entry, trials),
        remarks=work.notes,
    )
    return contest, result


def _chosen(work: Work, trials: Path) -> Entry:
    """The recipe's model, fitted: a network by the engine, others as in a contest."""
    recipe = work.recipe
    if recipe.model.name == "mlp" or is_own(recipe.model.name):
        attempt = begin(kind_of(recipe), trials, work.start)
        try:
            return _fit(work, _network(work), attempt)
        except BaseException:
            say_again(attempts_at(kind_of(recipe), trials), work.recorder)
            raise
    work.note(f"{recipe.model.name} {UNUSED}")
    budget = recipe.loop.budget
    until = Deadline.after(seconds_of(budget)) if budget is not None else NEVER
    made = _candidate(work, recipe.model.name)
    return _fit(work, made, begin(recipe.model.name, trials, 0), until)


def kind_of(recipe: Recipe) -> str:
    """The kind of model that is saved, and what its attempts are called."""
    return "own" if is_own(recipe.model.name) else recipe.model.name


def _candidate(work: Work, name: str) -> Model:
    classes = len(work.study.target.classes)
    return candidate(name, classes=classes, seed=work.recipe.seed)


def _network(work: Work) -> RecipeNetwork:
    return RecipeNetwork(
        classes=len(work.study.target.classes),
        recipe=work.recipe,
        folder=work.folder,
        checkpoints=checkpoints_of(work.recipe, work.recorder.folder, work.resume),
        say=work.note,
        on_end=partial(_note_end, work.note),
    )


def checkpoints_of(recipe: Recipe, run: Path, resume: Resume | None) -> Checkpoints:
    """Where the engine keeps its checkpoints, how many, and how often it writes one."""
    loop = recipe.loop
    latest = [n for n in loop.keep if isinstance(n, int)]
    return Checkpoints(
        folder=run / "checkpoints",
        every_steps=loop.checkpoint_every,
        keep=Keep(latest=max([1, *latest]), best="best" in loop.keep),
        resume=resume,
    )


def _note_end(note: Callable[[str], None], trained: Trained) -> None:
    epochs = len(trained.history)
    kept = f"the weights of epoch {trained.best_epoch:,} are kept"
    why = ENDS.get(trained.ended, trained.ended)
    note(f"{why} after {epochs:,} epochs, {trained.steps:,} steps; {kept}")


ENDS = {
    "epochs": "all epochs are done,",
    "steps": "all steps are done,",
    "seconds": "ended by loop.budget,",
    "patience": "ended by early stopping",
    "not finite": "ended by a loss that is not finite",
    "caller": "ended",
}


def _fit(work: Work, model: Model, attempt: Attempt, until: Deadline = NEVER) -> Entry:
    """Fit a model, recorded in a run folder of its own."""
    now = Progress(stage=f"training {model.name}", of=work.recipe.loop.epochs or 1)
    epochs = 0

    def tell(done: Round) -> None:
        nonlocal epochs
        epochs += 1
        work.tell(replace(now, round=done, place=epochs))

    work.tell(now)
    return run_trial(
        model,
        work.ready.parts,
        folder=attempt.folder,
        seed=work.recipe.seed,
        until=until,
        tell=tell,
    )


def _threshold(work: Work, entry: Entry) -> float | None:
    """What the recipe says; where it is to be tuned, the validation rows do."""
    asked = work.recipe.objective.threshold
    if asked is None or len(work.study.target.classes) != 2:
        return None
    if asked != "tuned":
        return asked
    rows = work.ready.parts.rows("validation", entry.fit.settled.view)
    found = tuned(entry.fit.fitted.predict(rows.x), rows.y, work.study.metric)
    label = work.study.target.classes[1]
    work.note(f"{label} is predicted from a probability of {found:.3g} on: tuned")
    return found


def _judged(work: Work, entry: Entry, threshold: float | None) -> Entry:
    """The entry, its validation scores by the threshold."""
    if threshold is None:
        return entry
    rows = work.ready.parts.rows("validation", entry.fit.settled.view)
    guess = entry.fit.fitted.predict(rows.x)
    task = work.study.target.task
    return replace(entry, validation=scores(task, guess, rows.y, threshold))


def _say_again(work: Work, entry: Entry, trials: Path) -> int:
    """The run of the whole training, of all attempts; its number of steps."""
    attempts = attempts_at(entry.model, trials)
    return say_again(attempts, work.recorder, unit=entry.unit)
