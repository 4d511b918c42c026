"""How texts and vectors travel between the two processes: each behind its length in bytes."""

from __future__ import annotations

from struct import Struct

LENGTH = Struct(">I")
"""Four bytes, the highest first. A text is UTF-8; a vector is 32-bit floats as this machine writes them."""
