"""The thread that watches the machine while a training runs."""

import os
import threading

from wellfit.taps.resources.meter import Meter
from wellfit.taps.tap import Records, step_of

PATIENCE = 2.0  # seconds for the script to import what it wants, before we import
POLL = 0.05  # seconds
LEAVE = 2.0  # seconds that the end of a training waits for us at most


class Resources:
    """Watches what a training takes of the machine, from `start` to `finish`.

    One thread, which reads what the system counts anyway: often at first, later every
    ten seconds. It never holds the training up and never keeps the process alive;
    what cannot be read is left out.
    """

    def __init__(self, records: Records) -> None:
        self._records = records
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._process = 0

    def start(self) -> None:
        """Begin to watch."""
        self._process = os.getpid()
        self._thread = threading.Thread(
            target=self._work, name="wellfit-resources", daemon=True
        )
        self._thread.start()

    def finish(self) -> None:
        """Read a last time, record the totals, and end."""
        thread, self._thread = self._thread, None
        if thread is None or os.getpid() != self._process:
            return  # never begun, or the child of a fork
        self._ended.set()
        thread.join(LEAVE)

    def _work(self) -> None:
        meter = Meter(self._records)
        try:
            self._let_the_script_begin(meter)
            meter.open()
            while not self._ended.wait(meter.rest):
                meter.read()
            meter.close()
        except Exception as error:  # a fault of ours must not show in the script
            meter.note("the machine", error)

    def _let_the_script_begin(self, meter: Meter) -> None:
        while not step_of(self._records) and meter.elapsed < PATIENCE:
            if self._ended.wait(POLL):
                return
