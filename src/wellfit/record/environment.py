"""`environment.json`: what the run ran on, with secrets kept out."""

import json
import os
import platform
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

from wellfit.record.redact import redact, redact_args

# What a training's numbers may depend on.
PACKAGES = (
    "wellfit", "numpy", "scipy", "pandas", "pyarrow", "polars", "scikit-learn",
    "torch", "torchvision", "torchaudio", "lightning", "pytorch-lightning",
    "transformers", "accelerate", "datasets", "peft", "timm", "fastai", "skorch",
    "keras", "tensorflow", "jax", "flax", "lightgbm", "xgboost", "catboost",
)  # fmt: skip

# Harmless, each of them, and nothing else is ever read.
VARIABLES = (
    "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS",
    "PYTHONHASHSEED", "CUDA_VISIBLE_DEVICES", "CUDA_LAUNCH_BLOCKING",
    "CUBLAS_WORKSPACE_CONFIG", "NVIDIA_TF32_OVERRIDE", "PYTORCH_CUDA_ALLOC_CONF",
    "PYTORCH_ALLOC_CONF", "PYTORCH_ENABLE_MPS_FALLBACK",
    "PYTORCH_NVML_BASED_CUDA_CHECK", "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE",
    "TORCH_COMPILE_DISABLE", "TORCHDYNAMO_DISABLE",
    "TOKENIZERS_PARALLELISM", "RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE",
    "SLURM_JOB_ID", "SLURM_PROCID", "SLURM_NTASKS", "SLURM_CPUS_PER_TASK",
)  # fmt: skip


def environment(
    argv: Sequence[str], *, packages: Iterable[str] = PACKAGES
) -> dict[str, Any]:
    """Python, platform, processors, versions, variables and arguments, as plain data.

    Packages are looked up, never imported; variables are those of an allow-list;
    secrets and home folders in arguments are hidden.
    """
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "arguments": redact_args(argv),
        "packages": {name: found for name in packages if (found := _version(name))},
        "variables": {
            name: redact(os.environ[name]) for name in VARIABLES if name in os.environ
        },
    }


def write_environment(
    folder: Path,
    argv: Sequence[str] | None = None,
    *,
    packages: Iterable[str] = PACKAGES,
) -> None:
    """Write `environment.json` into a run folder; a fault there is no fault of the run.

    `argv` is the command as it was typed; `sys.argv` unless given.
    """
    said = environment(sys.argv if argv is None else argv, packages=packages)
    with suppress(OSError):
        (folder / "environment.json").write_text(json.dumps(said, indent=2) + "\n")


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
