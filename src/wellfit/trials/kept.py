"""A treatment as it stands in its folder: `treatment.json`, and how it is read back.

It is what `--json` gives, and under `kept` all else that a page needs to tell of it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import nan
from pathlib import Path
from typing import Any
from uuid import uuid4

from wellfit.core.errors import BadRun
from wellfit.core.finding import Evidence, Finding, Severity
from wellfit.core.plan import Plan
from wellfit.core.treatment import SCHEMA, Treatment
from wellfit.core.verdict import Effect, Outcome, Verdict
from wellfit.record.redact import redact, redact_args
from wellfit.record.schema import loads, plain
from wellfit.trials.executors.executor import Executor
from wellfit.trials.search import SEEDS

FILE = "treatment.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """A treatment and what stands beside it in its folder.

    `id` is drawn once, and stays where the treatment goes on. `command` is what was
    treated, without secrets. `first` is the run as it is that was diagnosed, `pairs`
    those of the verdict, one a seed: without the plan, and with it.
    """

    treatment: Treatment
    id: str
    command: tuple[str, ...]
    module: bool
    first: Path
    seeds: tuple[int, ...] = ()
    pairs: tuple[tuple[Path, Path], ...] = ()


def is_treatment(folder: str | Path) -> bool:
    """Whether a treatment stands in that folder."""
    return (Path(folder) / FILE).is_file()


def id_of(folder: Path) -> str:
    """That of the treatment in this folder; a fresh one where none is told."""
    try:
        return str(json.loads((folder / FILE).read_text("utf-8"))["kept"]["id"])
    except (OSError, ValueError, KeyError, TypeError):
        return uuid4().hex


def keep(treatment: Treatment, executor: Executor, *, first: Path, id: str) -> None:  # noqa: A002
    """Write it into its folder; OSError where that cannot be."""
    verdict, folder = treatment.verdict, treatment.path
    seeds = _seeds(verdict)
    plans = (Plan(), verdict.plan) if verdict else ()
    places = [[executor.place(plan, seed) for plan in plans] for seed in seeds]
    kept = {
        "id": id,
        "command": redact_args(executor.words),
        "module": executor.module,
        "first": first.relative_to(folder).as_posix(),
        "seeds": seeds,
        "pairs": [[p.relative_to(folder).as_posix() for p in pair] for pair in places],
        "healthy": treatment.healthy,
        "baseline": treatment.baseline,
        "findings": [asdict(finding) for finding in treatment.findings],
        "verdict": None if verdict is None else _said(verdict),
        "tried": [_said(one) for one in treatment.tried],
        "against": treatment.against,
        "notes": [redact(note) for note in treatment.notes],
    }
    text = json.dumps({**treatment.to_json(), "kept": plain(kept)}, indent=2)
    unfinished = folder / f"{FILE}.part"
    unfinished.write_text(text + "\n", encoding="utf-8")
    unfinished.replace(folder / FILE)


def _seeds(verdict: Verdict | None) -> list[int]:
    """Those of its pairs; what is trusted was tried on seeds of the search."""
    if verdict is None:
        return []
    pairs = len(verdict.control)
    trusted = verdict.outcome is Outcome.TRIED
    return list(SEEDS[:pairs] if trusted else range(1, 1 + pairs))


def _said(verdict: Verdict) -> dict[str, Any]:
    return {**asdict(verdict), "plan": verdict.plan.to_json()}


def open_treatment(folder: str | Path) -> Kept:
    """The treatment in a folder; `BadRun` where there is none, or it cannot be read."""
    file = Path(folder) / FILE
    try:
        said = loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadRun(f"no treatment can be read from {file}: {error}") from error
    schema = said.get("schema") if isinstance(said, dict) else None
    if schema != SCHEMA:
        raise BadRun(
            f"{file} must be a treatment of schema {SCHEMA}; got {schema!r}: a newer "
            "wellfit may have written it"
        )
    try:
        return _kept(Path(folder), said)
    except (KeyError, TypeError, ValueError, StopIteration) as error:
        raise BadRun(f"{file} lacks what a treatment has: {error!r}") from error


def _kept(folder: Path, said: Mapping[str, Any]) -> Kept:
    kept = said["kept"]
    tried = tuple(_verdict(one) for one in kept["tried"])
    treatment = Treatment(
        path=folder,
        metric=said["metric"]["name"],
        greater_is_better=said["metric"]["greater_is_better"],
        verdict=_last(kept["verdict"], tried),
        seconds=said["seconds"],
        healthy=kept["healthy"],
        baseline=_numbers(kept["baseline"]),
        findings=tuple(_finding(one) for one in kept["findings"]),
        tried=tried,
        against=kept["against"],
        trials=said["trials"],
        notes=tuple(kept["notes"]),
    )
    return Kept(
        treatment=treatment,
        id=kept["id"],
        command=tuple(kept["command"]),
        module=kept["module"],
        first=folder / kept["first"],
        seeds=tuple(kept["seeds"]),
        pairs=tuple((folder / a, folder / b) for a, b in kept["pairs"]),
    )


def _last(said: Mapping[str, Any] | None, tried: Sequence[Verdict]) -> Verdict | None:
    """That of the treatment: one of those that were tried, where it is trusted."""
    if said is None:
        return None
    verdict = _verdict(said)
    if verdict.outcome is not Outcome.TRIED:
        return verdict
    return next(one for one in tried if one.plan == verdict.plan)


def _verdict(said: Mapping[str, Any]) -> Verdict:
    effect = said["effect"]
    return Verdict(
        plan=Plan.from_json(said["plan"]),
        outcome=Outcome(said["outcome"]),
        control=_numbers(said["control"]),
        treated=_numbers(said["treated"]),
        effect=None if effect is None else Effect(**effect),
    )


def _finding(said: Mapping[str, Any]) -> Finding:
    finding = Finding(**said)
    return replace(
        finding,
        severity=Severity(finding.severity),
        where=tuple(finding.where),
        evidence=tuple(Evidence(**one) for one in said["evidence"]),
        causes=tuple(finding.causes),
        remedies=tuple(finding.remedies),
    )


def _numbers(said: Sequence[float | None]) -> tuple[float, ...]:
    return tuple(nan if value is None else value for value in said)
