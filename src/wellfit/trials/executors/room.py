"""How much of a cluster a trial is given, and how many run at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil

from wellfit.core.errors import BadSetting
from wellfit.trainer.room import shown

USEFUL = 12  # trials at once: the runs of six pairs, the fewest that decide


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """Processors, GPUs and bytes of memory of each of `jobs` trials at once."""

    jobs: int
    cpus: int
    gpus: float = 0.0
    memory: int | None = None

    @property
    def said(self) -> str:
        """What a trial has, as people say it.

        >>> Room(jobs=2, cpus=4, gpus=0.5, memory=2**32).said
        '4 CPU, 0.5 GPU, 4G of memory'
        """
        gpus = [f"{self.gpus:g} GPU"] if self.gpus else []
        memory = [f"{shown(self.memory)} of memory"] if self.memory else []
        return ", ".join([f"{self.cpus} CPU", *gpus, *memory])


def room_of(
    nodes: Sequence[Mapping[str, float]],
    jobs: int | None = None,
    memory: int | None = None,
) -> Room:
    """What there is, shared by `jobs` trials; by default by as many as are of use.

    `nodes` are the resources of each machine, as Ray names them. Where there are GPUs,
    a trial has one to itself, unless there are more trials than GPUs.

    >>> room_of([{"CPU": 16.0}] * 4)
    Room(jobs=12, cpus=5, gpus=0.0, memory=None)
    >>> room_of([{"CPU": 16.0, "GPU": 4.0}, {"CPU": 8.0}])
    Room(jobs=4, cpus=4, gpus=1.0, memory=None)
    """
    most = max((int(node.get("memory", 0)) for node in nodes), default=0)
    if memory is not None and memory > most:
        raise BadSetting(
            f"memory of {shown(memory)} is more than a machine of the cluster has for "
            f"tasks, which is at most {shown(most)}; ask for less"
        )
    found = _shared(nodes, jobs)
    return replace(found, memory=memory)


def _shared(nodes: Sequence[Mapping[str, float]], jobs: int | None) -> Room:
    cpus = [int(node.get("CPU", 0)) for node in nodes]
    if not sum(cpus):
        raise BadSetting(
            "a trial needs a processor; the cluster has machines without any: start "
            "one of them by `ray start` without --num-cpus=0"
        )
    if any(node.get("GPU") for node in nodes):
        return _of_gpus(nodes, jobs)
    count = min(jobs or USEFUL, sum(cpus))
    each = max(k for k in range(1, max(cpus) + 1) if _fit(cpus, k) >= count)
    return Room(jobs=count, cpus=each)


def _fit(cpus: Sequence[int], each: int) -> int:
    return sum(have // each for have in cpus)


def _of_gpus(nodes: Sequence[Mapping[str, float]], jobs: int | None) -> Room:
    have = [n for n in nodes if n.get("GPU")]
    gpus = int(sum(n["GPU"] for n in have))
    count = jobs or gpus
    share = 1 / ceil(count / gpus)  # of one GPU
    cpus = min(int(n.get("CPU", 0) * share / n["GPU"]) for n in have)
    return Room(jobs=count, cpus=max(1, cpus), gpus=share)
