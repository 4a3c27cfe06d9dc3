"""Processor time, memory and files of a process and of its children."""

from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from time import monotonic, thread_time
from typing import TYPE_CHECKING, Any

from wellfit.taps.resources.limits import Limits
from wellfit.taps.resources.source import Reading

if TYPE_CHECKING:
    import psutil

REST = 400.0  # times what the last search for children took, until the next one


class Processes:
    """A process and all its children, such as the workers of a data loader.

    What a child has used is its parent's once it has ended and was waited for, in
    what the system counts: so nothing is lost, and nothing counted twice.
    """

    name = "its processes"

    def __init__(self, limits: Limits, pid: int | None = None) -> None:
        import psutil

        self._limits = limits
        self._root = psutil.Process(pid)
        self._children: list[psutil.Process] = []
        self._due = 0.0
        self._blocked = _tells_of_waiting()
        self._gone = (psutil.Error, OSError)

    def fact(self) -> dict[str, Any]:
        """Cores and memory: of the machine in all, and what this process may use."""
        import psutil

        total, limit = psutil.virtual_memory().total, self._limits.memory
        bound = limit is not None and limit < total
        return {
            "cores": self._limits.cores,
            "cores_in_all": psutil.cpu_count() or None,
            "memory": total,
            "memory_limit": limit if bound else total,
            "memory_limit_by": "cgroup" if bound else "machine",
        }

    def read(self) -> Reading:
        """Bytes held now, and seconds and bytes used up since the process began."""
        if monotonic() >= self._due:
            self._search()
        totals: dict[str, float] = defaultdict(float)
        own = workers = 0.0
        for process in (self._root, *self._children):
            with suppress(*self._gone), process.oneshot():
                held = float(process.memory_info().rss)
                for name, number in self._used(process).items():
                    totals[name] += number
                if process is self._root:
                    own = held
                else:
                    workers += held
        levels = {"memory": own + workers, "memory@workers": workers}
        return Reading(levels=levels, totals=totals)

    def _used(self, process: "psutil.Process") -> dict[str, float]:
        spent = process.cpu_times()
        ended = spent.children_user + spent.children_system
        used = {"cpu_share": (spent.user + spent.system + ended) / self._limits.cores}
        if self._blocked and process is self._root:
            used["disk_wait"] = spent.iowait
        with suppress(*self._gone, AttributeError):  # not on macOS
            moved = process.io_counters()
            used |= {"disk_read": moved.read_bytes, "disk_write": moved.write_bytes}
            used["file_read"] = getattr(moved, "read_chars", moved.read_bytes)
        return used

    def _search(self) -> None:
        """Find the children: every process of the machine is asked for its parent."""
        begun = thread_time()
        with suppress(*self._gone):
            self._children = self._root.children(recursive=True)
        self._due = monotonic() + REST * (thread_time() - begun)


def peak() -> int | None:
    """The most memory that this process ever held, where the system keeps it."""
    with suppress(OSError, ValueError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return None


def _tells_of_waiting() -> bool:
    """Whether Linux counts how long a process waits for disks; mostly it does not."""
    with suppress(OSError):
        return Path("/proc/sys/kernel/task_delayacct").read_text().strip() == "1"
    return False
