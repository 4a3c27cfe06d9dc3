"""A plan as a diff of the user's source: what is proven, to be applied for good."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

from wellfit.core.plan import Change, Plan
from wellfit.sources.activations import swap_activations
from wellfit.sources.arguments import add_momentum
from wellfit.sources.batches import resize_batches
from wellfit.sources.clipping import clip_gradients
from wellfit.sources.decay import penalize_weights
from wellfit.sources.epochs import train_longer
from wellfit.sources.losses import fix_output_loss
from wellfit.sources.norms import insert_normalization
from wellfit.sources.optimizers import switch_optimizer
from wellfit.sources.project import Edit, Left, Project, attempted, read_project
from wellfit.sources.rates import scale_rates
from wellfit.sources.schedules import schedule_learning_rate, warm_up
from wellfit.sources.shuffling import shuffle_batches
from wellfit.sources.zeroing import zero_gradients

# What a change is as an edit of the text.
EDITS: Mapping[str, Edit] = {
    "lower-learning-rate": scale_rates,
    "raise-learning-rate": scale_rates,
    "clip-gradients": clip_gradients,
    "zero-gradients": zero_gradients,
    "add-momentum": add_momentum,
    "penalize-weights": penalize_weights,
    "swap-activations": swap_activations,
    "fix-output-loss": fix_output_loss,
    "shuffle-batches": shuffle_batches,
    "switch-optimizer": switch_optimizer,
    "train-longer": train_longer,
    "resize-batch": resize_batches,
    "insert-normalization": insert_normalization,
    "warm-up": warm_up,
    "schedule-learning-rate": schedule_learning_rate,
}
ALONE = "wellfit does it while it trains; as a text it would be another"
DIFF = "changes.diff"
REST = "left.yaml"  # the plan of those that cannot be written


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """The text of a diff, "" where nothing could be written; and what is not in it."""

    text: str
    left: tuple[tuple[Change, str], ...]  # each with why

    @property
    def rest(self) -> Plan:
        """The plan of those."""
        return Plan.of(*(change for change, _ in self.left))

    def save(self, folder: Path) -> Path | None:
        """Keep it in a folder, and the plan of the rest; None where it is empty."""
        path = folder / DIFF
        for old in (path, folder / REST):
            old.unlink(missing_ok=True)
        if not self.text:
            return None
        if self.left:
            self.rest.save(folder / REST)
        path.write_bytes(self.text.encode())
        return path


def diff_of(plan: Plan, script: str | Path, *, module: bool = False) -> Written:
    """The plan as a diff of a script and of what it imports of its own folder.

    Applied, the script trains as it does under the plan. What is not sure to do that is
    left, all of it. With `module` the script is the name of a module, as after `-m`.
    """
    found = place_of(script, module=module)
    if found is None:
        why = f"the source of {script} is not found"
        return Written(text="", left=tuple((c, why) for c in plan.changes))
    path, root = found
    before = read_project(path, root)
    after, left = written(plan, before, EDITS)
    return Written(text=_text(plan, before, after, left, root), left=left)


def written(
    plan: Plan, project: Project, edits: Mapping[str, Edit]
) -> tuple[Project, tuple[tuple[Change, str], ...]]:
    """The project with all changes that can be made in its text, and the others."""
    left: list[tuple[Change, str]] = []
    for change in plan.changes:
        edit = edits.get(change.change)
        made = attempted(edit, project, change.params) if edit else Left(why=ALONE)
        if isinstance(made, Left):
            left.append((change, made.why))
        else:
            project = made
    return project, tuple(left)


def place_of(script: str | Path, *, module: bool) -> tuple[Path, Path] | None:
    """The file of a script or of a module, and the folder that its imports start in."""
    here = Path.cwd()
    if not module:
        path = Path(script).absolute()
        path = path / "__main__.py" if path.is_dir() else path
        return (path, path.parent) if path.is_file() else None
    base = here.joinpath(*str(script).split("."))
    files = base.with_suffix(".py"), base / "__main__.py"
    return next(((f, here) for f in files if f.is_file()), None)


def _text(
    plan: Plan,
    before: Project,
    after: Project,
    left: Iterable[tuple[Change, str]],
    root: Path,
) -> str:
    changed = {p: code for p, code in after.files.items() if code != before.files[p]}
    if not changed:
        return ""
    here = Path.cwd()
    base = here if all(here in p.parents for p in changed) else root
    parts = [
        "".join(_hunks(before.files[path], code, path.relative_to(base).as_posix()))
        for path, code in changed.items()
    ]
    return "".join([*_header(plan, left), *parts])


def _header(plan: Plan, left: Iterable[tuple[Change, str]]) -> Iterator[str]:
    """What stands above a diff; `patch` and `git apply` pass it over."""
    why = {change.id: said for change, said in left}
    for change in plan.changes:
        if change.id not in why:
            yield f"# {change}\n"
    if why:
        yield f'# Not in it: what wellfit.apply("{REST}"), at the top, does besides.\n'
    for change in plan.changes:
        if change.id in why:
            yield f"#   {change}: {why[change.id]}\n"
    yield f"# patch -p1 < {DIFF}\n"


def _hunks(before: str, after: str, name: str) -> Iterator[str]:
    old, new = (re.findall(r"[^\n]*\n|[^\n]+", text) for text in (before, after))
    for line in unified_diff(old, new, f"a/{name}", f"b/{name}"):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
