"""`[tool.wellfit]`: what a project has settled once, so that no flag repeats it.

    [tool.wellfit]
    out = "wellfit-runs"             # where new run folders go
    ignore = ["unscaled-inputs"]     # rules to leave out
    fail-on = "critical"
    overhead = "1%"                  # or: every = 10
    seed = 0
    ledger = false                   # keep nothing of what `wellfit treat` has tried

    [tool.wellfit.rules.overfitting] # thresholds, by the names on the rule's page
    rise = 0.2

It is read from the nearest `pyproject.toml`, in this folder or above it.
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from wellfit.core.errors import BadSetting, nearest
from wellfit.core.finding import Severity


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What a project has settled; None and empty where it has not."""

    out: Path = Path("wellfit-runs")
    ignore: tuple[str, ...] = ()
    fail_on: Severity | None = None
    overhead: str | None = None
    every: int | None = None
    seed: int | None = None
    ledger: bool = True
    rules: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


def project(folder: Path | None = None) -> Settings:
    """The settings of the project that `folder` (by default, this one) is in.

    `BadSetting` for a file that is not TOML, a key that does not exist, or a value
    that cannot be.
    """
    start = Path.cwd() if folder is None else folder.resolve()
    for place in (start, *start.parents):
        file = place / "pyproject.toml"
        if file.is_file():
            return _validated(_table(file), file)
    return Settings()


def _table(file: Path) -> dict[str, Any]:
    try:
        said = tomllib.loads(file.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise BadSetting(f"{file} must be a TOML file; reading it: {error}") from error
    tool = said.get("tool")
    table = tool.get("wellfit", {}) if isinstance(tool, dict) else {}
    if not isinstance(table, dict):
        raise BadSetting(f"{file}: [tool.wellfit] must be a table; got {table!r}")
    return {key.replace("-", "_"): value for key, value in table.items()}


def _validated(table: dict[str, Any], file: Path) -> Settings:
    if not table:
        return Settings()
    known = [f.name for f in fields(Settings)]
    for key in table:
        if key not in known:
            hint = nearest(key, known).replace("_", "-")
            raise BadSetting(f"{file}: [tool.wellfit] has no key {key!r}{hint}")

    from pydantic import TypeAdapter, ValidationError

    try:  # as JSON, where strict still takes a string for a path, a list for a tuple
        text = json.dumps(table, default=str)
        said = TypeAdapter(Settings).validate_json(text, strict=True)
    except ValidationError as error:
        wrong = error.errors()[0]
        key = ".".join(str(part) for part in wrong["loc"]).replace("_", "-")
        expected = wrong["msg"].removeprefix("Input should be ")
        raise BadSetting(
            f"{file}: [tool.wellfit] {key} must be {expected}; got {wrong['input']!r}"
        ) from error
    out = file.parent / said.out if "out" in table else said.out
    return replace(said, out=out, rules=table.get("rules", {}))  # 3 stays 3, not 3.0
