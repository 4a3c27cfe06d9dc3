"""Everything that wellfit raises for a fault of its caller's.

    WellfitError
    ├── BadRun          a run folder that is missing, damaged or of a newer version
    │   └── BadLog      a log of another tool that cannot be read
    ├── BadScript       a script that cannot be started
    ├── BadSetting      a flag, a parameter or a key of [tool.wellfit]
    ├── BadTable        a table that cannot be read or trained on
    ├── MissingExtra    a library that is needed and not installed
    └── UnknownName     a name that does not exist: a rule, a signal, a column

Each message says what was expected, what came, and what to do.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class WellfitError(Exception):
    """The root of all errors that wellfit raises on purpose."""


class BadRun(WellfitError, ValueError):
    """A run folder that is missing, damaged, or written by a newer wellfit."""


class BadLog(BadRun):
    """A log of another tool that is missing, damaged, or of a form nobody knows."""


class BadScript(WellfitError, ValueError):
    """A script that cannot be started."""


class BadSetting(WellfitError, ValueError):
    """A flag, a parameter, or a key of `[tool.wellfit]` with an impossible value."""


class BadTable(WellfitError, ValueError):
    """A table that cannot be read, or that nothing can be learnt from."""


class MissingExtra(WellfitError, ImportError):
    """A library that is needed and not installed.

    >>> raise MissingExtra("watching XGBoost", extra="boosting")
    Traceback (most recent call last):
    ...
    wellfit.core.errors.MissingExtra: watching XGBoost needs an extra: \
pip install 'wellfit[boosting]'
    """

    def __init__(self, purpose: str, *, extra: str) -> None:
        super().__init__(
            f"{purpose} needs an extra: pip install 'wellfit[{extra}]'",
        )


class UnknownName(WellfitError, LookupError):
    """A name that does not exist; the nearest that does is named.

    >>> raise UnknownName("signal", "grad_nrm", among=["grad_norm", "loss"])
    Traceback (most recent call last):
    ...
    wellfit.core.errors.UnknownName: no signal 'grad_nrm'; did you mean 'grad_norm'?
    """

    def __init__(self, kind: str, name: str, *, among: Iterable[str]) -> None:
        super().__init__(f"no {kind} {name!r}{nearest(name, among)}")


def nearest(name: str, among: Iterable[str]) -> str:
    """The end of a sentence: `; did you mean 'x'?`, or what there is to choose from.

    >>> nearest("prize", ["price", "rooms"])
    "; did you mean 'price'?"
    >>> nearest("zzz", ["price", "rooms"])
    '; there are: price, rooms'
    """
    names = [str(n) for n in among]
    lowered = {n.lower(): n for n in names}
    close = get_close_matches(name.lower(), lowered, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {lowered[close[0]]!r}?"
    if not names:
        return "; there are none"
    shown = ", ".join(names[:12])
    return f"; there are: {shown}" + (
        f" and {len(names) - 12} more" if len(names) > 12 else ""
    )
