"""LZ-string's ``compressToEncodedURIComponent``, which Datadog's Metric Explorer reads from the fragment.

The algorithm is LZ78 over UTF-16 code units, with codes of growing width written lowest bit first and packed into a
64-letter alphabet, six bits each, highest bit first (pieroxy.net/blog/pages/lz-string, version 1.5).
"""

from __future__ import annotations

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-$"
_NEW_8, _NEW_16, _END = 0, 1, 2


class _Bits:
    """Collects bits and packs each six of them into a letter."""

    def __init__(self) -> None:
        self.letters: list[str] = []
        self._value = self._count = 0

    def write(self, code: int, width: int) -> None:
        """The ``width`` lowest bits of ``code``, lowest first."""
        for _ in range(width):
            self._value = self._value << 1 | code & 1
            self._count += 1
            code >>= 1
            if self._count == 6:
                self.letters.append(ALPHABET[self._value])
                self._value = self._count = 0

    def finished(self) -> str:
        """The letters; the last one is filled up with zeros, and is there even if no bits were left."""
        return "".join([*self.letters, ALPHABET[self._value << (6 - self._count)]])


def to_uri_component(text: str) -> str:
    """``text``, compressed, in letters that need no escaping in a URL."""
    bits = _Bits()
    codes: dict[str, int] = {}
    new: set[str] = set()  # units that have a code, but have not been written yet
    width, room = 2, 2  # how many more codes fit into this width

    def emit(phrase: str) -> None:
        nonlocal width, room
        if phrase in new:
            unit = ord(phrase)
            bits.write(_NEW_8 if unit < 256 else _NEW_16, width)
            bits.write(unit, 8 if unit < 256 else 16)
            new.discard(phrase)
            spend()
        else:
            bits.write(codes[phrase], width)
        spend()

    def spend() -> None:
        nonlocal width, room
        room -= 1
        if room == 0:
            room = 2**width
            width += 1

    phrase = ""
    for unit in _utf16_units(text):
        if unit not in codes:
            codes[unit] = len(codes) + 3
            new.add(unit)
        if phrase + unit in codes:
            phrase += unit
            continue
        emit(phrase)
        codes[phrase + unit] = len(codes) + 3
        phrase = unit
    if phrase:
        emit(phrase)
    bits.write(_END, width)
    return bits.finished()


def _utf16_units(text: str) -> list[str]:
    data = text.encode("utf-16-le", "surrogatepass")
    return [chr(data[at] | data[at + 1] << 8) for at in range(0, len(data), 2)]
