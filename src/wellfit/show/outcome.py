"""How a training ended, in words."""

from wellfit.core.run import Run


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
