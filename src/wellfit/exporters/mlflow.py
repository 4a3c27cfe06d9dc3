"""`--to mlflow`: a run of MLflow."""

import logging
import os
import re
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from wellfit.core.finding import Diagnosis
from wellfit.core.run import Run
from wellfit.core.signals import parse
from wellfit.exporters.clock import Clock
from wellfit.exporters.environment import unless_set
from wellfit.exporters.exporter import Exporter
from wellfit.exporters.findings import told, verdict
from wellfit.exporters.settings import settings

T = TypeVar("T")

METRICS, PARAMS = 1000, 100  # what a request may hold
TAG = 5000  # characters
FORBIDDEN = re.compile(r"[^\w\-. /]")  # in a name
STORE = "mlruns"  # the folder that MLflow itself takes for files


class MLflow(Exporter):
    """Metrics with step and time, settings as params, findings as tags.

    Tracking URI and experiment are what MLflow's own variables say. Where none is set,
    a database `mlflow.db` is MLflow's own choice; `mlflow-skinny` alone cannot write to
    one, and then files below `mlruns` take its place.
    """

    name: ClassVar[str] = "mlflow"
    title: ClassVar[str] = "MLflow"
    library: ClassVar[str] = "mlflow"

    def __init__(self, place: str = "", *, live: bool = False) -> None:
        super().__init__(place, live=live)
        self._clock = Clock()
        self._client: Any = None
        self._id = ""
        self._params: set[str] = set()

    def update(self, new: Run) -> None:
        """Log the new values, and the settings that were not known before."""
        from mlflow.entities import Param

        self._clock.hear(new)
        client = self._begun(new)
        known = settings(new).items()
        fresh = [(k, v) for k, v in known if k not in self._params]  # said once only
        self._params.update(name for name, _ in fresh)
        for some in _parts((Param(_fit(k), str(v)) for k, v in fresh), PARAMS):
            client.log_batch(self._id, params=some)
        for part in _parts(self._metrics(new), METRICS):
            client.log_batch(self._id, metrics=part)

    def finish(self, run: Run, diagnosis: Diagnosis, report: Path | None) -> str:
        """Tag the findings, keep report and environment, and end the run."""
        client = self._begun(run)
        client.set_tag(self._id, "wellfit.verdict", verdict(diagnosis))
        for finding in diagnosis.findings:
            name = f"wellfit.{finding.rule}"
            client.set_tag(self._id, name, str(finding.severity))
        words = "\n\n".join(told(finding) for finding in diagnosis.findings)
        client.set_tag(self._id, "mlflow.note.content", words[:TAG])
        beside = run.path and run.path / "environment.json"
        for file in (report, beside):
            if file is not None and file.exists():
                client.log_artifact(self._id, str(file))
        failed = (run.facts.get("outcome") or {}).get("exit")
        client.set_terminated(self._id, "FAILED" if failed else "FINISHED")
        return f"MLflow run {self._id} in {client.tracking_uri}"

    def close(self) -> None:
        """Nothing is held."""

    def _begun(self, run: Run) -> Any:
        if self._client is None:
            with unless_set(
                MLFLOW_DISABLE_TELEMETRY="true", MLFLOW_ALLOW_FILE_STORE="true"
            ):
                self._client, experiment = _connected()
            named = None if run.path is None else run.path.name
            begun = int(1000 * self._clock.begun)
            made = self._client.create_run(experiment, begun, run_name=named)
            self._id = made.info.run_id
        return self._client

    def _metrics(self, new: Run) -> Iterator[Any]:
        from mlflow.entities import Metric

        # Files take their time: what is of the whole run comes before each layer's own.
        for signal in sorted(new.signals.values(), key=lambda s: "@" in s.name):
            name = _key(signal.name)
            times = (1000 * self._clock.at(signal.steps)).astype(int).tolist()
            values, steps = signal.values.tolist(), signal.steps.tolist()
            for value, when, step in zip(values, times, steps, strict=True):
                yield Metric(name, value, when, step)


def _connected() -> tuple[Any, str]:
    """A client of the user's store, and the experiment that the run is to be in."""
    import mlflow

    for chatty in ("mlflow", "alembic"):  # the screen belongs to the script
        logging.getLogger(chatty).setLevel(logging.CRITICAL)
    uri = mlflow.get_tracking_uri()
    if uri.startswith("sqlite:") and find_spec("sqlalchemy") is None:
        if "MLFLOW_TRACKING_URI" in os.environ:
            raise RuntimeError("a database needs the whole of it: pip install mlflow")
        uri = Path(STORE).absolute().as_uri()
    client = mlflow.MlflowClient(tracking_uri=uri)
    if os.environ.get("MLFLOW_EXPERIMENT_ID"):
        return client, os.environ["MLFLOW_EXPERIMENT_ID"]
    name = os.environ.get("MLFLOW_EXPERIMENT_NAME", "Default")
    known = client.get_experiment_by_name(name)
    return client, known.experiment_id if known else client.create_experiment(name)


def _fit(name: str) -> str:
    """The name in characters that it may have."""
    return FORBIDDEN.sub("_", name)


def _key(signal: str) -> str:
    """The name as a path, which it is in a store of files, with one folder: its phase.

    >>> _key("train/grad_norm@fc1.weight")
    'train/grad_norm.fc1.weight'
    """
    phase, name, where = parse(signal)
    rest = f"{name}.{where}" if where else name
    return _fit(f"{phase}/{rest.replace('/', '.')}")


def _parts(items: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part
