"""What a Prometheus server reads: from the endpoint, and from the file."""

import json
import shutil
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from wellfit import Diagnosis, Run
from wellfit.core.errors import BadSetting
from wellfit.exporters.prometheus import Prometheus

installed = pytest.mark.skipif(
    shutil.which("prometheus") is None,
    reason="Debian's package prometheus is not installed",
)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def live(port: int) -> Iterator[Prometheus]:
    exporter = Prometheus(f":{port}", live=True)
    yield exporter
    exporter.close()


def scraped(port: int) -> dict[tuple[str, ...], float]:
    """Value by name and labels; all of them are of the run `net`."""
    kind = {"Accept": "application/openmetrics-text; version=1.0.0"}
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers=kind)
    with urllib.request.urlopen(asked) as answer:
        text = answer.read().decode()
    samples = [s for f in text_string_to_metric_families(text) for s in f.samples]
    assert {s.labels.pop("run") for s in samples} <= {"net"}
    return {
        (s.name, *(s.labels[k] for k in sorted(s.labels))): s.value for s in samples
    }


def test_the_endpoint_has_the_latest_of_each(
    live: Prometheus, port: int, run: Run, diagnosis: Diagnosis
) -> None:
    assert scraped(port) == {}
    live.update(run)
    live.judge(run, diagnosis)
    found = scraped(port)
    assert found["wellfit_loss", "train", ""] == pytest.approx(1 / 12)
    assert found["wellfit_loss", "val", ""] == pytest.approx(1.5 / 12)
    assert found["wellfit_grad_norm", "train", "2.weight"] == 2
    assert found["wellfit_step_time_seconds", "train", ""] == 0.5
    assert found["wellfit_step",] == 11
    assert found["wellfit_epoch",] == 3
    assert found["wellfit_healthy",] == 0
    assert found["wellfit_finding", "dead-units", "critical"] == 1
    assert ("wellfit_finding", "overfitting", "warning") not in found
    live.judge(run, Diagnosis())  # it has passed
    assert not any(name == "wellfit_finding" for name, *_ in scraped(port))


def test_a_port_in_use_is_one_sentence(live: Prometheus, port: int) -> None:
    with pytest.raises(BadSetting, match=rf"a port that is free; got 127.0.0.1:{port}"):
        Prometheus(f":{port}", live=True)


@pytest.mark.parametrize("place", ["nine", "localhost:", ":99999", "9464"])
def test_a_place_that_is_none_is_refused(place: str) -> None:
    with pytest.raises(BadSetting, match="takes a port"):
        Prometheus(place, live=True)


def test_the_port_is_free_afterwards(port: int) -> None:
    for _ in range(2):
        Prometheus(f":{port}", live=True).close()


def test_names_that_become_one_are_no_fault(tmp_path: Path) -> None:
    run = Run.of({"train/my loss": [1.0], "train/my_loss": [2.0]})
    path = tmp_path / "out.txt"
    Prometheus(str(path)).finish(run, Diagnosis(), None)
    (family,) = text_string_to_metric_families(path.read_text())
    assert [s.value for s in family.samples] == [1.0]


@pytest.fixture
def server(
    live: Prometheus, port: int, run: Run, diagnosis: Diagnosis, tmp_path: Path
) -> Iterator[str]:
    """A Prometheus that scrapes the endpoint and was given the file; its address."""
    live.update(run)
    live.judge(run, diagnosis)
    written = tmp_path / "openmetrics.txt"
    Prometheus(str(written)).finish(run, diagnosis, None)
    data = tmp_path / "data"
    subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", written, data],
        check=True,
        capture_output=True,
    )
    config = tmp_path / "prometheus.yml"
    config.write_text(
        "scrape_configs: [{job_name: wellfit, scrape_interval: 200ms, "
        f"static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}]"
    )
    address = f"127.0.0.1:{free_port()}"
    command = [
        "prometheus",
        f"--config.file={config}",
        f"--storage.tsdb.path={data}",
        f"--web.listen-address={address}",
    ]
    with (
        (tmp_path / "log").open("w") as log,
        subprocess.Popen(command, stdout=log, stderr=log) as process,
    ):
        yield f"http://{address}/api/v1/"
        process.terminate()


def asked(server: str, query: str, **at: float) -> list[Any]:
    words = urllib.parse.urlencode({"query": query, **at})
    try:
        with urllib.request.urlopen(f"{server}query?{words}") as answer:
            result: list[Any] = json.load(answer)["data"]["result"]
            return result
    except OSError:
        return []  # not up yet


@installed
def test_a_prometheus_scrapes_the_endpoint_and_takes_the_file(
    server: str, run: Run
) -> None:
    until = time.monotonic() + 300
    live = 'wellfit_loss{phase="val",job="wellfit"}'
    while not (found := asked(server, live)) and time.monotonic() < until:
        time.sleep(0.1)
    assert float(found[0]["value"][1]) == pytest.approx(1.5 / 12)
    (finding,) = asked(server, 'wellfit_finding{job="wellfit"}')
    assert finding["metric"]["rule"] == "dead-units"

    later = time.time() + 60
    query = 'wellfit_loss{phase="train",job=""}[10m]'
    (series,) = asked(server, query, time=later)
    values = [float(value) for _, value in series["values"]]
    assert values == pytest.approx(run.signal("loss").values)
    times = [when for when, _ in series["values"]]
    assert times[5] - times[1] == pytest.approx(2.0)
    bad = asked(server, 'last_over_time(wellfit_finding{job=""}[10m])', time=later)
    assert {x["metric"]["rule"] for x in bad} == {"overfitting", "dead-units"}
