"""What commands give: JSON and an exit status to programs, tables to people."""

import json
import math
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from wellfit.core.errors import BadSetting
from wellfit.core.finding import Severity

if TYPE_CHECKING:
    from rich.console import Console

STDOUT = Path("-")
FOUND = 10  # exit status: a finding at or above --fail-on
PIPED = 200  # columns of a table that no terminal shows: nothing need be folded


def write_json(data: Any, path: Path) -> None:
    """Write `data` as strict JSON to `path`, or to standard output for `-`.

    JSON knows neither NaN nor infinity: they become null. Paths and times become
    text. `BadSetting` where the file cannot be written.
    """
    text = json.dumps(_plain(data), indent=2, allow_nan=False) + "\n"
    if path == STDOUT:
        sys.stdout.write(text)
        return
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadSetting(
            f"--json must be a file that can be written, or - for standard output; "
            f"got {str(path)!r}: {error.strerror}"
        ) from error


def fail_on(worst: Severity | None, limit: Severity | None) -> None:
    """Leave with exit status 10 if the worst finding is as bad as `limit`, or worse."""
    if limit is not None and worst is not None and worst.rank >= limit.rank:
        raise typer.Exit(FOUND)


def console() -> "Console":
    """Standard output for tables: as wide as the terminal, and wide in a pipe."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else PIPED, highlight=False)


def _plain(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {key: _plain(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_plain(value) for value in data]
    if isinstance(data, float):
        return data if math.isfinite(data) else None
    if isinstance(data, date):
        return data.isoformat()
    if isinstance(data, Path):
        return str(data)
    return data
