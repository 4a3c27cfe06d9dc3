"""PyTorch, watched: `watch` for one's own loop, `TorchTap` for whole processes."""

from wellfit.taps.torch.tap import TorchTap as TorchTap
from wellfit.taps.torch.watch import Watch as Watch
from wellfit.taps.torch.watch import watch as watch
