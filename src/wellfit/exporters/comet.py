"""`--to comet`: an experiment of Comet."""

from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

from wellfit.core.finding import Diagnosis
from wellfit.core.run import Run
from wellfit.exporters.bins import bins
from wellfit.exporters.environment import unless_set
from wellfit.exporters.exporter import Exporter
from wellfit.exporters.findings import told, verdict
from wellfit.exporters.names import slashed
from wellfit.exporters.rows import rows
from wellfit.exporters.settings import settings

# Nothing of this process's own: neither its code, nor its output, nor its arguments.
OWN = {
    "log_code": False,
    "log_graph": False,
    "log_env_details": False,
    "log_git_metadata": False,
    "log_git_patch": False,
    "parse_args": False,
    "auto_param_logging": False,
    "auto_metric_logging": False,
    "auto_output_logging": False,
    "display_summary_level": 0,
}


class Comet(Exporter):
    """Metrics and 3D histograms by step, settings as parameters, findings as tags.

    Workspace, project and all else are what Comet's own variables and files say. Where
    they hold no API key, the experiment is written offline, as a zip to upload.
    """

    name: ClassVar[str] = "comet"
    title: ClassVar[str] = "Comet"
    library: ClassVar[str] = "comet_ml"

    def __init__(self, place: str = "", *, live: bool = False) -> None:
        super().__init__(place, live=live)
        self._experiment: Any = None
        self._histogram: Any = None
        self._offline = False

    def update(self, new: Run) -> None:
        """Log the new values, and the settings as they now stand."""
        at = self._begun(new)
        at.log_parameters(settings(new))
        for step, row in rows(new):
            at.log_metrics(row, step=step)
        for histogram in new.histograms.values():
            for step, counts, edges in bins(histogram):
                made = self._histogram()
                made.add((edges[1:] + edges[:-1]) / 2, counts=counts)
                at.log_histogram_3d(made, name=slashed(histogram.name), step=step)

    def finish(self, run: Run, diagnosis: Diagnosis, report: Path | None) -> str:
        """Tag the findings, hand over the report, and end the experiment."""
        at = self._begun(run)
        said = verdict(diagnosis)
        at.log_other("verdict", said)
        for finding in diagnosis.findings:
            at.add_tag(finding.rule)
            at.log_other(f"finding/{finding.rule}", finding.summary)
            at.log_text(told(finding), step=finding.since)
        if report is not None:
            at.log_html(report.read_text(encoding="utf-8"))
        names = {f.rule: f.summary for f in diagnosis.findings}
        at.send_notification(f"wellfit: {at.get_name()}", said, names)
        at.end()
        self._experiment = None
        if self._offline:
            return f"comet upload {Path(at.offline_directory) / at.get_key()}.zip"
        return str(at.url)

    def close(self) -> None:
        """End an experiment that was broken off."""
        if self._experiment is not None:
            self._experiment.end()

    def _begun(self, run: Run) -> Any:
        if self._experiment is None:
            with unless_set(
                COMET_ERROR_TRACKING_ENABLE="false",
                COMET_DISABLE_ANNOUNCEMENT="true",
                COMET_DISABLE_AUTO_LOGGING="1",
                COMET_LOGGING_CONSOLE="CRITICAL",  # the screen belongs to the script
            ):
                self._start(None if run.path is None else run.path.name)
        return self._experiment

    def _start(self, name: str | None) -> None:
        comet_ml: Any = import_module("comet_ml")  # its types are of another mind
        self._histogram = import_module("comet_ml.data_structure").Histogram
        known = comet_ml.get_config()
        online = known["comet.start.online"] is not False and known["comet.api_key"]
        self._offline = not online
        kind = comet_ml.Experiment if online else comet_ml.OfflineExperiment
        self._experiment = kind(**OWN)
        chosen = known["comet.start.experiment_name"] or name
        if chosen:
            self._experiment.set_name(chosen)
