"""Pages that know how many they are: drawn once the last of them is known."""

from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas


class NumberedCanvas(Canvas):  # type: ignore[misc]  # the library has no types
    """Writes a footer with ``page n of m`` on every page."""

    def __init__(self, *given: Any, footer: str, **named: Any) -> None:
        super().__init__(*given, **named)
        self._footer = footer
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802  # the library's name
        """Put a page aside until it is known how many there are."""
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        """Write every page with its number, then the file."""
        for page in self._pages:
            self.__dict__.update(page)
            width = self._pagesize[0]
            self.setFont("Helvetica", 7)
            self.setFillColor(HexColor("#5B6673"))
            self.drawString(14 * mm, 9 * mm, self._footer)
            self.drawRightString(width - 14 * mm, 9 * mm, f"page {self._pageNumber} of {len(self._pages)}")
            super().showPage()
        super().save()
