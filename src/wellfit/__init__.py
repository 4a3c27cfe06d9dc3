"""wellfit: what is wrong with a training run, why, and what to do about it."""

__version__ = "0.1.0.dev0"
