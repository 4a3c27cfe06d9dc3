"""How much of the machine a process may use: affinity and cgroup limits included."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/")


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What binds: processor cores (a quota may be a fraction) and bytes of memory.

    `memory` is None where no cgroup limits it. `throttling` is the file that counts
    the periods in which a quota held the process back, where there is a quota.
    """

    cores: float
    memory: int | None
    throttling: Path | None


def limits(root: Path = ROOT) -> Limits:
    """The limits of this process; `root` is where `/proc` and `/sys` stand."""
    quotas = list(_quotas(root))
    narrowest = min(quotas, default=None)
    cores = float(_processors())
    return Limits(
        cores=cores if narrowest is None else min(cores, narrowest[0]),
        memory=min(_memories(root), default=None),
        throttling=None if narrowest is None else narrowest[1] / "cpu.stat",
    )


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _quotas(root: Path) -> Iterator[tuple[float, Path]]:
    """Cores that a cgroup allows, and its folder; of each that limits them."""
    for folder in _folders("cpu", root):
        second = ("cpu.cfs_quota_us", "cpu.cfs_period_us")
        words = _words(folder / "cpu.max") or [
            word for name in second for word in _words(folder / name)
        ]
        with suppress(ValueError):  # "max", or nothing
            quota, period = map(int, words)
            if quota > 0 and period > 0:
                yield quota / period, folder


def _memories(root: Path) -> Iterator[int]:
    for folder in _folders("memory", root):
        for name in ("memory.max", "memory.limit_in_bytes"):
            with suppress(ValueError):
                (word,) = _words(folder / name)
                yield int(word)


def _folders(controller: str, root: Path) -> Iterator[Path]:
    """The cgroups that this process is in, in both versions, from within outwards."""
    top = root / "sys/fs/cgroup"
    for line in _lines(root / "proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        base = top / controller if controllers else top
        inner = base / path.lstrip("/")
        yield inner
        yield from (folder for folder in inner.parents if folder.is_relative_to(base))


def _words(file: Path) -> list[str]:
    return " ".join(_lines(file)).split()


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except (OSError, ValueError):
        return []
