"""PDF: what a dealer principal prints: figures on top, the table below, its header on every page."""

import io
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor, white
from reportlab.lib.enums import TA_LEFT, TA_RIGHT
from reportlab.lib.pagesizes import A4, LETTER, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import LongTable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from services.gateway.reports.kinds import Figure, Kind
from services.gateway.reports.numbered_canvas import NumberedCanvas
from services.gateway.reports.table import Cell, Column, Heading, Places

_INK, _GREY, _RULE, _BAND = HexColor("#1F3A5F"), HexColor("#5B6673"), HexColor("#C9D1DA"), HexColor("#F3F6F9")
_MARGIN: Final = 14 * mm
_SIZE: Final = 7.5
_TITLE = ParagraphStyle("title", fontName="Helvetica-Bold", fontSize=18, leading=22, textColor=_INK, leftIndent=-6)
_UNDER = ParagraphStyle("under", fontName="Helvetica", fontSize=9, leading=12, textColor=_GREY, leftIndent=-6)
_LABEL = ParagraphStyle("label", fontName="Helvetica", fontSize=7, leading=9, textColor=_GREY)
_FIGURE = ParagraphStyle("figure", fontName="Helvetica-Bold", fontSize=12, leading=15, textColor=_INK)
_HEAD = ParagraphStyle("head", fontName="Helvetica-Bold", fontSize=_SIZE, leading=9, textColor=white)
_HEAD_RIGHT = ParagraphStyle("head right", parent=_HEAD, alignment=TA_RIGHT)
_TEXT = ParagraphStyle(
    "text", fontName="Helvetica", fontSize=_SIZE, leading=9, alignment=TA_LEFT, splitLongWords=True
)
_PADDING: Final = 3
_MOST_LINES: Final = 25
"""A row must fit a page, even where long words leave every second line half empty."""
_LETTER: Final = 4.2
_STROKED: Final = str.maketrans("ŁłĐđĦħŦŧı", "LlDdHhTti")
"""Letters whose stroke is no accent, so that nothing takes it off."""


def pdf(kind: Kind, heading: Heading, rows: Sequence[Mapping[str, Any]], places: Places) -> bytes:
    """Write a report; takes about a millisecond a row."""
    out = io.BytesIO()
    page = landscape(LETTER if heading.letter else A4)
    document = SimpleDocTemplate(
        out, pagesize=page, leftMargin=_MARGIN, rightMargin=_MARGIN, topMargin=_MARGIN, bottomMargin=16 * mm,
        title=printable(f"{heading.title}: {heading.group}"), author="DOSO", subject=printable(heading.rooftops),
    )  # fmt: skip
    width = page[0] - 2 * _MARGIN
    currencies = {places.currency(row) for row in rows} - {""}
    only = next(iter(currencies)) if len(currencies) == 1 else None
    story = [
        Paragraph(_safe(heading.title), _TITLE),
        Paragraph(_safe(f"{heading.group} · {heading.rooftops}"), _UNDER),
        Paragraph(_safe(_line(heading, only)), _UNDER),
        Spacer(1, 4 * mm),
        _strip(kind.figures(rows, places), width),
        Spacer(1, 5 * mm),
        _table(kind.printed, rows, places, width, mixed=only is None) if rows else Paragraph("No rows.", _UNDER),
    ]
    footer = printable(f"DOSO · {heading.title} · {heading.group} · {_moment(heading.as_of)}")
    document.build(story, canvasmaker=lambda *given, **named: NumberedCanvas(*given, footer=footer, **named))
    return out.getvalue()


def printable(text: str) -> str:
    """Keep what the built-in fonts draw: Western letters; others lose their accents or become a question mark."""
    if text.isascii():
        return text
    kept = []
    for letter in text.translate(_STROKED):
        bare = letter if _drawn(letter) else unicodedata.normalize("NFKD", letter)
        kept.append("".join(part for part in bare if _drawn(part)) or "?")
    return "".join(kept)


def shortened(text: str, most: int) -> str:
    """Cut text to so many letters, with an ellipsis for the rest."""
    return text if len(text) <= most else f"{text[: max(most - 1, 0)]}…"


def _drawn(letter: str) -> bool:
    try:
        letter.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


def _line(heading: Heading, currency: str | None) -> str:
    parts = [f"As of {_moment(heading.as_of)}"]
    if currency:
        parts.append(f"money in {currency}")
    parts += [f"{name}: {value}" for name, value in heading.filters]
    return " · ".join(parts)


def _strip(figures: Sequence[Figure], width: float) -> Table:
    boxes = [[[Paragraph(_safe(label), _LABEL), Paragraph(_safe(value), _FIGURE)] for label, value in figures]]
    strip = Table(boxes, colWidths=[width / len(figures)] * len(figures))
    strip.setStyle(
        TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, -1), _BAND),
                ("LINEBEFORE", (1, 0), (-1, -1), 0.5, _RULE),
                ("LINEABOVE", (0, 0), (-1, 0), 1.5, _INK),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ]
        )
    )
    return strip


def _table(
    columns: Sequence[Column], rows: Sequence[Mapping[str, Any]], places: Places, width: float, *, mixed: bool
) -> LongTable:
    share = width / sum(column.width for column in columns)
    widths = [column.width * share for column in columns]
    lines: list[list[Any]] = [
        [Paragraph(_safe(column.title), _HEAD_RIGHT if column.figures else _HEAD) for column in columns]
    ]
    for row in rows:
        unit = f" {places.currency(row)}" if mixed else ""
        cells = places.cells(columns, row)
        lines.append(list(map(_shown, cells, columns, [unit] * len(columns), widths)))
    table = LongTable(lines, colWidths=widths, repeatRows=1)
    style: list[tuple[Any, ...]] = [
        ("BACKGROUND", (0, 0), (-1, 0), _INK),
        ("FONT", (0, 1), (-1, -1), "Helvetica", _SIZE, 9),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("ROWBACKGROUNDS", (0, 1), (-1, -1), (white, _BAND)),
        ("LINEBELOW", (0, 1), (-1, -1), 0.25, _RULE),
        ("LEFTPADDING", (0, 0), (-1, -1), _PADDING),
        ("RIGHTPADDING", (0, 0), (-1, -1), _PADDING),
        ("TOPPADDING", (0, 0), (-1, -1), 2.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
    ]
    style += [("ALIGN", (place, 1), (place, -1), "RIGHT") for place, column in enumerate(columns) if column.figures]
    table.setStyle(TableStyle(style))
    return table


def _shown(cell: Cell, column: Column, unit: str, width: float) -> Any:
    if isinstance(cell, str):
        text = shortened(printable(cell), int(_MOST_LINES * (width - 2 * _PADDING) / _LETTER))
        # A paragraph wraps, and costs ten times as much as text that fits as it is.
        fits = "\n" not in text and stringWidth(text, _TEXT.fontName, _SIZE) <= width - 2 * _PADDING
        return text if fits else Paragraph(escape(text), _TEXT)
    return "" if cell is None else _figure(cell, column, unit)


def _figure(cell: float | Decimal | date, column: Column, unit: str) -> str:
    if isinstance(cell, date):
        return f"{cell:%Y-%m-%d %H:%M}" if isinstance(cell, datetime) else cell.isoformat()
    if isinstance(cell, Decimal):
        return f"{cell:,.0f}{unit}"
    if isinstance(cell, float):
        return f"{cell:.1%}" if column.type == "percent" else f"{cell:,.1f}"
    return str(cell) if column.title == "Year" else f"{cell:,}"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} {moment.tzname() or ''}".strip()


def _safe(text: str) -> str:
    """Make text part of a paragraph: no mark-up of a dealer's own."""
    return escape(printable(text))
