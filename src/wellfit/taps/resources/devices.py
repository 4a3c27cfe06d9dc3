"""NVIDIA GPUs: what the driver tells of them, and what PyTorch's allocator holds."""

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

from wellfit.taps.resources.source import Reading

# Clocks lowered by heat, or by the power supply: a power cap alone is everyday.
HELD_BACK = (
    "nvmlClocksEventReasonSwThermalSlowdown",
    "nvmlClocksThrottleReasonHwThermalSlowdown",
    "nvmlClocksThrottleReasonHwPowerBrakeSlowdown",
)


class Device(NamedTuple):
    """A GPU as frameworks count it, and as the driver knows it."""

    name: str
    handle: Any


class Devices:
    """The GPUs that this process may use; without a driver there are none.

    The driver is asked, never the GPU: nothing here waits for what it computes.
    """

    name = "the GPUs"

    def __init__(self, nvml: Any = None) -> None:
        import pynvml

        self._nvml: Any = nvml or pynvml
        self._by_torch = False
        self._devices: list[Device] = []
        with suppress(pynvml.NVMLError):  # no driver here
            self._nvml.nvmlInit()
            self._devices = list(self._visible())

    def fact(self) -> dict[str, Any]:
        """Each device's name, kind, and bytes of memory; no serial numbers."""
        return {"devices": [self._about(device) for device in self._devices]}

    def read(self) -> Reading:
        """Shares of time and bytes of memory, by device."""
        torch = _torch_on_cuda()
        if torch is not None and not self._by_torch:
            self._devices, self._by_torch = list(self._of_torch(torch)), True
        levels: dict[str, float] = {}
        for place, device in enumerate(self._devices):
            levels |= self._asked(device)
            if torch is not None:
                levels |= _allocated(torch, place, device.name)
        return Reading(levels=levels)

    def _asked(self, device: Device) -> dict[str, float]:
        nvml, handle = self._nvml, device.handle
        found: dict[str, float] = {}
        with suppress(nvml.NVMLError):  # with MIG no share is known
            busy = nvml.nvmlDeviceGetUtilizationRates(handle).gpu / 100
            found[f"gpu_share@{device.name}"] = busy
        with suppress(nvml.NVMLError):
            used = nvml.nvmlDeviceGetMemoryInfo(handle).used
            found[f"gpu_memory@{device.name}"] = float(used)
        with suppress(nvml.NVMLError):
            why = nvml.nvmlDeviceGetCurrentClocksEventReasons(handle)
            held = any(why & getattr(nvml, reason) for reason in HELD_BACK)
            found[f"gpu_throttled@{device.name}"] = float(held)
        return found

    def _about(self, device: Device) -> dict[str, Any]:
        nvml, about = self._nvml, {"name": device.name}
        with suppress(nvml.NVMLError):
            kind = nvml.nvmlDeviceGetName(device.handle)
            about["kind"] = kind if isinstance(kind, str) else kind.decode()
        with suppress(nvml.NVMLError):
            about["memory"] = nvml.nvmlDeviceGetMemoryInfo(device.handle).total
        return about

    def _visible(self) -> Iterator[Device]:
        """As CUDA_VISIBLE_DEVICES has them: by number, or by identifier."""
        said = os.environ.get("CUDA_VISIBLE_DEVICES")
        every = map(str, range(self._nvml.nvmlDeviceGetCount()))
        names = list(every) if said is None else said.split(",")
        for place, name in enumerate(n.strip() for n in names):
            try:
                handle = self._handle(name)
            except (self._nvml.NVMLError, ValueError):
                return  # CUDA stops there too
            yield Device(f"cuda:{place}", handle)

    def _handle(self, name: str) -> Any:
        if name.startswith(("GPU-", "MIG-")):
            return self._nvml.nvmlDeviceGetHandleByUUID(name)
        return self._nvml.nvmlDeviceGetHandleByIndex(int(name))

    def _of_torch(self, torch: Any) -> Iterator[Device]:
        """In CUDA's own order, which need not be the driver's."""
        known = {device.name: device.handle for device in self._devices}
        for place in range(torch.cuda.device_count()):
            name = f"cuda:{place}"
            with suppress(self._nvml.NVMLError, AttributeError):
                identifier = torch.cuda.get_device_properties(place).uuid
                known[name] = self._handle(f"GPU-{identifier}")
            if name in known:
                yield Device(name, known[name])


def _torch_on_cuda() -> Any:
    """PyTorch, where the script has loaded it and uses CUDA; it is not made to."""
    torch: Any = sys.modules.get("torch")
    cuda = getattr(torch, "cuda", None)
    began = getattr(cuda, "is_initialized", None)
    return torch if began is not None and began() else None


def _allocated(torch: Any, place: int, name: str) -> dict[str, float]:
    """Counters that the allocator keeps: reading them does not synchronise."""
    stats = torch.cuda.memory_stats(place)
    peak = stats.get("allocated_bytes.all.peak", 0)
    if not peak:
        return {}  # another process's device, or another framework's
    return {
        f"gpu_peak@{name}": float(peak),
        f"gpu_reserved@{name}": float(stats["reserved_bytes.all.current"]),
    }
