"""The user's own folder, for what outlives a project."""

import os
import platform
from pathlib import Path


def home() -> Path:
    """`$WELLFIT_HOME`, else `wellfit` in the folder where this system keeps user data.

    RuntimeError where the user has no home.
    """
    said = os.environ.get("WELLFIT_HOME")
    return Path(said).expanduser() if said else _data().expanduser() / "wellfit"


def _data() -> Path:
    match platform.system():
        case "Windows":
            return Path(os.environ.get("LOCALAPPDATA") or "~/AppData/Local")
        case "Darwin":
            return Path("~/Library/Application Support")
    said = Path(os.environ.get("XDG_DATA_HOME") or "")
    # The specification of these folders: a relative one is to be ignored.
    return said if said.is_absolute() else Path("~/.local/share")
