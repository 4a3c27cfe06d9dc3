"""The results as JSON, as text, and as the tables of docs/accuracy.md."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.faults import diagram, score, store
from bench.faults.judge import Judged
from bench.faults.measure import Sorted
from bench.machine import describe

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "bench" / "results" / "faults.json"
PAGE = ROOT / "docs" / "accuracy.md"
PICTURE = ROOT / "docs" / "pictures" / "calibration.svg"
Result = dict[str, Any]


def result(found: Sorted, said: Sequence[Judged]) -> Result:
    """All figures of one side."""
    shares = score.bars(said)
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "taps": store.taps(),
        "runs": {
            "healthy": sum(not j.case.fault for j in said),
            "faulty": sum(bool(j.case.fault) for j in said),
            "bases": len({j.case.setting.base for j in said}),
            "faults": len({j.case.fault for j in said if j.case.fault}),
        },
        "dropped": {why: _dropped(cases) for why, cases in found.dropped.items()},
        "bars": {
            name: _plain(share) | {"bar": score.BARS[name]}
            for name, share in shares.items()
        },
        "rules": {
            rule: {name: _plain(share) for name, share in own.items()}
            for rule, own in score.by_rule(said).items()
        },
        "faults": score.by_fault(said),
        "calibration": score.calibration(said),
        "false_alarms": score.false_alarms(said),
    }


def _dropped(cases: Sequence[Any]) -> dict[str, int]:
    return dict(Counter("faulty" if c.fault else "healthy" for c in cases))


def _plain(share: score.Share) -> dict[str, Any]:
    return asdict(share) | {"value": share.value}


def save(side: str, found: Result) -> None:
    """Write one side's figures down, beside those of the other."""
    there = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    there |= {side: found, "machine": describe()}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(there, indent=1, ensure_ascii=False) + "\n", "utf-8")


def percent(share: dict[str, Any]) -> str:
    """`12.5 % (3 to 31) of 24`."""
    if not share["of_all"]:
        return "—"
    value, low, high = (100 * share[name] for name in ("value", "low", "high"))
    return f"{value:.1f} % ({low:.1f} to {high:.1f}) of {share['of_all']}"


def text(side: str, found: Result) -> str:
    """For the terminal."""
    lines = [f"{side} half, {found['date']}: {found['runs']}", ""]
    lines += [f"  not counted, {why}: {n}" for why, n in found["dropped"].items()]
    lines += [
        f"{name:30} {percent(share):32} bar {100 * share['bar']:.0f} %"
        for name, share in found["bars"].items()
    ]
    lines += ["", f"{'rule':28} {'false alarms':30} sensitivity"]
    lines += [
        f"{rule:28} {percent(own['false alarms']):30} {percent(own['sensitivity'])}"
        for rule, own in found["rules"].items()
    ]
    lines += ["", "fault, strength: runs, found, cause in three, first; said"]
    lines += [_fault_line(row) for row in found["faults"]]
    lines += [
        "",
        f"expected calibration error {found['calibration']['expected_error']}",
    ]
    return "\n".join(lines)


def _fault_line(row: dict[str, Any]) -> str:
    counts = f"{row['runs']:3} {row['found']:3} {row['among_first']:3} {row['first']:3}"
    said = ", ".join(f"{rule} {n}" for rule, n in row["said"].items())
    return f"{row['fault']:24} {row['strength']:<8g} {counts}  {said or 'nothing'}"


def write_page() -> None:
    """Fill the tables of docs/accuracy.md, and draw its picture."""
    told = json.loads(RESULTS.read_text("utf-8"))
    side = "untouched" if "untouched" in told else "tuning"
    found = told[side]
    page = PAGE.read_text("utf-8")
    for name, table in tables(side, found).items():
        page = _filled(page, name, table)
    PAGE.write_text(page, "utf-8")
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(diagram.reliability(found["calibration"]["bins"]), "utf-8")


def _filled(page: str, name: str, table: str) -> str:
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(end)
    if not after:
        raise ValueError(f"expected {begin!r} and {end!r} in {PAGE}; put them back")
    return f"{before}{begin}{table}\n{end}{after}"


def tables(side: str, found: Result) -> dict[str, str]:
    return {
        "runs": _runs(side, found),
        "bars": _bars(found),
        "rules": _rules(found),
        "faults": _faults(found),
        "calibration": _calibration(found),
    }


def _runs(side: str, found: Result) -> str:
    runs = found["runs"]
    dropped = "; ".join(
        f"{why}: " + " and ".join(f"{n} {kind}" for kind, n in own.items())
        for why, own in found["dropped"].items()
    )
    return (
        f"Measured on {found['date']}, on the *{side}* half: {runs['healthy']} healthy "
        f"runs and {runs['faulty']} faulty ones, of {runs['bases']} trainings and "
        f"{runs['faults']} faults.\nNot counted: {dropped or 'none'}."
    )


def _bars(found: Result) -> str:
    rows = ["| | measured, with 95 % interval | asked |", "|---|---|---|"]
    for name, share in found["bars"].items():
        sign = "≤" if name.startswith("healthy") else "≥"
        rows.append(
            f"| {name} | {percent(share)} | {sign} {100 * share['bar']:.0f} % |"
        )
    return "\n".join(rows)


def _rules(found: Result) -> str:
    rows = [
        "| rule | false alarms on healthy runs | found where it is the cause |",
        "|---|---|---|",
    ]
    for rule, own in found["rules"].items():
        alarms, hits = percent(own["false alarms"]), percent(own["sensitivity"])
        rows.append(f"| `{rule}` | {alarms} | {hits} |")
    return "\n".join(rows)


def _faults(found: Result) -> str:
    heads = ("fault", "strength", "runs", "any finding", "cause in first three")
    rows = [
        "| " + " | ".join((*heads, "cause first", "said first")) + " |",
        "|---|---:|---:|---:|---:|---:|---|",
    ]
    for row in found["faults"]:
        said = ", ".join(
            f"{rule} {n}" for rule, n in list(row["said_first"].items())[:3]
        )
        rows.append(
            f"| {row['fault']} | {row['strength']:g} | {row['runs']} | {row['found']} "
            f"| {row['among_first']} | {row['first']} | {said} |"
        )
    return "\n".join(rows)


def _calibration(found: Result) -> str:
    told = found["calibration"]
    rows = ["| said | right | findings |", "|---:|---:|---:|"]
    rows += [
        f"| {held['said']:.2f} | {held['right']:.2f} | {held['findings']} |"
        for held in told["bins"]
    ]
    error = told["expected_error"]
    if error is not None:
        rows += ["", f"Expected calibration error: {error:.3f}."]
    return "\n".join(rows)
