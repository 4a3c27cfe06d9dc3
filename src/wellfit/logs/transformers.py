"""`trainer_state.json` of Hugging Face's Trainer."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from wellfit.core.errors import BadLog
from wellfit.logs import salvage
from wellfit.logs.peek import Peek
from wellfit.logs.position import Axis
from wellfit.logs.rows import gather
from wellfit.logs.source import Format, Source

MARK = '"log_history"'
SET = ("max_steps", "num_train_epochs", "train_batch_size", "logging_steps")
# Said once, at the end, of the whole training: no part of a curve.
SUMMARY = ("train_loss", "train_runtime", "train_samples_per_second", "total_flos")


class Transformers(Format):
    """The history of a Trainer: `loss` by step, `eval_loss` where it evaluated."""

    name: ClassVar = "Hugging Face trainer_state"

    def claims(self, peek: Peek) -> bool:
        """An object with a `log_history`."""
        if peek.path.name == "trainer_state.json" and peek.text.startswith("{"):
            return True
        said = peek.json if MARK in peek.text else None
        return isinstance(said, dict) and isinstance(said.get("log_history"), list)

    def read(self, peek: Peek) -> Iterable[Source]:
        """All of the history; of a file that was cut off, what is whole."""
        said = peek.json
        notes: tuple[str, ...] = ()
        if not isinstance(said, dict):
            text = peek.path.read_text(peek.encoding, errors="replace")
            history = [row for row in salvage.objects(text) if "step" in row]
            said = {"log_history": history}
            notes = ("the file is damaged: the entries that are whole were read",)
        rows = [dict(_row(row)) for row in said["log_history"] if isinstance(row, dict)]
        found = gather(rows, Axis(unit="step", column="step", epoch="epoch"))
        if not found.curves:
            raise BadLog(
                f"{peek.path} has an empty log_history: nothing was logged yet; "
                "expected entries with a step"
            )
        yield Source(
            format=self.name,
            files=(peek.path,),
            home=peek.path.parent,
            curves=found.curves,
            names={name: _ours(name) for name in found.curves if name != "epoch"},
            settings={name: said[name] for name in SET if said.get(name)},
            left=SUMMARY if any(SUMMARY[0] in row for row in rows) else (),
            notes=notes + found.notes,
            facts=_facts(said),
        )


def _row(row: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    summary = any(name in row for name in SUMMARY)
    return (
        (name, value)
        for name, value in row.items()
        if not (summary and name in SUMMARY) and not _is_time(name)
    )


def _is_time(name: str) -> bool:
    return name.endswith(("_runtime", "_per_second", "_time", "total_flos"))


def _ours(theirs: str) -> str:
    """What it evaluates is of validation; of several sets, the name says which."""
    if theirs.startswith("eval_"):
        return f"val/{theirs.removeprefix('eval_')}"
    if theirs.startswith(("test_", "train_")):
        phase, _, name = theirs.partition("_")
        return f"{phase}/{name}"
    return f"train/{theirs}"


def _facts(said: Mapping[str, Any]) -> dict[str, Any]:
    steps = said.get("global_step")
    counted = isinstance(steps, int) and not isinstance(steps, bool) and steps > 0
    return {"training": {"steps": steps}} if counted else {}
