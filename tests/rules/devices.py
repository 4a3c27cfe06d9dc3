"""Runs with GPUs, which the machine that records the others does not have.

What is in them is what `taps/resources` records on such a machine.
"""

import numpy as np

from wellfit.core.run import Run

STEPS = 2000
READINGS = 50


def on_gpu(
    *,
    share: float,
    step: float = 0.05,
    wait: float = 0.001,
    precision: str = "float32",
    kind: str = "NVIDIA A100-SXM4-40GB",
    parameters: int = 86_000_000,
    used: bool = True,
) -> Run:
    """A training of PyTorch on a machine with one GPU; is it `used`?"""
    rng = np.random.default_rng(0)
    steps = np.linspace(1, STEPS - 1, READINGS).astype(int)

    def read(level: float, spread: float = 0.0) -> dict[int, float]:
        values = level + spread * rng.normal(size=READINGS)
        return dict(zip(steps.tolist(), values.tolist(), strict=True))

    signals = {
        "train/loss": np.linspace(2.0, 0.3, STEPS),
        "train/step_time": read(step, 0.02 * step),
        "train/data_time": read(wait, 0.1 * wait),
        "train/memory": read(3e9),
        "train/cpu_share": read(0.15, 0.01),
        "train/gpu_share@cuda:0": read(share, 0.02),
        "train/gpu_memory@cuda:0": read(2e10),
    }
    if used:
        signals["train/gpu_peak@cuda:0"] = read(1.8e10)
        signals["train/gpu_reserved@cuda:0"] = read(1.9e10)
    facts = {
        "command": {"script": "train.py", "args": [], "framework": "torch"},
        "machine": {
            "cores": 16.0,
            "memory_limit": 128 * 2**30,
            "devices": [{"name": "cuda:0", "kind": kind, "memory": 40 * 2**30}],
        },
        "loop": {"precision": precision},
        "model": {"class": "ViT", "parameters": parameters, "trainable": parameters},
        "loaders": {"train": {"batch_size": 64, "workers": 4, "rows": 128_000}},
        "outcome": {"exit": 0, "error": None, "interrupted": False},
    }
    return Run.of(signals, facts=facts)


PLANTED = {
    "idle-device": (
        on_gpu(share=0.0, step=0.6, used=False),
        on_gpu(share=0.55, step=0.4, used=False),  # somebody else's work
        on_gpu(share=0.12, step=0.08),
    ),
    "full-precision": (
        on_gpu(share=0.97),
        on_gpu(share=0.85, kind="NVIDIA GeForce RTX 4090"),
    ),
    "input-bottleneck": (on_gpu(share=0.2, step=0.1, wait=0.08),),
}
HEALTHY = {
    "busy in bfloat16": on_gpu(share=0.96, precision="bfloat16 autocast"),
    "an old GPU in float32": on_gpu(share=0.96, kind="Tesla V100-SXM2-16GB"),
    "a small model on the processor": on_gpu(
        share=0.0, step=0.003, parameters=5_000, used=False
    ),
    "loading hidden behind computing": on_gpu(
        share=0.93, step=0.1, wait=0.06, precision="bfloat16 autocast"
    ),
}
