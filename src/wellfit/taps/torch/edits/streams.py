"""Random numbers of an edit's own: what the script draws stays as it was."""

from dataclasses import dataclass
from hashlib import sha256

import torch


@dataclass(slots=True)
class Stream:
    """Generators, one after the other, that hang on the script's seed and a name."""

    name: str
    drawn: int = 0

    def next(self, device: torch.device) -> torch.Generator:
        """The next one."""
        said = f"{self.name} {torch.initial_seed()} {self.drawn}"
        self.drawn += 1
        seed = int.from_bytes(sha256(said.encode()).digest()[:7])
        return torch.Generator(device).manual_seed(seed)
