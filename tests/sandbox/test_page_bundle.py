"""The bundle and its source are in step, small, and load nothing from elsewhere."""

from __future__ import annotations

import gzip
import hashlib
import re
from pathlib import Path

import pytest

import fixloop_bot.sandbox.page

PAGE = Path(fixloop_bot.sandbox.page.__file__).parent
SOURCE, STATIC, PICTURES = PAGE / "source", PAGE / "static", PAGE / "pictures"
LARGEST_BUNDLE = 1_000_000
LARGEST_PICTURE = 300_000


def digest(folder: Path) -> str:
    """sha256 over "path, zero byte, content, zero byte" of every file, by path; as source/build.mjs computes it."""
    found = [each for each in folder.rglob("*") if each.is_file()]
    named = sorted((each.relative_to(folder).as_posix(), each) for each in found)
    total = hashlib.sha256()
    for name, path in named:
        if "node_modules" in name.split("/") or any(piece.startswith(".") for piece in name.split("/")):
            continue
        total.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


@pytest.mark.parametrize("name", ["app.js", "app.css"])
def test_the_bundle_was_built_from_this_source(name: str) -> None:
    """Whoever changes the source runs `npm ci && npm run build` in its folder; the bundle says what it was built of."""
    written = re.search(r"source sha256 ([0-9a-f]{64})", (STATIC / name).read_text()[:200])
    assert written is not None
    assert written[1] == digest(SOURCE)


def test_a_changed_source_is_noticed(tmp_path: Path) -> None:
    """The digest sees names and contents."""
    (tmp_path / "a.js").write_text("1")
    first = digest(tmp_path)
    (tmp_path / "a.js").write_text("2")
    second = digest(tmp_path)
    (tmp_path / "a.js").rename(tmp_path / "b.js")
    assert len({first, second, digest(tmp_path)}) == 3


def test_the_bundle_is_under_a_megabyte_compressed() -> None:
    assert sum(len(gzip.compress(each.read_bytes())) for each in STATIC.iterdir()) < LARGEST_BUNDLE


def test_the_page_loads_nothing_from_elsewhere() -> None:
    """Neither the document nor the style sheet names another host."""
    for name in ("index.html", "app.css"):
        text = (STATIC / name).read_text()
        assert not re.findall(r"(?:src|href)=[\"']?(?:https?:)?//|url\([\"']?(?:https?:)?//|@import", text), name


def test_the_licences_of_what_is_bundled_come_along() -> None:
    text = (STATIC / "LICENSES.txt").read_text()
    assert all(name in text for name in ("react ", "slack-blocks-to-jsx ", "node-emoji ", "react-markdown "))


def test_the_lock_file_names_no_registry() -> None:
    """Whoever builds it uses the registry that they are configured for."""
    assert '"resolved"' not in (SOURCE / "package-lock.json").read_text()


def test_the_pictures_are_small() -> None:
    """They are part of the README."""
    found = {each.name: each.stat().st_size for each in PICTURES.glob("*.png")}
    assert len(found) >= 2
    assert all(size < LARGEST_PICTURE for size in found.values()), found
