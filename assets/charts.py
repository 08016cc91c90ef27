"""Charts as small SVG pictures, by a writer of our own: a few shapes of text, where a plotting library is megabytes.

Every chart stands on its own light card, so that it reads the same in a light and a dark UI. Dagster shows Markdown of
under 1,000 characters where it stands and the rest behind a link, so the markup is as short as it can be.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

import dagster as dg

WIDTH = 460
EDGE = 14
# Told apart by lightness too, for those who do not see the hues.
PALETTE = ("#26a", "#e83", "#4a7", "#86b", "#c47", "#899")
# A link in Markdown ends at white space and at a bracket; of the rest only what begins an escape or a fragment.
_SAFE = "<>/:='\";,+-.!*"


@dataclass(frozen=True, slots=True)
class Bar:
    """A horizontal bar: what it is of, how long it is, and what stands behind it."""

    label: str
    value: float
    text: str


def picture(svg: str, title: str) -> dg.MetadataValue:
    """A chart as Markdown, the only form in which Dagster shows a picture; the title is what is read aloud of it."""
    return dg.MetadataValue.md(f"![{title}](data:image/svg+xml,{quote(svg, safe=_SAFE)})")


def bars(title: str, rows: Sequence[Bar]) -> str:
    """Horizontal bars, one a row, in the order given."""
    longest = max((row.value for row in rows), default=0) or 1
    left = EDGE + 8 + max((_wide(row.label) for row in rows), default=0)
    room = WIDTH - left - EDGE - 8 - max((_wide(row.text) for row in rows), default=0)
    lines = labels = texts = ""
    for place, row in enumerate(rows):
        y = 40 + place * 20
        length = max(1, round(row.value / longest * room)) if row.value > 0 else 0
        lines += f"M{left},{y}h{length}" if length else ""
        labels += _text(left - 8, y + 4, row.label)
        texts += _text(left + length + 8, y + 4, row.text)
    return _card(title, 34 + len(rows) * 20, f"{_stroke(lines, PALETTE[0], 13)}{texts}{_ending(labels)}")


def stacks(title: str, columns: Sequence[str], series: Mapping[str, Sequence[float]], note: str) -> str:
    """Upright bars of stacked series, one a column; `note` stands at the right of the title."""
    base, height = 132, 84
    highest = max((sum(values) for values in zip(*series.values(), strict=True)), default=0) or 1
    gap = (WIDTH - 2 * EDGE) / max(len(columns), 8)
    shapes, names, x = f"<path d='M{EDGE},{base}H{WIDTH - EDGE}' stroke='#ccc'/>", "", float(EDGE)
    floor = [float(base)] * len(columns)
    for place, (name, values) in enumerate(series.items()):
        color, lines = PALETTE[place % len(PALETTE)], ""
        for column, value in enumerate(values):
            if value > 0:
                up = max(value / highest * height, 1)
                lines += f"M{_short(EDGE + gap * (column + 0.5))},{_short(floor[column])}v-{_short(up)}"
                floor[column] -= up
        shapes += _stroke(lines, color, round(gap * 0.7))
        names += f"<path d='M{_short(x)},166h10' stroke='{color}' stroke-width='10'/>{_text(x + 15, 170, name)}"
        x += 32 + _wide(name)
    first = _text(EDGE, 148, columns[0]) if columns else ""
    last = _text(EDGE + gap * len(columns), 148, columns[-1]) if len(columns) > 2 else ""
    return _card(title, 180, f"{shapes}{names}{first}{_ending(last + _text(WIDTH - EDGE, 20, note))}")


def burn(title: str, used: Sequence[float], cap: float, steps: int, legend: str) -> str:
    """What is used of a cap as a line over the steps of its window, beside the even pace that would just use it."""
    base, height, wide = 132, 92, WIDTH - 2 * EDGE
    highest = max([cap, *used]) or 1
    # A step at which nothing changes is a point that the line needs only before the next change.
    kept = [
        place for place in range(len(used)) if place in (0, len(used) - 1) or len({*used[place - 1 : place + 2]}) > 1
    ]
    points = " ".join(
        f"{_short(EDGE + wide * place / max(steps, 1))},{_short(base - height * used[place] / highest)}"
        for place in kept
    )
    top, right = _short(base - height * cap / highest), WIDTH - EDGE
    shapes = (
        f"<path d='M{EDGE},{base}H{right}' stroke='#ccc'/>"
        f"<path d='M{EDGE},{base}L{right},{top}' stroke='#667' stroke-dasharray='4'/>"
        f"<path d='M{EDGE},{top}H{right}' stroke='{PALETTE[4]}'/>"
        f"<polyline points='{points}' fill='none' stroke='{PALETTE[0]}' stroke-width='3'/>"
    )
    return _card(title, 158, shapes + _text(EDGE, 150, legend))


def _card(title: str, height: int, body: str) -> str:
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{WIDTH}' height='{height}' "
        f"style='font:12px sans-serif;background:#fff'>"
        f"<text x='{EDGE}' y='20' font-weight='700'>{escape(title)}</text>{body}</svg>"
    )


def _stroke(lines: str, color: str, width: int) -> str:
    return f"<path d='{lines}' stroke='{color}' stroke-width='{width}'/>" if lines else ""


def _ending(texts: str) -> str:
    return f"<g text-anchor='end'>{texts}</g>"


def _text(x: float, y: float, text: str) -> str:
    return f"<text x='{_short(x)}' y='{_short(y)}'>{escape(text)}</text>"


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _wide(text: str) -> int:
    """About how many pixels a text takes at 12 pixels."""
    return round(len(text) * 6.7)
