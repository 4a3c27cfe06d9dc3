"""The environment variables that a tool's library reads, as it is imported."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def unless_set(**variables: str) -> Iterator[None]:
    """Set these where the user has said nothing of them; afterwards they are gone.

    Libraries that report their own faults and their use to their makers are told not
    to in this way: nothing is to be sent that the user has not set up.
    """
    mine = {name: text for name, text in variables.items() if name not in os.environ}
    os.environ.update(mine)
    try:
        yield
    finally:
        for name in mine:
            os.environ.pop(name, None)
