"""A picture of what a stack costs a month, from ten studies to a hundred thousand: by part, and by storage class.

Owns: one SVG, drawn by hand from two sets of lines on logarithmic axes. Deliberately not: the sums (`cost`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

Curves = Mapping[str, Sequence[float]]
"""Name -> USD a month at each number of studies."""
COLOURS = ("#1b6ca8", "#d1495b", "#66a182", "#edae49", "#6a4c93", "#7f7f7f", "#2e4057", "#a05195")
WIDTH, HEIGHT, MARGIN = 460, 380, 56
LEAST_USD = 0.01


def svg(studies: Sequence[float], panels: Mapping[str, Curves]) -> str:
    """Panels side by side: title -> curves over `studies`."""
    most = max(value for curves in panels.values() for values in curves.values() for value in values)
    top = math.ceil(math.log10(max(most, 1.0)))
    width = WIDTH * len(panels)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{HEIGHT}" viewBox="0 0 {width} {HEIGHT}" '
        'font-family="sans-serif" font-size="11">',
        f'<rect width="{width}" height="{HEIGHT}" fill="white"/>',
    ]
    for at, (title, curves) in enumerate(panels.items()):
        parts.append(f'<g transform="translate({at * WIDTH} 0)">')
        parts += _axes(title, studies, top)
        parts += _curves(curves, studies, top)
        parts.append("</g>")
    return "\n".join([*parts, "</svg>"]) + "\n"


def _x(studies: float, all_studies: Sequence[float]) -> float:
    low, high = math.log10(all_studies[0]), math.log10(all_studies[-1])
    return MARGIN + (math.log10(studies) - low) / (high - low) * (WIDTH - 2 * MARGIN)


def _y(usd: float, top: int) -> float:
    low = math.log10(LEAST_USD)
    share = (math.log10(max(usd, LEAST_USD)) - low) / (top - low)
    return HEIGHT - MARGIN - share * (HEIGHT - 2 * MARGIN)


def _axes(title: str, studies: Sequence[float], top: int) -> list[str]:
    lines = [f'<text x="{WIDTH / 2}" y="22" text-anchor="middle" font-size="13">{escape(title)}</text>']
    for power in range(round(math.log10(LEAST_USD)), top + 1):
        y = _y(10.0**power, top)
        lines.append(f'<path d="M{MARGIN} {y:.1f}H{WIDTH - MARGIN}" stroke="#ddd"/>')
        lines.append(f'<text x="{MARGIN - 4}" y="{y + 4:.1f}" text-anchor="end">{10.0**power:,g}</text>')
    for power in range(round(math.log10(studies[0])), round(math.log10(studies[-1])) + 1):
        x = _x(10.0**power, studies)
        lines.append(f'<text x="{x:.1f}" y="{HEIGHT - MARGIN + 16}" text-anchor="middle">{10**power:,}</text>')
    middle = HEIGHT - MARGIN + 34
    lines.append(f'<text x="{WIDTH / 2}" y="{middle}" text-anchor="middle">studies stored; USD a month</text>')
    return lines


def _curves(curves: Curves, studies: Sequence[float], top: int) -> list[str]:
    lines: list[str] = []
    for number, (name, values) in enumerate(curves.items()):
        colour = COLOURS[number % len(COLOURS)]
        points = " ".join(f"{_x(x, studies):.1f},{_y(y, top):.1f}" for x, y in zip(studies, values, strict=True))
        lines.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        y = MARGIN + 14 * number
        lines.append(f'<text x="{MARGIN + 6}" y="{y}" fill="{colour}">{escape(name)} ({values[-1]:,.0f})</text>')
    return lines
