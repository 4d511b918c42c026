"""The top of the repository holds what DESIGN lists, and nothing else."""

from __future__ import annotations

from tests.house.places import TOP

EXPECTED = {"pyproject.toml", "README.md", "manifest.yml", "Procfile", "LICENSE", "fixloop_bot", "tests"}


def test_the_top_holds_nothing_else() -> None:
    """Whoever opens the repository sees seven names, and dotfiles."""
    found = {path.name for path in TOP.iterdir() if not path.name.startswith(".")}
    assert found == EXPECTED


def test_the_procfile_starts_web_and_worker() -> None:
    """A platform that reads Procfiles starts both kinds of process."""
    assert (TOP / "Procfile").read_text().splitlines() == ["web: fixloop web", "worker: fixloop worker"]
