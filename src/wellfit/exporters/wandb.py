"""`--to wandb`: a run of Weights & Biases."""

import os
from collections.abc import Iterator, Mapping
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar

from wellfit.core.finding import Diagnosis, Severity
from wellfit.core.run import Run
from wellfit.exporters.bins import bins
from wellfit.exporters.environment import unless_set
from wellfit.exporters.exporter import Exporter
from wellfit.exporters.findings import told, verdict
from wellfit.exporters.names import slashed
from wellfit.exporters.rows import rows
from wellfit.exporters.settings import settings

# W&B drops what comes for an earlier step of its own: the x axis is a value instead.
STEP = "step"
LEVELS: Mapping[Severity, str] = {
    Severity.NOTE: "INFO",
    Severity.WARNING: "WARN",
    Severity.CRITICAL: "ERROR",
}
COLUMNS = ("rule", "severity", "confidence", "summary", "since", "where", "remedies")
TITLE = 60  # characters: an alert's must be less than 64


class WandB(Exporter):
    """Values and histograms by `step`, settings as config, findings as alerts.

    Project, entity, mode and all else are what W&B's own variables and files say. Where
    nobody has logged in and no mode is set, the run is written offline.
    """

    name: ClassVar[str] = "wandb"
    title: ClassVar[str] = "W&B"
    library: ClassVar[str] = "wandb"

    def __init__(self, place: str = "", *, live: bool = False) -> None:
        super().__init__(place, live=live)
        self._run: Any = None

    def update(self, new: Run) -> None:
        """Log a row a step, of all that has come for it."""
        run = self._begun(new)
        run.config.update(settings(new), allow_val_change=True)
        for step, row in chain(rows(new), _histograms(new)):
            run.log({STEP: step, **row})

    def finish(self, run: Run, diagnosis: Diagnosis, report: Path | None) -> str:
        """Tell the findings, hand over the report, and end the run."""
        import wandb

        at = self._begun(run)
        last = {STEP: max(run.last_step, 0)}
        table = wandb.Table(columns=list(COLUMNS), data=list(_cells(diagnosis)))
        at.log({**last, "findings": table})
        if report is not None:
            at.log({**last, "report": wandb.Html(str(report), inject=False)})
        at.summary.update({"verdict": verdict(diagnosis)})
        at.tags = (*at.tags, *(f.rule for f in diagnosis.findings))
        for finding in diagnosis.findings:
            level = LEVELS[finding.severity]
            at.alert(title=finding.rule[:TITLE], text=told(finding), level=level)
        shown = at.url or f"wandb sync {Path(at.dir).parent}"
        at.finish(exit_code=int((run.facts.get("outcome") or {}).get("exit") or 0))
        self._run = None
        return str(shown)

    def close(self) -> None:
        """End a run that was broken off."""
        if self._run is not None:
            self._run.finish(exit_code=1)

    def _begun(self, run: Run) -> Any:
        if self._run is None:
            with unless_set(WANDB_ERROR_REPORTING="false"):
                self._run = _init(None if run.path is None else run.path.name)
        return self._run


def _init(name: str | None) -> Any:
    wandb: Any = import_module("wandb")  # it takes any mode that it knows
    own = wandb.Settings(
        silent=True,  # the screen belongs to the script
        console="off",
        disable_git=True,
        disable_code=True,
        save_code=False,
        x_disable_stats=True,  # they would be those of this process, and so would be
        x_disable_meta=True,  # its arguments, with every secret among them
    )
    known = wandb.setup(settings=own).settings
    name = known.run_name or name
    run = wandb.init(name=name, mode=_mode(known.mode), settings=own)
    run.define_metric("*", step_metric=STEP)
    return run


def _mode(chosen: str) -> str:
    """Theirs, but nobody is asked for a key in the middle of a training."""
    import wandb

    token = "WANDB_IDENTITY_TOKEN_FILE" in os.environ
    if chosen != "online" or token or wandb.api.api_key:
        return chosen
    if "WANDB_MODE" in os.environ:
        raise RuntimeError("WANDB_MODE is online, but no key is known: `wandb login`")
    return "offline"


def _histograms(new: Run) -> Iterator[tuple[int, dict[str, Any]]]:
    import wandb

    for histogram in new.histograms.values():
        name = slashed(histogram.name)
        for step, counts, edges in bins(histogram):
            yield step, {name: wandb.Histogram(np_histogram=(counts, edges))}


def _cells(diagnosis: Diagnosis) -> Iterator[list[Any]]:
    for finding in diagnosis.findings:
        yield [
            finding.rule,
            str(finding.severity),
            finding.confidence,
            finding.summary,
            finding.since,
            ", ".join(finding.where),
            ", ".join(finding.remedies),
        ]
