"""One training of the index: where it is, what is right to say of it, how it fares."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
HEALTHY = "healthy"
LOWER_IS_BETTER = {
    "distance",
    "log loss",
    "loss",
    "megabytes grown",
    "MSE",
    "negative log-likelihood",
    "pinball loss",
    "RMSE",
    "RMSLE",
    "share waited",
    "steps",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Training:
    """A script, and what it must be diagnosed with.

    `kind` is `healthy`, or the rule that names the planted fault; a rule in `also`
    would be right as well. `figure` is the last number that the script prints, in
    units of `metric`. `reference` is what can be had instead: for a healthy script
    what a standard model reaches on the same rows, or what the noise allows; for a
    faulty one the figure of its twin, the same script after the edits in `cure`.
    `trivial` is the majority's or the mean's figure. `weak` marks a fault that costs
    little, or that shows little. One that `fails` ends with an error, but for its cure.
    """

    name: str
    kind: str
    task: str
    style: str
    metric: str
    figure: float
    reference: float
    trivial: float | None = None
    weak: bool = False
    fails: bool = False
    also: tuple[str, ...] = ()
    cure: tuple[tuple[str, str], ...] = ()

    @property
    def path(self) -> Path:
        """The script."""
        return HERE / ("healthy" if self.kind == HEALTHY else "faulty") / self.file

    @property
    def file(self) -> str:
        return f"{self.name}.py"

    @property
    def greater_is_better(self) -> bool:
        return self.metric not in LOWER_IS_BETTER

    def twin(self) -> str:
        """The source of the script without its fault."""
        source = self.path.read_text(encoding="utf-8")
        for fault, cure in self.cure:
            if source.count(fault) != 1:
                raise ValueError(
                    f"{self.name}: expected {fault!r} once; found it "
                    f"{source.count(fault)} times: bring the index up to date"
                )
            source = source.replace(fault, cure)
        return source


def from_table(name: str, table: Mapping[str, Any]) -> Training:
    """A training from its table in index.toml."""
    pairs = tuple((fault, cure) for fault, cure in table.get("cure", ()))
    also = tuple(table.get("also", ()))
    return Training(**{**table, "name": name, "also": also, "cure": pairs})
