"""What can be had of JSON that was cut off, or that damage runs through."""

import json
import re
from collections.abc import Iterator
from typing import Any

# An object without others in it, text in it or not; and a named list of numbers.
OBJECT = re.compile(r'\{(?:[^{}"]|"(?:[^"\\]|\\.)*+")*+\}')
LIST = re.compile(r'"((?:[^"\\]|\\.){1,200})"\s*:\s*\[([^\[\]{}"]*+)')


def objects(text: str) -> Iterator[dict[str, Any]]:
    """Each innermost object of it that is whole.

    >>> list(objects('{"log": [{"step": 1, "loss": 0.5}, {"step": 2, "lo'))
    [{'step': 1, 'loss': 0.5}]
    """
    for found in OBJECT.finditer(text):
        try:
            said = json.loads(found[0])
        except (ValueError, RecursionError):
            continue
        if isinstance(said, dict):
            yield said


def lists(text: str) -> dict[str, list[float]]:
    """Each named list of numbers, up to where it is cut off; the last one may be half.

    >>> lists('{"loss": [0.5, 0.25], "val_loss": [0.6, 0.')
    {'loss': [0.5, 0.25], 'val_loss': [0.6]}
    """
    found: dict[str, list[float]] = {}
    for match in LIST.finditer(text):
        cells = match[2].split(",")
        if match.end() >= len(text):  # nobody knows how the last number went on
            cells = cells[:-1]
        try:
            found.setdefault(match[1], [float(cell) for cell in cells if cell.strip()])
        except ValueError:
            continue
    return {name: values for name, values in found.items() if values}
