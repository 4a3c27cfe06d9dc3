"""What the machine as a whole tells: its network, and how far a quota held us back."""

from typing import Any

from wellfit.taps.resources.limits import Limits
from wellfit.taps.resources.source import Reading

LOOPBACK = ("lo", "Loopback")


class Network:
    """Bytes through the machine's network interfaces, by whichever process."""

    name = "the network"

    def __init__(self) -> None:
        import psutil

        self._count = psutil.net_io_counters

    def fact(self) -> dict[str, Any]:
        """Nothing: names and addresses of interfaces are personal."""
        return {}

    def read(self) -> Reading:
        """Bytes received and sent since the machine was started."""
        counted = self._count(pernic=True, nowrap=True)
        outward = [c for name, c in counted.items() if not name.startswith(LOOPBACK)]
        if not outward:
            return Reading()
        totals = {
            "network_received": float(sum(c.bytes_recv for c in outward)),
            "network_sent": float(sum(c.bytes_sent for c in outward)),
        }
        return Reading(totals=totals)


class Quota:
    """How often a cgroup's quota of processor time was used up."""

    name = "its quota of processor time"

    def __init__(self, limits: Limits) -> None:
        self._file = limits.throttling
        self._before = (0, 0)
        self._before = self._counted()

    def fact(self) -> dict[str, Any]:
        """Nothing: the quota is in the number of cores."""
        return {}

    def read(self) -> Reading:
        """The share of the quota's periods since the last reading that ran dry."""
        periods, throttled = self._counted()
        passed, held = periods - self._before[0], throttled - self._before[1]
        self._before = (periods, throttled)
        return Reading(levels={"throttled_share": held / passed} if passed > 0 else {})

    def _counted(self) -> tuple[int, int]:
        if self._file is None:
            return (0, 0)
        pairs = dict(line.split() for line in self._file.read_text().splitlines())
        return int(pairs["nr_periods"]), int(pairs["nr_throttled"])
