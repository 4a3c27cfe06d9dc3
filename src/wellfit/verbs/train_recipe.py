"""`wellfit train recipe.yaml`: a network trained as a recipe says, and gone on with."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from wellfit.core.errors import BadSetting
from wellfit.core.recipe import Recipe
from wellfit.core.run import Run
from wellfit.verbs.recipe import is_recipe, recipe_for
from wellfit.verbs.train import Trained, say_result, say_study

if TYPE_CHECKING:
    from wellfit.record import Recorder
    from wellfit.trainer.contest import OnProgress

Resume = Literal["last", "best"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """The run folder, and the step of the checkpoint that it is gone on from."""

    run: Path
    start: int = 0


def train_by_recipe(
    data: Any,
    *,
    out: str | Path | None = None,
    runs: str | Path = "wellfit-runs",
    resume: str | None = None,
    asked: Sequence[str] = (),
    ignore: Sequence[str] = (),
    rules: Mapping[str, Mapping[str, float]] | None = None,
    on_progress: "OnProgress | None" = None,
    **options: Any,
) -> Trained:
    """Train as a recipe says, and say how good the model is.

    `data` is the recipe or its path, `asked` are `key=value` in place of what it says,
    and so are `options`, those of `train`; of these, `table` is trained on in place of
    its source. The model is fitted to the training rows, the best of its epochs by the
    validation rows, and scored once on the test rows.
    `resume` goes on from a checkpoint, `last` or `best`, of the run in `out`, or of the
    newest run of the same recipe. A table that finds no room in `memory` is prepared
    into files beside the run, and trained from these. Raises what `train` does, and
    `BadRun`.
    """
    from wellfit.record import Recorder, open_run
    from wellfit.trainer.contest import Progress
    from wellfit.trainer.recipes.able import check_able
    from wellfit.trainer.recipes.course import train_by
    from wellfit.trainer.recipes.ready import ready
    from wellfit.trainer.recipes.resume import clear
    from wellfit.trainer.recipes.work import Work
    from wellfit.trainer.trial import outcome
    from wellfit.verbs.diagnose import diagnose

    diagnose(Run(), ignore=ignore, rules=rules)  # a wrong name is told before the work
    if options.pop("test", None) is not None:
        raise BadSetting(
            "--test goes with a table; a recipe says what is tested by in data.split"
        )
    folder, going_on = _folder(data), _resume(resume)
    table = _table(data, options.pop("table", None))
    recipe = recipe_for(data, asked=asked, **options)
    check_able(recipe)
    tell = on_progress or (lambda progress: None)
    tell(Progress(stage="reading the table"))
    asked_for = Path(out) if out else None
    place = _place(recipe, asked_for, Path(runs), going_on) if going_on else None
    vacated = _vacated(asked_for) if place is None else None
    memory = options.get("memory")
    found = ready(recipe, folder=folder, table=table, memory=memory)
    study = found.study()
    run = place.run if place else vacated or _new(study.name, Path(runs))
    if place is not None:
        clear(run)
    with Recorder(run) as recorder, outcome(recorder):
        say_study(recorder, study, _words(data, asked, going_on), recipe.seed)
        _write_recipe(recorder, recipe)
        work = Work(
            ready=found,
            study=study,
            recorder=recorder,
            folder=folder,
            tell=tell,
            memory=memory,
            resume=going_on,
            start=place.start if place else 0,
        )
        contest, result = train_by(work)
        say_result(recorder, study, contest, result)
    seen = open_run(recorder.folder)
    return Trained(
        run=seen,
        diagnosis=diagnose(seen, ignore=ignore, rules=rules),
        study=study,
        contest=contest,
        result=result,
        recipe=recipe,
    )


def _new(name: str, runs: Path) -> Path:
    from wellfit.record import new_folder

    return new_folder(name, base=runs)


def _vacated(out: Path | None) -> Path | None:
    from wellfit.record import vacant

    return vacant(out) if out else None


def _folder(data: Any) -> Path:
    """Where names of the user's own are looked for: beside the recipe."""
    return Path(data).parent if is_recipe(data) else Path.cwd()


def _table(data: Any, table: Any) -> Any:
    """What is to be trained on in place of the recipe's source; None where that is."""
    if table is not None and not (isinstance(data, Recipe) or is_recipe(data)):
        raise BadSetting("table is what a recipe is trained on: give data the recipe")
    written_for = not isinstance(data, Recipe | str | os.PathLike)  # a frame
    return data if written_for else table


def _resume(said: str | None) -> Resume | None:
    if said is None:
        return None
    for known in get_args(Resume):
        if said == known:
            return known  # type: ignore[no-any-return]
    raise BadSetting(f"--resume takes last or best; got {said!r}")


def _place(recipe: Recipe, out: Path | None, runs: Path, resume: Resume) -> Place:
    """Where to go on; `BadRun` where there is nothing to go on from."""
    from wellfit.trainer.checkpoint import step_of
    from wellfit.trainer.keeper import newest
    from wellfit.trainer.recipes.resume import check_network, run_to_resume
    from wellfit.trainer.recipes.work import checkpoints_of

    check_network(recipe.model.name)
    run = run_to_resume(recipe, out=out, runs=runs)
    if recipe.data.split.folds:  # each goes on from its own
        return Place(run=run)
    start = step_of(newest(checkpoints_of(recipe, run, resume)).path)
    return Place(run=run, start=start)


def _write_recipe(recorder: "Recorder", recipe: Recipe) -> None:
    from wellfit.trainer.recipes.resume import FILE

    recipe.save(recorder.folder / FILE)
    recorder.fact("recipe", {**recipe.to_json(), "reasons": dict(recipe.reasons)})


def _words(data: Any, asked: Sequence[str], resume: Resume | None) -> list[str]:
    """The command, as far as it bears on the result; recipe.yaml has all of it."""
    source = str(data) if isinstance(data, str | os.PathLike) else "recipe"
    words = [word for pair in asked for word in ("--set", pair)]
    return [source, *words, *(("--resume", resume) if resume else ())]
