"""Records that several taps write to: what one of them says, another does not repeat.

A framework and the PyTorch below it are watched by a tap each. Both know the loss of an
evaluation, and both know when an epoch ends; it is to stand in the run once.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from wellfit.record import Recorder
from wellfit.taps.tap import Records


class _Offer(NamedTuple):
    name: str
    otherwise: str
    step: int
    number: float
    said: Callable[[str], None]


class Shared:
    """Records in which a framework's own word and what PyTorch's tap sees meet.

    The framework may say which phase it evaluates at a step. It may *offer* a number
    that another tap may be about to say: it is kept until a later step shows whether
    one did. It may *claim* a kind of event: what others say of that kind is left out.
    """

    def __init__(self, records: Records) -> None:
        self.fact = records.fact
        self.histogram = records.histogram
        self.folder = records.folder if isinstance(records, Recorder) else None
        self.names: dict[str, str] = {}  # signal → the framework's own name of it
        self._records = records
        self._offers: list[_Offer] = []
        self._said: dict[str, int] = {}  # of evaluations: the step it was last said at
        self._phases: set[str] = set()  # evaluated by a framework …
        self._at = -1  # … at this step
        self._claims: dict[str, list[object]] = {}  # kind → those who claim it

    @property
    def writing(self) -> float:
        """Seconds of a processor that writing has taken until now."""
        return self._records.writing

    # -- what every tap says -----------------------------------------------------------

    def value(self, name: str, step: int, number: float, /) -> None:
        """One number of a signal."""
        if self._offers:
            self._decide(step)
        if name.startswith("train/"):
            self._records.value(name, step, number)
        else:
            self._evaluated(name, step, number)

    def values(
        self, step: int, names: tuple[str, ...], numbers: Sequence[float], /
    ) -> None:
        """A number of each of several signals."""
        if self._offers:
            self._decide(step)
        if not names or names[0].startswith("train/"):
            self._records.values(step, names, numbers)
        else:
            for name, number in zip(names, numbers, strict=True):
                self._evaluated(name, step, number)

    def event(self, kind: str, step: int, **data: object) -> None:
        """Something happened; left out where its kind is claimed."""
        if kind in self._claims:
            return
        if kind == "evaluation":
            data["phase"] = self._phase(str(data["phase"]), step)
        self._records.event(kind, step, **data)

    # -- what a framework says of it ---------------------------------------------------

    def evaluate(self, phase: str, step: int) -> None:
        """A framework evaluates at that step, and tells what: others take its word.

        The first pass at a step is the one that counts for it.
        """
        if step != self._at:
            self._at, self._phases = step, set()
        self._phases.add(phase)

    def offer(
        self,
        name: str,
        step: int,
        number: float,
        *,
        otherwise: str,
        said: Callable[[str], None],
    ) -> None:
        """Say a number as `name`, or `otherwise` if a tap says `name` at that step.

        `said` is called with the name that it came to.
        """
        offer = _Offer(name, otherwise, step, number, said)
        if self._said.get(name) == step:
            self._say(offer, otherwise)
        else:
            self._offers.append(offer)

    def claim(self, kind: str, owner: object) -> Callable[..., None]:
        """Until `release` only the owner says events of that kind, by what returns."""
        self._claims.setdefault(kind, []).append(owner)
        return lambda step, **data: self._records.event(kind, step, **data)

    def claimed(self, kind: str) -> object | None:
        """Who says the events of that kind: the latest who claimed it."""
        owners = self._claims.get(kind)
        return owners[-1] if owners else None

    def release(self, kind: str, owner: object) -> None:
        """The events of that kind are everybody's again, as far as the owner goes."""
        owners = [one for one in self._claims.pop(kind, []) if one is not owner]
        if owners:
            self._claims[kind] = owners

    def settle(self) -> None:
        """Nothing more is said: what is still offered stands under its own name."""
        offers, self._offers = self._offers, []
        for offer in offers:
            self._say(offer, offer.name)

    # -- evaluations -------------------------------------------------------------------

    def _evaluated(self, name: str, step: int, number: float) -> None:
        phase, _, rest = name.partition("/")
        name = f"{self._phase(phase, step)}/{rest}"
        if step == self._at == self._said.get(name):
            return  # a second pass at this step: over another set, or once more
        self._said[name] = step
        for offer in [one for one in self._offers if one[:3:2] == (name, step)]:
            self._offers.remove(offer)
            self._say(offer, offer.otherwise)
        self._records.value(name, step, number)

    def _phase(self, phase: str, step: int) -> str:
        """The phase that a tap has found, or the only one that a framework tells of."""
        alone = step == self._at and len(self._phases) == 1
        return next(iter(self._phases)) if alone and phase != "train" else phase

    def _decide(self, step: int) -> None:
        """Steps have been done since: what nobody has said until now, nobody will."""
        passed = [offer for offer in self._offers if offer.step < step]
        if passed:
            self._offers = [offer for offer in self._offers if offer.step >= step]
            for offer in passed:
                self._say(offer, offer.name)

    def _say(self, offer: _Offer, name: str) -> None:
        if not offer.step == self._at == self._said.get(name):
            self._said[name] = offer.step
            self._records.value(name, offer.step, offer.number)
            offer.said(name)
