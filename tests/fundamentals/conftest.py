"""The same office as the use cases' tests: the real store, and small stand-ins for what is outside."""

from __future__ import annotations

from tests.application.conftest import office, saved_often

__all__ = ["office", "saved_often"]
