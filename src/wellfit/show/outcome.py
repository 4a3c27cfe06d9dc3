"""How a training ended, and what watching it cost, in words."""

from wellfit.core.run import Run
from wellfit.show.numerals import share


def failure(run: Run) -> str | None:
    """The error that ended it, with the first line of its message.

    >>> error = {"type": "ValueError", "message": "no data"}
    >>> failure(Run.of(facts={"outcome": {"error": error}}))
    'ValueError: no data'
    """
    error = (run.facts.get("outcome") or {}).get("error")
    if not error:
        return None
    return ": ".join(part for part in (error["type"], error["message"]) if part)


def interrupted(run: Run) -> bool:
    """Whether a person ended it."""
    return bool((run.facts.get("outcome") or {}).get("interrupted"))


def cost(run: Run) -> str | None:
    """What watching cost, of the training's time; None where it was not measured.

    >>> cost(Run.of(facts={"watching": {"share": 0.0142}}))
    'watching cost 1.4 %'
    """
    spent = (run.facts.get("watching") or {}).get("share")
    return None if spent is None else f"watching cost {share(spent)}"
