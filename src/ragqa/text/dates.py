"""Dates as they are typed: a year, a month or a day."""

from __future__ import annotations

from datetime import date

# What error messages name.
FORMS = "2024, 2024-05 or 2024-05-15"


def is_date(text: str) -> bool:
    """Whether a text is a date that exists, as ISO writes it; it may stop after the year or the month."""
    try:
        date.fromisoformat(text + "-01-01"[len(text) - 4 :] if len(text) in (4, 7) else text)
    except ValueError:
        return False
    return len(text) in (4, 7, 10) and text.isascii()
