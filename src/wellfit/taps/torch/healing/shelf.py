"""The states that are kept, and which of them is gone back to."""

from wellfit.taps.torch.healing.state import State

RENEWED = 10  # states, after which the oldest gives way; otherwise it is the middle one


class Shelf:
    """Three states at most: the two newest, and one of ten states ago or more."""

    def __init__(self) -> None:
        self.states: list[State] = []  # by age
        self._taken = 0
        self._used: set[int] = set()  # by `clock`, of those that were gone back to

    def add(self, state: State) -> None:
        """Keep a new state."""
        self._taken += 1
        if len(self.states) == 3:
            del self.states[0 if self._taken % RENEWED == 0 else 1]
        self.states.append(state)

    def before(self, clock: int) -> State | None:
        """The newest from before that, gone back to but once while there is an older.

        What is newer may be spoilt, and goes.
        """
        sound = [s for s in self.states if s.clock <= clock]
        if not sound:
            return None
        fresh = [s for s in sound if s.clock not in self._used]
        chosen = fresh[-1] if fresh else sound[0]
        self._used = {chosen.clock, *(c for c in self._used if c < chosen.clock)}
        self.states = [s for s in sound if s.clock <= chosen.clock]
        return chosen

    @property
    def newest(self) -> State | None:
        """The newest of all."""
        return self.states[-1] if self.states else None

    def clear(self) -> None:
        """Another training begins."""
        self.states, self._used = [], set()
