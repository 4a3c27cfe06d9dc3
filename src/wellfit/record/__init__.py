"""The run folder: written by a Recorder, read as a Run.

Writing costs the standard library until the first value; reading imports NumPy, and is
therefore imported when it is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from wellfit.record.environment import write_environment as write_environment
from wellfit.record.folder import new_folder as new_folder
from wellfit.record.folder import runs_in as runs_in
from wellfit.record.folder import vacant as vacant
from wellfit.record.redact import redact as redact
from wellfit.record.redact import redact_args as redact_args
from wellfit.record.writer import Recorder as Recorder

if TYPE_CHECKING:
    from wellfit.record.reader import open_run as open_run
    from wellfit.record.tail import Tail as Tail
    from wellfit.record.tail import created as created

# What reads, and where it is at home.
_READING = {
    "created": "wellfit.record.tail",
    "open_run": "wellfit.record.reader",
    "Tail": "wellfit.record.tail",
}


def __getattr__(name: str) -> Any:
    if name not in _READING:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_READING[name]), name)
