"""How things look on a terminal: times as the person's clock shows them, tables, clean text."""

import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
#: Joins letters and pictures; harmless, unlike other invisible characters.
_JOINERS = "\u200c\u200d"


def clean(text: str, *, lines: bool = False) -> str:
    """Text that others typed, without what a terminal would obey."""

    def shown(char: str) -> str:
        if lines and char == "\n":
            return char
        if unicodedata.category(char)[0] == "C" and char not in _JOINERS:
            return " " if char in "\n\r\t" else "\ufffd"
        return " " if char in "\u2028\u2029" else char

    return "".join(map(shown, text))


def local_time(at_ms: int | None) -> str:
    """A moment by the clock of this machine; times are claims and may be anything."""
    if at_ms is None:
        return "-"
    try:
        return (_EPOCH + timedelta(milliseconds=at_ms)).astimezone().strftime("%Y-%m-%d %H:%M")
    except (OverflowError, ValueError, OSError):
        return f"{at_ms} ms"


def width(text: str) -> int:
    """Columns that a text takes: Chinese characters take two."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def fit(text: str, columns: int) -> str:
    """A text cut or filled up to a number of columns."""
    if width(text) > columns:
        while text and width(text) > columns - 1:
            text = text[:-1]
        text += "…"
    return text + " " * (columns - width(text))


def table(head: Sequence[str], rows: Sequence[Sequence[str]], widest: int = 40) -> str:
    """Rows in columns, each as wide as its widest cell."""
    rows = [[clean(cell) for cell in row] for row in rows]
    columns = [min(widest, max(width(row[i]) for row in [head, *rows])) for i in range(len(head))]
    return "\n".join(
        "  ".join(fit(cell, columns[i]) for i, cell in enumerate(row)).rstrip()
        for row in [head, *rows]
    )
