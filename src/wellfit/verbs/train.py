"""`wellfit train`: a table or a recipe becomes a model, with a record of how."""

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from wellfit.core.asked import Asked
from wellfit.core.errors import BadSetting
from wellfit.core.finding import Diagnosis
from wellfit.core.recipe import Recipe
from wellfit.core.run import Run
from wellfit.verbs.predict import predicted
from wellfit.verbs.recipe import is_images, is_recipe

if TYPE_CHECKING:
    import pandas as pd

    from wellfit.models.store import Saved
    from wellfit.record import Recorder
    from wellfit.trainer.contest import Contest, OnProgress
    from wellfit.trainer.final import Result
    from wellfit.trainer.study import Study
    from wellfit.trainer.trial import Entry

SCHEMA = 1
LEAVING = 0.5  # seconds: the diagnosis, and the end of the process


class Options(Asked, total=False):
    """The keywords of `train`: also where the run is kept, and what it is tested on.

    `table` is what a recipe is trained on, in place of its `data.source`. `spent` are
    seconds of the budget that are gone already.
    """

    out: str | Path | None
    runs: str | Path
    test: Any
    table: Any
    spent: float


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Trained:
    """A trained model, and how it came to be.

    `run` is the record, with the chosen candidate's curves, and `diagnosis` what the
    rules say of it; `study` is what was decided about the table, `contest` has every
    candidate, `result` the model that is kept and its scores. `recipe` is what was
    trained by, if it was by one.
    """

    run: Run
    diagnosis: Diagnosis
    study: "Study"
    contest: "Contest"
    result: "Result"
    recipe: Recipe | None = None

    @property
    def model(self) -> "Saved":
        """The model, ready to predict; saved in `model/` of the run folder."""
        return self.result.model

    def predict(self, data: Any) -> "pd.DataFrame":
        """Predict for a table: a path, or a pandas, polars or Arrow frame.

        A frame of `prediction` and, for classes, `probability of X` for each class,
        with a row for each row of the table.
        """
        return predicted(self.model, data)

    def to_json(self) -> dict[str, Any]:
        """The result as plain data, in the form that docs/json.md pins."""
        metric = self.study.metric
        said = self.diagnosis.to_json()
        return {
            "schema": SCHEMA,
            "run": str(self.run.path),
            "model": str(self.result.path),
            "task": self.study.target.task,
            "metric": {
                "name": metric.name,
                "greater_is_better": metric.greater_is_better,
            },
            "validation": dict(self.result.chosen.validation),
            "test": dict(self.result.test),
            "trivial": dict(self.result.trivial),
            "candidates": [entry.to_json() for entry in self.contest.entries],
            "findings": said["findings"],
            "not_checked": said["not_checked"],
        }


def train(
    data: Any,
    *,
    target: str | None = None,
    asked: Sequence[str] = (),
    resume: str | None = None,
    ignore: Sequence[str] = (),
    rules: Mapping[str, Mapping[str, float]] | None = None,
    on_progress: "OnProgress | None" = None,
    **options: Unpack[Options],
) -> Trained:
    """Train a model on a table or on images, or by a recipe; say how good it is.

    `data` is a path or a frame, `target` the column to predict. A part of the rows is
    kept for the test, or all of `test` is, a table of its own. The others train and
    validate in turn: every candidate is judged by the same rows, none of which it was
    fitted to, and the best, or several together, is scored once on the test rows.
    Where `data` is a folder of images, or a table with a column of paths to some, a
    network of images is trained by the recipe that wellfit writes for it; the target is
    then the name of an image's folder, where none is named. Where `data` is a recipe or
    the path of one, the model is trained as that says, and `asked` are `key=value` in
    place of it; of a table they are so of the recipe that wellfit writes for it. A
    frame that a recipe is of is `table`.
    `resume` is explained with `train_by_recipe`.
    Raises `BadTable`, `BadSetting` or `UnknownName` in one sentence.
    """
    begun = time.monotonic()  # to load what is imported below takes seconds
    from wellfit.verbs import train_recipe

    said: dict[str, Any] = dict(options)
    begun -= said.pop("spent", 0.0)
    train_by_recipe = partial(
        train_recipe.train_by_recipe,
        data,
        target=target,
        asked=asked,
        resume=resume,
        ignore=ignore,
        rules=rules,
        on_progress=on_progress,
        **said,
    )
    if isinstance(data, Recipe) or is_recipe(data) or asked or is_images(data):
        return train_by_recipe()
    if said.pop("table", None) is not None:
        raise BadSetting("table is what a recipe is trained on: give data the recipe")
    if resume is not None:
        raise BadSetting(
            "--resume goes on with a training by a recipe: wellfit train recipe.yaml "
            f"--resume {resume}"
        )
    if target is None:
        raise BadSetting("--target must name the column to predict")
    from wellfit.data.columns import images_in
    from wellfit.data.table import read_table
    from wellfit.record import Recorder, new_folder, open_run, vacant
    from wellfit.trainer.clock import Deadline, seconds_of
    from wellfit.trainer.contest import Progress, hold
    from wellfit.trainer.final import conclude
    from wellfit.trainer.large import tabled
    from wellfit.trainer.study import Settings, study
    from wellfit.trainer.trial import outcome
    from wellfit.verbs.diagnose import diagnose

    how = Settings(target=target, **said)
    diagnose(Run(), ignore=ignore, rules=rules)  # a wrong name is told before the work
    wanted = vacant(Path(how.out)) if how.out else None
    until = Deadline(at=begun + seconds_of(how.budget) - LEAVING)
    tell = on_progress or (lambda progress: None)
    tell(Progress(stage="reading the table"))
    table = tabled(data, how.memory, seed=how.seed)
    if images_in(table.frame.drop(columns=[target, *how.drop], errors="ignore")):
        return train_by_recipe()
    test = None if how.test is None else read_table(how.test)
    found = study(table, how, test=test, until=until)
    folder = wanted or new_folder(found.name, base=Path(how.runs))
    with Recorder(folder) as recorder, outcome(recorder):
        say_study(recorder, found, how.words(), how.seed)
        contest = hold(
            found,
            folder=recorder.folder / "trials",
            seed=how.seed,
            until=until,
            tell=tell,
        )
        result = conclude(found, contest, recorder, until=until, tell=tell)
        say_result(recorder, found, contest, result)
    run = open_run(recorder.folder)
    return Trained(
        run=run,
        diagnosis=diagnose(run, ignore=ignore, rules=rules),
        study=found,
        contest=contest,
        result=result,
    )


def say_study(
    recorder: "Recorder", study: "Study", words: Sequence[str], seed: int
) -> None:
    """Record what is learnt from, and by which command."""
    from wellfit.record.environment import environment, write_environment

    recorder.fact(
        "command",
        {
            "script": study.table.name,
            "args": list(words),
            "python": sys.version.split()[0],
            "framework": "table",
        },
    )
    recorder.fact("versions", environment(())["packages"])
    write_environment(recorder.folder, [study.table.name, *words])
    recorder.fact("seeds", {"python": None, "numpy": seed, "torch": seed})
    recorder.fact("data", study.data)


def say_result(
    recorder: "Recorder", study: "Study", contest: "Contest", result: "Result"
) -> None:
    """Record what was tried, and what a reader of the result should know."""
    recorder.fact("candidates", [entry.to_json() for entry in contest.entries])
    linear = contest.get("linear")
    if linear is not None and linear.validation:
        recorder.fact("reference", _reference(linear, contest.trivial, study))
    for note in result.notes:
        recorder.event("note", 0, text=note)


def _reference(linear: "Entry", trivial: "Entry", study: "Study") -> dict[str, Any]:
    """What a simple model reaches: rules hold the chosen one against it."""
    metric = "accuracy" if study.target.task == "classification" else "r2"
    return {
        "metric": metric,
        "value": linear.validation[metric],
        "trivial": trivial.validation[metric],
        "model": linear.model,
        "rows": len(linear.guess),
    }
