"""The cases: which base, which setting, which fault, which seed; and on which side.

A base's settings are dealt out to the tuning and the untouched half by a hash, and so
are its faults. A fault is only made in settings of its own side, so that neither a
family (a base and a fault) nor a setting is ever on both.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from bench.faults.bases import ALL, Base
from bench.faults.faults import ALL as FAULTS
from bench.faults.faults import Fault
from bench.faults.healthy import settings
from bench.faults.setting import Setting

SEEDS = (0, 1)
MOST_BASES = 10  # in which a fault is made
SIDES = ("tuning", "untouched")


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A training to be judged: healthy where `fault` is empty.

    `number` is that of the base's healthy setting; `twin` is the same without fault.
    """

    setting: Setting
    number: int
    side: str
    fault: str = ""
    strength: float = 0.0
    twin: Setting | None = None

    @property
    def name(self) -> str:
        own = f"{self.setting.base} {self.number} seed {self.setting.seed}"
        return f"{own}: {self.fault} {self.strength:g}" if self.fault else own


def hashed(*parts: object) -> int:
    """A number that the parts determine, the same on every machine."""
    text = " / ".join(map(str, parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6])


def side(*parts: object) -> str:
    return SIDES[hashed("side", *parts) % 2]


def healthy() -> list[Case]:
    """Every base in each of its settings, with each seed."""
    return [
        Case(
            setting=replace(s, seed=seed),
            number=number,
            side=side(base.name, number),
        )
        for base in ALL
        for number, s in enumerate(settings(base.name))
        for seed in SEEDS
    ]


def faulty() -> list[Case]:
    """Every fault at each strength in each of its bases, with each seed."""
    return [
        case
        for fault in FAULTS
        for base in _bases(fault)
        for case in _made(base, fault)
    ]


def _bases(fault: Fault) -> list[Base]:
    fitting = [b for b in ALL if any(True for _ in _settings(b, fault))]
    return sorted(fitting, key=lambda b: hashed("base", fault.name, b.name))[
        :MOST_BASES
    ]


def _settings(base: Base, fault: Fault) -> Iterator[tuple[int, Setting]]:
    """The settings of the family's own side in which the fault can be made."""
    for number, s in enumerate(settings(base.name)):
        own = side(base.name, number) == side(base.name, fault.name)
        if own and not s.pretrained and fault.fits(base.traits, s):
            yield number, s


def _made(base: Base, fault: Fault) -> Iterator[Case]:
    found = list(_settings(base, fault))
    first = hashed("setting", base.name, fault.name)
    for place, strength in enumerate(fault.strengths):
        number, plain = found[(first + place) % len(found)]
        for seed in SEEDS:
            twin = replace(plain, seed=seed)
            yield Case(
                setting=fault.inject(twin, strength),
                number=number,
                side=side(base.name, fault.name),
                fault=fault.name,
                strength=strength,
                twin=twin,
            )


def everything() -> list[Case]:
    return [*healthy(), *faulty()]
