"""A contact sheet as one PNG: cases down, levels across, a caption under each picture. For README files and slides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from medq_gen import files
from medq_gen.ontology.levels import LEVELS, Level
from medq_gen.report.pictures import Pictures
from medq_gen.report.rows import Ladder, knob_of, overview
from medq_gen.report.thumbnail import opened
from medq_gen.store import Store

GAP, CAPTION, HEAD, SIDE = 10, 40, 34, 26
PAPER, INK, FAINT = (16, 17, 20), (236, 238, 242), (160, 166, 178)


@dataclass(frozen=True, slots=True)
class Cell:
    """A picture and up to two lines below it; png None leaves the place empty but for its lines."""

    png: bytes | None
    caption: str
    note: str = ""


def write(path: Path, rows: Sequence[tuple[str, Sequence[Cell]]], *, columns: Sequence[str], edge_px: int = 256) -> Path:
    """Write a sheet.

    rows : a label, written along the left edge, and one cell a column. columns : headings. edge_px : long edge of a picture; larger ones are reduced by
    area averaging, smaller
    ones enlarged by repeating pixels.
    """
    if any(len(cells) != len(columns) for _, cells in rows):
        raise ValueError(f"every row needs {len(columns)} cells, one for each of {list(columns)}")
    heights = [max((_fitted(cell.png, edge_px).size[1] for cell in cells if cell.png), default=edge_px // 2) for _, cells in rows]
    width = SIDE + GAP + len(columns) * (edge_px + GAP)
    sheet = Image.new("RGB", (width, HEAD + sum(height + CAPTION + GAP for height in heights)), PAPER)
    pen = ImageDraw.Draw(sheet)
    for place, column in enumerate(columns):
        pen.text((_left(place, edge_px) + edge_px / 2, HEAD / 2), column, INK, _font(17), anchor="mm")
    top = HEAD
    for (label, cells), height in zip(rows, heights, strict=True):
        _label(sheet, label, top, height)
        for place, cell in enumerate(cells):
            left = _left(place, edge_px)
            if cell.png:
                picture = _fitted(cell.png, edge_px)
                sheet.paste(picture.convert("RGB"), (left + (edge_px - picture.size[0]) // 2, top + (height - picture.size[1]) // 2))
            for line, (text, ink) in enumerate(((cell.caption, INK), (cell.note, FAINT))):
                pen.text((left + edge_px / 2, top + height + 11 + 17 * line), _cut(text, edge_px), ink, _font(13), anchor="mm")
        top += height + CAPTION + GAP
    with files.whole(path) as temporary:
        sheet.save(temporary, format="PNG", optimize=True)
    return path


def of_runs(path: Path, runs: Sequence[Store], *, ladders: int = 1, edge_px: int = 256) -> Path:
    """A sheet over several runs: clean, mild, moderate, severe, so that equal words of different recipes stand one below another. Fullest ladders first."""
    rows: list[tuple[str, list[Cell]]] = []
    for store in runs:
        recipe = store.plan["content"]["recipe"]
        pictures, unit = Pictures(store), recipe["strength"].get("unit", "")
        whole = sorted(overview(store).ladders.values(), key=lambda ladder: -len(ladder.rungs))
        for ladder in whole[:ladders]:
            cells = [Cell(pictures.png(ladder.clean) if ladder.clean else None, "untouched")]
            cells += [_rung(ladder, level, pictures, unit) for level in LEVELS[1:]]
            rows.append((recipe["name"], cells))
    return write(path, rows, columns=("Clean", *(level.capitalize() for level in LEVELS[1:])), edge_px=edge_px)


def _rung(ladder: Ladder, level: Level, pictures: Pictures, unit: str) -> Cell:
    row = ladder.rungs.get(level)
    if row is None:
        return Cell(None, "missing" if level in ladder.missing else "not asked for", ladder.missing.get(level, ""))
    return Cell(pictures.png(row.key), f"u {row.effect:.2f}" if row.effect is not None else "", knob_of(row, unit))


def _left(place: int, edge_px: int) -> int:
    return SIDE + GAP + place * (edge_px + GAP)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _cut(text: str, width: int) -> str:
    """A line that fits."""
    font = _font(13)
    while text and font.getlength(text) > width:
        text = text.rstrip("…")[:-1] + "…"
    return text


def _label(sheet: Image.Image, label: str, top: int, height: int) -> None:
    """Text that runs up the left edge of a row."""
    side = Image.new("RGB", (height, SIDE), PAPER)
    ImageDraw.Draw(side).text((height / 2, SIDE / 2), _cut(label, height), FAINT, _font(13), anchor="mm")
    sheet.paste(side.rotate(90, expand=True), (GAP // 2, top))


def _fitted(png: bytes, edge_px: int) -> Image.Image:
    """A picture whose long edge is the sheet's, or a whole fraction of it."""
    picture = opened(png)
    factor = edge_px // max(picture.size)
    if factor >= 1:
        return picture.resize((picture.size[0] * factor, picture.size[1] * factor), Image.Resampling.NEAREST)
    scale = edge_px / max(picture.size)
    return picture.resize((max(round(picture.size[0] * scale), 1), max(round(picture.size[1] * scale), 1)), Image.Resampling.BOX)
