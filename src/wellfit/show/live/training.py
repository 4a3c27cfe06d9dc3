"""`wellfit train --live`: the view of a training that goes on in this process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from wellfit.show.live.view import LiveView

if TYPE_CHECKING:
    from wellfit.trainer.contest import OnProgress, Progress

POLLED = 0.1  # seconds from one look at the view to the next


@contextmanager
def live_training(view: LiveView) -> Iterator["OnProgress"]:
    """Gives whom to tell of progress; the view shows whichever model is at work."""
    now: list[Path] = []
    over = threading.Event()

    def tell(progress: "Progress") -> None:
        if progress.folder is not None:
            now[:] = [progress.folder]

    def draw() -> None:
        while not over.wait(POLLED):
            if now:
                view.poll(now[0])

    thread = threading.Thread(target=draw, name="wellfit-view", daemon=True)
    thread.start()
    try:
        yield tell
    finally:
        over.set()
        thread.join()
        view.finish()
