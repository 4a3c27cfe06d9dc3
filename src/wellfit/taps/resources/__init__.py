"""What a training takes of the machine: processors, memory, devices, disk, network."""

from wellfit.taps.resources.thread import Resources as Resources
