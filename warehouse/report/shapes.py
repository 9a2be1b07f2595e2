"""A few shapes in pixels, and the two ways they are drawn: SVG text and a matplotlib PNG.

Belongs here: lines, areas, dots and text with their two back ends, which must look alike. Does not
belong here: scales, data and words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

Point = tuple[float, float]
FONT = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


@dataclass(frozen=True)
class Line:
    """A broken line; `dash` in pixels, 0 for none."""

    points: Sequence[Point]
    color: str
    width: float = 1.0
    dash: float = 0


@dataclass(frozen=True)
class Area:
    """A filled polygon."""

    points: Sequence[Point]
    color: str
    opacity: float = 1.0


@dataclass(frozen=True)
class Dot:
    """A circle; an open one has a white middle."""

    x: float
    y: float
    color: str
    radius: float = 4.5
    is_open: bool = False


@dataclass(frozen=True)
class Text:
    """A line of text; `y` is its baseline, `anchor` start, middle or end."""

    x: float
    y: float
    text: str
    color: str = "#3d4550"
    size: float = 12
    anchor: str = "start"
    is_bold: bool = False


Shape = Line | Area | Dot | Text


@dataclass(frozen=True)
class Panel:
    """A picture: its size in pixels, its shapes, and what it shows to those who do not see it."""

    title: str
    alt: str
    width: float
    height: float
    shapes: Sequence[Shape]


def rectangle(x: float, y: float, width: float, height: float) -> list[Point]:
    """Corners of a rectangle."""
    return [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]


def _n(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")


def _points(points: Sequence[Point]) -> str:
    return " ".join(f"{_n(x)},{_n(y)}" for x, y in points)


def svg_shape(shape: Shape) -> str:
    """One shape as an SVG element."""
    match shape:
        case Line():
            dash = f' stroke-dasharray="{_n(shape.dash)}"' if shape.dash else ""
            return (
                f'<polyline points="{_points(shape.points)}" fill="none" stroke="{shape.color}" '
                f'stroke-width="{_n(shape.width)}" stroke-linejoin="round"{dash}/>'
            )
        case Area():
            return (
                f'<polygon points="{_points(shape.points)}" fill="{shape.color}" '
                f'fill-opacity="{shape.opacity:g}"/>'
            )
        case Dot():
            fill = "#fff" if shape.is_open else shape.color
            return (
                f'<circle cx="{_n(shape.x)}" cy="{_n(shape.y)}" r="{_n(shape.radius)}" '
                f'fill="{fill}" stroke="{shape.color}" stroke-width="2"/>'
            )
        case Text():
            bold = ' font-weight="600"' if shape.is_bold else ""
            anchor = f' text-anchor="{shape.anchor}"' if shape.anchor != "start" else ""
            return (
                f'<text x="{_n(shape.x)}" y="{_n(shape.y)}" fill="{shape.color}" '
                f'font-size="{_n(shape.size)}"{anchor}{bold}>{escape(shape.text)}</text>'
            )


def svg(panel: Panel) -> str:
    """A panel as an SVG element that stands in the page, with its alternative text."""
    body = "".join(svg_shape(s) for s in panel.shapes)
    return (
        f'<svg role="img" aria-label="{escape(panel.alt)}" '
        f'viewBox="0 0 {_n(panel.width)} {_n(panel.height)}" '
        f'width="{_n(panel.width)}" height="{_n(panel.height)}">{body}</svg>'
    )


def sheet(title: str, source: str, panels: Sequence[Panel]) -> Panel:
    """Panels side by side under a title and over their source, for a file of their own."""
    gap, top, foot = 18, 40, 30
    shapes: list[Shape] = [Text(gap, 26, title, "#1b2430", 16, is_bold=True)]
    left: float = gap
    for panel in panels:
        shapes += [_moved(s, left, top) for s in panel.shapes]
        left += panel.width + gap
    height = top + max(p.height for p in panels) + foot
    shapes.append(Text(gap, height - 12, source, "#56606d", 10.5))
    return Panel(title, " ".join(p.alt for p in panels), left, height, shapes)


def _moved(shape: Shape, dx: float, dy: float) -> Shape:
    match shape:
        case Line():
            moved = [(x + dx, y + dy) for x, y in shape.points]
            return Line(moved, shape.color, shape.width, shape.dash)
        case Area():
            return Area([(x + dx, y + dy) for x, y in shape.points], shape.color, shape.opacity)
        case Dot():
            return Dot(shape.x + dx, shape.y + dy, shape.color, shape.radius, shape.is_open)
        case Text():
            return Text(
                shape.x + dx,
                shape.y + dy,
                shape.text,
                shape.color,
                shape.size,
                shape.anchor,
                shape.is_bold,
            )


def write_svg(panel: Panel, target: Path) -> None:
    """Write a panel as an SVG file that needs nothing else."""
    body = "\n".join(svg_shape(s) for s in panel.shapes)
    size = f"{_n(panel.width)} {_n(panel.height)}"
    width, height = size.split()
    target.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(panel.alt)}" '
        f'viewBox="0 0 {size}" width="{width}" height="{height}" font-family="{FONT}">\n'
        f"<title>{escape(panel.title)}</title>\n"
        f'<rect width="{width}" height="{height}" fill="#fff"/>\n{body}\n</svg>\n',
        encoding="utf-8",
    )


def write_png(panel: Panel, target: Path) -> None:
    """Draw a panel as a PNG file, two pixels to each of its own; same shapes, same bytes."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import Circle, Polygon

    side = {"start": "left", "middle": "center", "end": "right"}
    # 72 to the inch: one point, the unit of fonts and lines, is one pixel of the panel.
    with mpl.rc_context({"font.family": "DejaVu Sans"}):
        figure = Figure(figsize=(panel.width / 72, panel.height / 72), dpi=72)
        FigureCanvasAgg(figure)
        axis = figure.add_axes((0, 0, 1, 1))
        axis.set_xlim(0, panel.width)
        axis.set_ylim(panel.height, 0)
        axis.set_axis_off()
        for z, shape in enumerate(panel.shapes):
            match shape:
                case Line():
                    axis.plot(
                        [x for x, _ in shape.points],
                        [y for _, y in shape.points],
                        color=shape.color,
                        linewidth=shape.width,
                        linestyle=(0, (shape.dash, shape.dash)) if shape.dash else "-",
                        zorder=z,
                    )
                case Area():
                    axis.add_patch(
                        Polygon(
                            list(shape.points),
                            facecolor=shape.color,
                            alpha=shape.opacity,
                            linewidth=0,
                            zorder=z,
                        )
                    )
                case Dot():
                    fill = "#ffffff" if shape.is_open else shape.color
                    axis.add_patch(
                        Circle(
                            (shape.x, shape.y),
                            shape.radius,
                            facecolor=fill,
                            edgecolor=shape.color,
                            linewidth=2,
                            zorder=z,
                        )
                    )
                case Text():
                    axis.text(
                        shape.x,
                        shape.y,
                        shape.text,
                        color=shape.color,
                        # DejaVu runs wider than the fonts of the page.
                        fontsize=shape.size * 0.86,
                        ha=side[shape.anchor],
                        va="baseline",
                        fontweight="bold" if shape.is_bold else "normal",
                        zorder=z,
                        parse_math=False,
                    )
        figure.savefig(target, dpi=144, metadata={"Software": None})
