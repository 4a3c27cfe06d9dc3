"""Several processes that train one model: none may decide for itself."""

from torch import distributed

TOGETHER = "several processes train together, of which each would decide for itself"


def together() -> bool:
    """Whether others train the same model as this process."""
    begun = distributed.is_available() and distributed.is_initialized()
    return begun and distributed.get_world_size() > 1
