"""XGBoost and LightGBM, watched: nothing changes, and what is evaluated is recorded."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pytest

from wellfit.core.run import Run
from wellfit.record import open_run

HERE = Path(__file__).parent
FRAMEWORKS = ("xgboost", "lightgbm")


class Script(NamedTuple):
    """Of a script, its fits, and how the last one's data sets are called."""

    fits: int = 1
    phases: Mapping[str, str] = MappingProxyType({})


SCRIPTS = {
    "lightgbm_continued": Script(2, {"training": "train", "valid_1": "val"}),
    "lightgbm_custom": Script(1, {"training": "train", "val": "val"}),
    "lightgbm_cv": Script(1, {"train": "train", "valid": "val"}),
    "lightgbm_native": Script(1, {"seen": "train", "held": "val"}),
    "lightgbm_ranking": Script(1, {"valid_0": "val"}),
    "lightgbm_sklearn": Script(1, {"training": "train", "valid_1": "val"}),
    "xgboost_continued": Script(2, {"val": "val", "train": "train"}),
    "xgboost_custom": Script(1, {"train": "train", "val": "val"}),
    "xgboost_cv": Script(1, {"train": "train", "test": "val"}),
    "xgboost_linear": Script(),
    "xgboost_native": Script(1, {"held": "train", "seen": "val"}),
    "xgboost_ranking": Script(1, {"validation_0": "val"}),
    "xgboost_sklearn": Script(1, {"validation_0": "train", "validation_1": "val"}),
}


def _output(*command: str | Path) -> tuple[str, str]:
    ran = subprocess.run(
        [sys.executable, *command],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONHASHSEED": "0"},
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout, ran.stderr


def _evaluated(output: str) -> dict[str, dict[str, dict[str, list[float]]]]:
    """Script → data set → metric → numbers, as the scripts have printed them."""
    names: dict[str, Any] = {"OrderedDict": dict, "np": np}
    return {
        part.split()[0]: eval(part.rpartition("EVALS ")[2], names)  # our own scripts
        for part in output.split("SCRIPT ")[1:]
    }


def _is_recorded(run: Run, said: dict[str, Any], phases: Mapping[str, str]) -> None:
    for name, phase in phases.items():
        for metric, values in said[name].items():
            signal = f"{phase}/{metric.replace('@', '_')}"
            assert run.facts["metrics"][signal] == metric
            seen = run.signal(signal)
            steps = [*range(1, len(values) + 1)]
            assert seen.steps[: len(values)].tolist() == steps
            numbers = seen.values[: len(values)].tolist()
            assert numbers == pytest.approx(values, abs=1e-12)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_watching_changes_nothing_and_sees_every_metric(
    framework: str, tmp_path: Path
) -> None:
    scripts = (HERE / "one_after_another.py", framework)
    bare = _output(*scripts)
    for place, way in enumerate(((), ("--every", "1"))):
        wellfit = ("-m", "wellfit", "run", "--quiet", "--out", tmp_path / str(place))
        assert _output(*wellfit, *way, *scripts) == bare
    run = open_run(tmp_path / "1")
    assert not run.happened("note")  # no fault of ours
    assert run.facts["command"]["framework"] == framework
    fits = iter(run.facts["fits"]["fits"])
    for name, said in _evaluated(bare[0]).items():
        places = [next(fits)["where"] for _ in range(SCRIPTS[name].fits)]
        seen = open_run(tmp_path / "1" / places[-1])
        assert seen.last_step > 0
        # Of the scikit-learn interface a training set that is evaluated is not known.
        if SCRIPTS[name].phases and not name.endswith("_sklearn"):
            _is_recorded(seen, said, SCRIPTS[name].phases)
    assert next(fits, None) is None


def test_every_script_is_accounted_for() -> None:
    there = [path.stem for one in FRAMEWORKS for path in HERE.glob(f"{one}_*.py")]
    assert sorted(there) == sorted(SCRIPTS)
