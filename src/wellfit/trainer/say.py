"""Whom the trainer tells a sentence."""

import sys
from collections.abc import Callable

Say = Callable[[str], None]


def to_stderr(sentence: str) -> None:
    """Where a sentence goes that nobody else takes: standard output is for results."""
    print(sentence, file=sys.stderr)
