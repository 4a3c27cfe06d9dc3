"""Values by step, for tools that take a row at a time."""

from collections import defaultdict
from collections.abc import Iterator

from wellfit.core.run import Run
from wellfit.exporters.names import slashed


def rows(new: Run) -> Iterator[tuple[int, dict[str, float]]]:
    """Each step with the values that stand at it, in order."""
    found: defaultdict[int, dict[str, float]] = defaultdict(dict)
    for signal in new.signals.values():
        name = slashed(signal.name)
        pairs = zip(signal.steps.tolist(), signal.values.tolist(), strict=True)
        for step, value in pairs:
            found[step][name] = value
    yield from sorted(found.items())
