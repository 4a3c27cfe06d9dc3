"""Check what `make demo` left: the reports, the diagnoses, the model."""

import csv
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

WELLFIT = Path(sys.executable).with_name("wellfit")
DEMO = Path("demo")
EXPECTED = {"learning-rate-too-high", "vanishing-gradients"}  # of what suffers
LARGEST = 2_000_000  # bytes of a report


def wellfit(*words: object) -> str:
    """What the command prints; a failing one ends the check."""
    command = [str(WELLFIT), *map(str, words)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def found(run: Path) -> dict[str, str]:
    """The rules that found something in a run, and how severe."""
    said: dict[str, Any] = json.loads(wellfit("diagnose", run, "--json", "-"))
    return {finding["rule"]: finding["severity"] for finding in said["findings"]}


def check_reports() -> None:
    """Each is there, small, and asks nothing of the network."""
    for name in ("report", "healthy", "treated", "table"):
        path = DEMO / f"{name}.html"
        size = path.stat().st_size
        assert size < LARGEST, f"{path} has {size} bytes"
        text = path.read_text(encoding="utf-8")
        remote = re.findall(r"<(?:script|link|img)[^>]*(?:src|href)=.https?:", text)
        assert not remote, f"{path} would load {remote}"


def check_diagnoses() -> None:
    """The sick run is found sick of what ails it, and the healthy one healthy."""
    sick, healthy = found(DEMO / "sick"), found(DEMO / "healthy")
    assert sick.keys() >= EXPECTED, f"the sick run has only {sick}"
    assert set(healthy.values()) <= {"note"}, f"the healthy run has {healthy}"
    report = (DEMO / "report.html").read_text(encoding="utf-8")
    assert all(rule in report for rule in EXPECTED), "the report names other findings"


def check_treatment() -> None:
    """What makes the sick training well is found, proven, and left as a plan."""
    said = json.loads((DEMO / "treated.json").read_text(encoding="utf-8"))
    assert said["outcome"] == "better", f"the treatment ends with {said['outcome']}"
    assert said["best"]["effect"]["low"] > 0, f"its effect is {said['best']['effect']}"
    plan = (DEMO / "treated" / "plan.yaml").read_text(encoding="utf-8")
    assert all(change["change"] in plan for change in said["plan"]), f"not in {plan}"


def check_model() -> None:
    """It predicts a number for every row of the table that it was trained on."""
    table = Path("examples/diabetes.csv")
    out = DEMO / "predictions.csv"
    wellfit("predict", DEMO / "table" / "model", table, "--out", out)
    with out.open(newline="") as made, table.open(newline="") as given:
        predicted = [float(row["prediction"]) for row in csv.DictReader(made)]
        assert len(predicted) == len(list(csv.DictReader(given)))
    assert max(predicted) > min(predicted), "all predictions are the same"


def main() -> None:
    """Run all checks."""
    for check in (check_reports, check_diagnoses, check_treatment, check_model):
        check()
        print(f"demo: {check.__doc__}")


if __name__ == "__main__":
    main()
