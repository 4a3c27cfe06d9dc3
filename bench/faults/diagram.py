"""The reliability diagram: how often what is said with a confidence is right."""

from typing import Any

SIDE, EDGE = 320, 48  # of the plot, and around it


def reliability(bins: list[dict[str, Any]]) -> str:
    """As SVG: a dot a bin, as large as many findings; on the diagonal, all is well."""
    size = SIDE + 2 * EDGE
    most = max((held["findings"] for held in bins), default=1)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" '
        'font-family="sans-serif" font-size="12">'
    )
    frame = f'<rect x="{EDGE}" y="{EDGE}" width="{SIDE}" height="{SIDE}" '
    diagonal = f'<path d="M{EDGE} {EDGE + SIDE} L{EDGE + SIDE} {EDGE}" '
    parts = [
        head,
        f'<rect width="{size}" height="{size}" fill="white"/>',
        frame + 'fill="none" stroke="#999"/>',
        diagonal + 'stroke="#999" stroke-dasharray="4"/>',
        *_ticks(),
        _words(EDGE + SIDE / 2, size - 8, "confidence"),
        _words(14, EDGE + SIDE / 2, "share that is right", turned=True),
    ]
    for held in bins:
        x, y = EDGE + SIDE * held["said"], EDGE + SIDE * (1 - held["right"])
        radius = 3 + 9 * (held["findings"] / most) ** 0.5
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="#0b6e99" '
            f'fill-opacity="0.7"><title>{held["findings"]} findings</title></circle>'
        )
    return "\n".join([*parts, "</svg>", ""])


def _ticks() -> list[str]:
    marks = []
    for tenth in range(0, 11, 2):
        at = SIDE * tenth / 10
        marks.append(_words(EDGE + at, EDGE + SIDE + 18, f"{tenth / 10:.1f}"))
        marks.append(_words(EDGE - 18, EDGE + SIDE - at + 4, f"{tenth / 10:.1f}"))
    return marks


def _words(x: float, y: float, text: str, *, turned: bool = False) -> str:
    turn = f' transform="rotate(-90 {x:.0f} {y:.0f})"' if turned else ""
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="middle"{turn}>{text}</text>'
