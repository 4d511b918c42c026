"""The colours of pictures: one calm, dark panel that glares on nobody at night and stands out on a white page.

Text keeps a contrast of at least 4.5 : 1 and lines at least 3 : 1 against the panel (WCAG 2.2, 1.4.3 and 1.4.11), which
a test computes. Nothing is told by colour alone: the limit is dashed and named, marks have words, failures are hatched.
"""

from __future__ import annotations

PANEL = "#1f2530"
BORDER = "#6f7a8c"
"""Around the panel, so that it has an edge on a dark page, too."""
GRID = "#333c4a"
"""Only a help for the eye; every value that matters is written."""
TEXT = "#eef1f5"
QUIET_TEXT = "#b4bdca"
SIGNAL = "#6cb8f6"
LIMIT = "#ffb86b"
MARK = "#9aa5b5"
PASSED = "#6cb8f6"
FAILED = "#ffb86b"

TEXTS = (TEXT, QUIET_TEXT, LIMIT)
LINES = (SIGNAL, LIMIT, MARK, PASSED, FAILED, BORDER)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21, by WCAG's relative luminance."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
