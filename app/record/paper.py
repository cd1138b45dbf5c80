"""Paper for documents of many scripts: headings, facts, texts and tables on numbered pages.

What the font lacks is written as its code point, such as [U+1F600]; so is what would change the reading order
unseen. Nothing is dropped.
"""

import unicodedata
from collections.abc import Sequence
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Self

from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import FontFace, TTFFont
from PIL import Image

FONTS = Path(__file__).resolve().parent.parent / "static" / "vendor" / "dejavu"
FAMILY = "dejavu"
INK, QUIET, RULE, SHADE, _WHITE = (
    (24, 32, 44),
    (92, 102, 116),
    (210, 215, 222),
    (243, 245, 248),
    (255, 255, 255),
)
_MARGIN, _LABEL, _LINE = 18.0, 40.0, 4.6  # millimetres
_PICTURE_MM, _PICTURE_PX = 42.0, 480
_UNSEEN = {*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C, 0xFEFF, 0x200B}
_NEXT = {"new_x": XPos.LMARGIN, "new_y": YPos.NEXT}


class Paper(FPDF):
    """A4 pages with a running head and page numbers. Used in a `with`, whose end closes its font files."""

    def __init__(self, *, title: str, running_head: str, made_at: datetime) -> None:
        super().__init__(format="A4")
        self.add_font(FAMILY, "", FONTS / "DejaVuSans.ttf")
        self.add_font(FAMILY, "B", FONTS / "DejaVuSans-Bold.ttf")
        self._known = frozenset(self.fonts[FAMILY].cmap) & frozenset(self.fonts[f"{FAMILY}B"].cmap)
        self._running_head = self.shown(running_head)
        self.set_margins(_MARGIN, _MARGIN + 4)
        self.set_auto_page_break(auto=True, margin=_MARGIN + 2)
        self.set_title(title)
        self.set_creation_date(made_at)
        self.set_lang("en")
        self.set_text_shaping(use_shaping_engine=True)
        self.add_page()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        for font in self.fonts.values():
            if isinstance(font, TTFFont):
                font.close()

    def header(self) -> None:
        self._pen(7, QUIET)
        self.set_y(9)
        self.cell(0, 4, self._running_head[:110], align="L", **_NEXT)
        self.set_y(_MARGIN + 4)

    def footer(self) -> None:
        self._pen(7, QUIET)
        self.set_y(-12)
        self.cell(0, 4, f"Page {self.page_no()} of {{nb}}", align="R")

    def shown(self, text: str) -> str:
        """The text as this font can show it."""
        return "".join(self._character(c) for c in unicodedata.normalize("NFC", text))

    def heading(self, text: str, *, level: int = 2) -> None:
        if self.will_page_break(26):
            self.add_page()
        self.ln(1 if level == 1 else 4 if level == 2 else 2)
        self._pen({1: 17, 2: 12}.get(level, 9.5), INK, bold=True)
        self.start_section(self.shown(text), level=level - 1)
        self._text(text, line={1: 8.0, 2: 6.0}.get(level, 5.0))
        if level == 2:
            self.set_draw_color(*RULE)
            self.line(self.l_margin, self.get_y(), self.w - self.r_margin, self.get_y())
            self.ln(1.5)

    def paragraph(self, text: str, *, quiet: bool = False) -> None:
        self._pen(8.5, QUIET if quiet else INK)
        self._text(text)
        self.ln(0.8)

    def fact(self, label: str, value: str) -> None:
        """A label at the left, its value beside it."""
        if not value:
            return
        if self.will_page_break(_LINE):
            self.add_page()
        top, page = self.get_y(), self.page
        self._pen(8, QUIET)
        self.cell(_LABEL, _LINE, label)
        self._pen(8.5, INK)
        self.set_xy(self.l_margin + _LABEL, top)
        self._text(value, indent=_LABEL)
        if self.page == page:
            self.set_y(max(self.get_y(), top + _LINE))

    def said(self, label: str, text: str) -> None:
        """Words that were written by people, in a shaded block that may run over pages."""
        if not text:
            return
        if label:
            self._pen(8, QUIET)
            self._text(label)
        self._pen(9, INK)
        self.set_fill_color(*SHADE)
        for line in text.split("\n"):
            self._text(line or " ", fill=True)
        self.ln(1.5)

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]], *, widths: Sequence[int]) -> None:
        self._pen(7.5, INK)
        self.set_draw_color(*RULE)
        self.set_fill_color(*_WHITE)
        style = FontFace(emphasis="BOLD", fill_color=SHADE)
        with super().table(
            col_widths=tuple(widths), headings_style=style, line_height=4.2, padding=1, text_align="LEFT",
            borders_layout="HORIZONTAL_LINES",
        ) as table:  # fmt: skip
            for cells in (head, *rows):
                table.row([self.shown(cell) for cell in cells])
        self.ln(2)

    def picture(self, path: Path, *, alt: str) -> None:
        """A small likeness; the bytes themselves are in the other pack."""
        with Image.open(path) as opened:
            opened.thumbnail((_PICTURE_PX, _PICTURE_PX))
            small = BytesIO()
            opened.convert("RGB").save(small, "JPEG", quality=80)
            height = _PICTURE_MM * opened.height / opened.width
        height = min(height, _PICTURE_MM)
        if self.will_page_break(height + 2):
            self.add_page()
        small.seek(0)
        self.image(small, h=height, alt_text=alt or None)
        self.ln(1)

    def _character(self, c: str) -> str:
        if c == "\n":
            return c
        if c == "\t":
            return "    "
        return c if ord(c) in self._known and ord(c) not in _UNSEEN and c >= " " else f"[U+{ord(c):04X}]"

    def _pen(self, size: float, colour: tuple[int, int, int], *, bold: bool = False) -> None:
        self.set_font(FAMILY, "B" if bold else "", size)
        self.set_text_color(*colour)

    def _text(self, text: str, *, line: float = _LINE, indent: float = 0.0, fill: bool = False) -> None:
        rtl = _is_rtl(text)
        self.set_text_shaping(use_shaping_engine=True, direction="rtl" if rtl else "ltr")
        self.set_x(self.l_margin + indent)
        self.multi_cell(0, line, self.shown(text), align="R" if rtl else "L", fill=fill, **_NEXT)
        self.set_text_shaping(use_shaping_engine=True, direction="ltr")


def _is_rtl(text: str) -> bool:
    """Whether its first letter with a direction is one of a right-to-left script."""
    for c in text:
        direction = unicodedata.bidirectional(c)
        if direction in ("R", "AL"):
            return True
        if direction == "L":
            return False
    return False
