"""What happens layer by layer: gradients, updates, dead and saturated units."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from wellfit.core.finding import Diagnosis
from wellfit.core.run import Run, Signal
from wellfit.show.numerals import number
from wellfit.show.report.heat import edges, heat_chart, means
from wellfit.show.report.parts import Chart, Section, plain

MOST = 60  # layers in the chart of update ratios
USUAL = 1e-3  # an update per step of a thousandth of the weight is a common sight
IDLE = {
    "dead_share": (
        "Dead units",
        "The share of a layer's units that were zero for every recent sample.",
    ),
    "saturated_share": (
        "Saturated activations",
        "The share of a layer's outputs at an end of their range, where slopes vanish.",
    ),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """A layer with parameters: its signals, and how many elements they are of."""

    name: str
    signals: tuple[Signal, ...]
    elements: int | None = None


def depth(run: Run, diagnosis: Diagnosis) -> Section:
    """Heat maps of gradients and of idle units, and the update ratios, by layer."""
    charts = [_gradients(run), _updates(run), *_idle(run)]
    return Section(
        id="depth",
        title="Layer by layer",
        note="Layers stand in the order of the forward pass, the input at the top.",
        charts=tuple(chart for chart in charts if chart is not None),
    )


def by_layer(run: Run, name: str) -> list[Layer]:
    """The signals of that name, grouped by the layer whose parameters they are of."""
    places = run.at(name)
    layers = [
        Layer(
            name=_named(layer),
            signals=tuple(places[t] for t in layer["tensors"] if t in places),
            elements=layer["parameters"],
        )
        for layer in _layers(run)
    ]
    grouped = [layer for layer in layers if layer.signals]
    return grouped or [Layer(name=k, signals=(s,)) for k, s in places.items()]


def _layers(run: Run) -> list[dict[str, Any]]:
    return (run.facts.get("model") or {}).get("layers") or []


def _named(layer: Mapping[str, Any]) -> str:
    """`0` alone says nothing: then it is `0 Linear`."""
    name = str(layer["name"])
    return name if any(map(str.isalpha, name)) else f"{name} {layer['kind']}"


def _gradients(run: Run) -> Chart | None:
    layers = by_layer(run, "grad_norm")
    if not layers:
        return None
    bounds = edges((s for x in layers for s in x.signals), run.last_step + 1)
    normalised = all(layer.elements for layer in layers)
    with np.errstate(divide="ignore", invalid="ignore"):
        squares = [
            sum(means(s, bounds, squared=True) for s in layer.signals)
            / (layer.elements if normalised and layer.elements else 1)
            for layer in layers
        ]
        values = 0.5 * np.log10(np.array(squares))
    per = ", divided by √ of its number of parameters" if normalised else ""
    return heat_chart(
        "gradients",
        "Gradient norm",
        [layer.name for layer in layers],
        values,
        bounds,
        unit="power",
        note=f"The L2 norm of each layer's gradient{per}. A column of one colour is a "
        "gradient that passes evenly; it should not fade towards the input.",
    )


def _updates(run: Run) -> Chart | None:
    ratios = {
        layer.name: _quantiles(layer.signals[0])
        for layer in by_layer(run, "update_ratio")
    }
    rows = {name: found for name, found in ratios.items() if found is not None}
    if not rows:
        return None
    size = -(-len(rows) // MOST)
    shown = dict(list(rows.items())[::size])
    return Chart(
        id="updates",
        title="Update ratio",
        note="How far one step moves the weights of a layer, relative to their norm: "
        "the median, and the range of the middle 80 % of the steps. "
        f"The dashed line at {USUAL:g} is a common rule of thumb (Karpathy, 2019)."
        + (f" Every {size}th layer is shown." if size > 1 else ""),
        label="Update ratio by layer. "
        + " ".join(f"{name}: median {number(q[1])}." for name, q in shown.items()),
        spec={
            "kind": "ranges",
            "rows": list(shown),
            "values": [plain(q, 4) for q in shown.values()],
            "usual": USUAL,
        },
    )


def _quantiles(signal: Signal) -> list[float] | None:
    values = signal.finite().values
    positive = values[values > 0]
    return np.percentile(positive, [10, 50, 90]).tolist() if len(positive) else None


def _idle(run: Run) -> Iterator[Chart]:
    for name, (title, note) in IDLE.items():
        places = run.at(name)
        if places:
            bounds = edges(places.values(), run.last_step + 1)
            values = np.array([means(signal, bounds) for signal in places.values()])
            known = {str(x["name"]): _named(x) for x in _layers(run)}
            names = [known.get(place, place) for place in places]
            yield heat_chart(
                name, title, names, values, bounds, unit="share", note=note
            )
