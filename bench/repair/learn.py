"""What the bench of repairs teaches: how often a remedy helped, by finding.

What `said_of` keeps of each case is counted as a user's own ledger is, and written to
`src/wellfit/trials/learnt.json`, which wellfit ships with.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from wellfit import __version__
from wellfit.core.run import Run
from wellfit.core.treatment import Treatment
from wellfit.trials.experience import Entry, Experience, entries_of, tally
from wellfit.trials.ledger import LEARNT


def said_of(treatment: Treatment) -> list[dict[str, Any]]:
    """The verdicts as a ledger keeps them; each training here is of a known kind."""
    return [asdict(entry) for entry in entries_of(treatment, Run())]


def learnt_of(cases: Iterable[Mapping[str, Any]]) -> tuple[Experience, ...]:
    """The cases counted by rule and remedy; those that failed have nothing to say."""
    return tally(
        (case["case"], Entry(**{**said, "beside": tuple(said["beside"])}))
        for case in cases
        for said in case.get("taught", ())
    )


def write(results: Path, to: Path = LEARNT) -> str:
    """Write down what the results teach; the sentence says what came of it."""
    if not results.is_file():
        raise SystemExit(f"there is no {results} yet: run python -m bench.repair first")
    cases = json.loads(results.read_text(encoding="utf-8"))["cases"]
    found = learnt_of(cases)
    if not found:
        raise SystemExit(
            f"{results} does not say what was tried: run python -m bench.repair again; "
            "what is trained already is not trained again"
        )
    told = [{k: v for k, v in asdict(one).items() if k != "source"} for one in found]
    rounded = [{**one, "gain": round(one["gain"], 4)} for one in told]
    said = {"wellfit": __version__, "cases": len(cases), "experience": rounded}
    to.write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")
    return f"{len(cases)} cases taught of {len(found)} remedies against a rule: {to}"
