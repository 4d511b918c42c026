"""Reading an answer: framing, caps and encodings, however the bytes are cut."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
import zlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.adapters.http.bodies import LARGEST_BODY, BodyCutOff, BodyTooLarge, BrokenEncoding
from fixloop_bot.adapters.http.reading import LARGEST_HEAD, LostConnection, MalformedAnswer, Reading, Reply
from tests.adapters.targets import BOMB

JSON_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


async def read(*chunks: bytes, bodiless: bool = False, closed: bool = True) -> tuple[Reply, Reading]:
    """What is read of these bytes, with the connection closed after them."""
    reply = Reply()
    reading = Reading(reply, asyncio.get_running_loop().create_future(), bodiless=bodiless)
    for chunk in chunks:
        reading.feed(chunk)
    if closed and not reading.done.done():
        reading.end(None)
    try:
        await reading.done
    finally:
        reading.close()
    return reply, reading


def answer(body: bytes, encoding: str = "") -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
    return (head + (f"Content-Encoding: {encoding}\r\n" if encoding else "") + "\r\n").encode() + body


def chunked(body: bytes, size: int, trailer: bytes = b"") -> bytes:
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n" + trailer + b"\r\n"


# ── framing ───────────────────────────────────────────────────────────────────────────────────────────────────────────

BODIES = st.binary(max_size=3_000)
INTERIM = st.sampled_from([b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"])


@st.composite
def answers(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """The bytes of a valid answer, and its body."""
    body = draw(BODIES)
    packed = gzip.compress(body) if draw(st.booleans()) else None
    sent = body if packed is None else packed
    head = draw(INTERIM) + JSON_HEAD + (b"Content-Encoding: gzip\r\n" if packed is not None else b"")
    match draw(st.sampled_from(["length", "chunked", "close"])):
        case "length":
            return head + b"Content-Length: %d\r\n\r\n" % len(sent) + sent, body
        case "chunked":
            pieces = chunked(sent, draw(st.integers(1, 500)), draw(st.sampled_from([b"", b"X-Sum: 1\r\n"])))
            return head + b"Transfer-Encoding: chunked\r\n\r\n" + pieces, body
        case _:
            return head + b"\r\n" + sent, body


@given(answers(), st.lists(st.integers(0, 4_000), max_size=12))
def test_cuts_do_not_matter(sent: tuple[bytes, bytes], cuts: list[int]) -> None:
    """A valid answer is read alike, wherever the network cuts it: the status, the headers and the whole body."""
    raw, body = sent
    places = [0, *sorted(min(cut, len(raw)) for cut in cuts), len(raw)]
    chunks = [raw[start:end] for start, end in pairwise(places)]
    reply, _ = asyncio.run(read(*chunks))
    assert (reply.status, reply.body) == (200, body)
    names = [name for name, _ in reply.headers]
    assert names[0] == "content-type"
    assert not {"link", "x-sum"} & set(names)


@given(answers(), st.integers(0, 4_000))
def test_a_cut_off_answer_is_never_whole(sent: tuple[bytes, bytes], cut: int) -> None:
    """What ends too early is a lost connection or a cut-off body; only an answer without a length ends by closing."""
    raw, body = sent
    framed = b"Content-Length" in raw or b"chunked" in raw
    try:
        reply, _ = asyncio.run(read(raw[: min(cut, len(raw) - 1)]))
    except (LostConnection, BodyCutOff):
        return
    assert not framed
    assert body.startswith(reply.body)


@given(st.binary(max_size=300))
def test_any_bytes_end_in_an_answer_or_a_known_trouble(raw: bytes) -> None:
    """Whatever a server sends, nothing else is raised."""
    for sent in (raw, JSON_HEAD + raw, JSON_HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + raw):
        try:
            reply, _ = asyncio.run(read(sent))
        except (LostConnection, MalformedAnswer, BrokenEncoding, BodyCutOff):
            continue
        assert reply.status is not None


async def test_interim_answers_are_not_the_answer() -> None:
    """100 and 103 come before the answer and leave nothing behind; 101 is an answer, and ends the talk in HTTP."""
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 3
    reply, reading = await read(hints + b"HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n")
    assert (reply.status, reply.headers, reading.reusable) == (204, (("x-a", "1"),), True)
    switched = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n\x81\x05hello"
    reply, reading = await read(switched)
    assert (reply.status, reply.body, reading.reusable) == (101, b"", False)
    with pytest.raises(LostConnection):
        await read(hints)


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
async def test_an_answer_to_head_ends_with_its_head(raw: bytes) -> None:
    """It announces a body and brings none, so that the connection may be used again; one that brings it is wrong."""
    reply, reading = await read(raw, bodiless=True, closed=False)
    assert (reply.status, reply.body, reading.reusable) == (200, b"", True)
    with pytest.raises(MalformedAnswer):
        await read(raw + b"1\r\nx", bodiless=True, closed=False)


@pytest.mark.parametrize("status", [204, 304])
@pytest.mark.parametrize(
    ("announced", "reusable"),
    [(b"", True), (b"Content-Length: 0\r\n", True), (b"Content-Length: 10\r\n", False), (CHUNKED, False)],
)
async def test_some_answers_have_no_body(status: int, announced: bytes, reusable: bool) -> None:
    """204 and 304 end with their head, whatever length they name; what they announce may come yet, for somebody else.

    As it may after an interim answer, which has no body either.
    """
    head = b"HTTP/1.1 %d X\r\n" % status
    reply, reading = await read(head + announced + b"\r\n", closed=False)
    assert (reply.status, reply.body, reading.reusable) == (status, b"", reusable)
    reply, reading = await read(b"HTTP/1.1 103 X\r\n" + announced + b"\r\n" + head + b"\r\n", closed=False)
    assert (reply.status, reading.reusable) == (status, reusable)


SECOND = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"


@pytest.mark.parametrize("more", [b"garbage", SECOND, b"\0"])
async def test_what_follows_an_answer_belongs_to_nobody(more: bytes) -> None:
    """What nobody asked for is not read, and its connection never used again."""
    whole = answer(b"fine").replace(b"close", b"keep-alive")
    reply, reading = await read(whole, more)
    assert (reply.body, reading.reusable) == (b"fine", False)
    assert (await read(whole))[1].reusable


async def test_an_answer_whose_length_is_wrong_is_none() -> None:
    """Nonsense right behind it is the rest of its body; a second answer is split off, and dropped."""
    whole = answer(b"fine").replace(b"close", b"keep-alive")
    with pytest.raises(MalformedAnswer):
        await read(whole + b" is not all")
    reply, reading = await read(whole + SECOND)
    assert (reply.body, reading.reusable) == (b"fine", False)


async def test_headers_cannot_be_split_by_what_is_in_them() -> None:
    """A bare carriage return does not begin a header of its own, and both lengths at once are no answer."""
    for raw in (
        b"HTTP/1.1 200 OK\r\nX-A: 1\rX-Evil: 2\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nX-A: \0\r\nContent-Length: 0\r\n\r\n",
    ):
        try:
            reply, _ = await read(raw)
        except MalformedAnswer:
            continue
        assert "x-evil" not in dict(reply.headers)
        assert b"Transfer" not in raw


async def test_lines_may_end_with_lf_alone() -> None:
    """Old servers do that, and every browser understands them."""
    reply, _ = await read(b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok")
    assert (reply.status, reply.body) == (200, b"ok")


@pytest.mark.parametrize(
    "flood",
    [
        JSON_HEAD + b"X-A: " + b"a" * LARGEST_HEAD + b"\r\n\r\n",
        JSON_HEAD + b"X-A: b\r\n" * (LARGEST_HEAD // 4) + b"\r\n",
        b"HTTP/1.1 103 Early Hints\r\nX-A: b\r\n\r\n" * (LARGEST_HEAD // 16) + JSON_HEAD + b"\r\n",
        b"HTTP/1.1 200 " + b"O" * 2 * LARGEST_HEAD,
    ],
    ids=["one field", "many fields", "many interim answers", "a long reason"],
)
@pytest.mark.parametrize("size", [1_000, 10_000_000])
async def test_a_flood_of_headers_is_no_answer(flood: bytes, size: int) -> None:
    """64 KB of head are read, not more, whether they come bit by bit or at once."""
    chunks = [flood[at : at + size] for at in range(0, len(flood), size)]
    with pytest.raises(MalformedAnswer):
        await read(*chunks)


@pytest.mark.parametrize(
    "flood",
    [
        b"0\r\nX-Sum: " + b"a" * 2 * LARGEST_HEAD,
        b"0\r\n" + b"a:b\r\n" * (LARGEST_HEAD // 4) + b"\r\n",
        b"0\r\nX-Sum: " + b"a" * LARGEST_HEAD + b"\r\n\r\n",
        b"2;" + b"a" * 2 * LARGEST_HEAD,
    ],
    ids=["an endless trailer", "many trailers", "a long trailer", "an endless extension"],
)
@pytest.mark.parametrize("size", [1_000, 10_000_000])
async def test_a_flood_after_the_head_is_no_answer(flood: bytes, size: int) -> None:
    """Whatever is no body counts as head: trailers, and the extensions of chunks."""
    raw = JSON_HEAD + CHUNKED + b"\r\n2\r\nok\r\n" + flood
    with pytest.raises(MalformedAnswer):
        await read(*(raw[at : at + size] for at in range(0, len(raw), size)), closed=False)


@pytest.mark.parametrize("size", [1_000, 10_000_000])
async def test_small_chunks_are_not_taken_for_a_large_head(size: int) -> None:
    """The framing of a body in pieces of one byte is five times as long as the body, and still no head."""
    raw = JSON_HEAD + CHUNKED + b"\r\n" + chunked(b"x" * 50_000, 1)
    reply, _ = await read(*(raw[at : at + size] for at in range(0, len(raw), size)))
    assert reply.body == b"x" * 50_000


async def test_a_large_body_is_not_taken_for_a_large_head() -> None:
    """The cap of the head counts the head alone, also where all comes in one piece."""
    reply, _ = await read(answer(b"x" * 500_000))
    assert len(reply.body) == 500_000


# ── bodies ────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def body_of(raw: bytes) -> bytes:
    return (await read(raw))[0].body


RAW_DEFLATE = zlib.compressobj(wbits=-zlib.MAX_WBITS)


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("", b"hello"),
        ("identity", b"hello"),
        ("gzip", gzip.compress(b"hello")),
        ("X-GZIP", gzip.compress(b"hello")),
        ("deflate", zlib.compress(b"hello")),
        ("deflate", RAW_DEFLATE.compress(b"hello") + RAW_DEFLATE.flush()),
        ("br", b"hello"),
    ],
    ids=["plain", "identity", "gzip", "x-gzip", "deflate", "raw deflate", "unknown"],
)
async def test_bodies_are_decoded(encoding: str, packed: bytes) -> None:
    """gzip and both kinds of deflate are decoded; an encoding that was not asked for stays as it came."""
    assert await body_of(answer(packed, encoding)) == b"hello"


async def test_an_empty_body_is_empty_whatever_its_encoding() -> None:
    """No bytes are no broken gzip."""
    assert await body_of(answer(b"", "gzip")) == b""


@pytest.mark.parametrize("raw", [answer(b"x" * (LARGEST_BODY + 1)), answer(BOMB, "gzip")])
async def test_a_body_over_the_cap_is_not_held(raw: bytes) -> None:
    """One megabyte, decoded: a bomb of 30 KB that bursts to 30 MB is stopped like a plain large body."""
    with pytest.raises(BodyTooLarge):
        await body_of(raw)


async def test_a_bomb_does_not_burst_in_memory() -> None:
    """Decoding stops at the cap, and not after 30 MB: what is held stays near one megabyte."""
    raw = answer(BOMB, "gzip")
    tracemalloc.start()
    try:
        with pytest.raises(BodyTooLarge):
            await body_of(raw)
        assert tracemalloc.get_traced_memory()[1] < 6_000_000
    finally:
        tracemalloc.stop()


async def test_a_body_of_exactly_the_cap_is_read() -> None:
    """The cap is a limit, not a fault by one."""
    assert len(await body_of(answer(b"x" * LARGEST_BODY))) == LARGEST_BODY
    assert len(await body_of(answer(gzip.compress(b"x" * LARGEST_BODY), "gzip"))) == LARGEST_BODY


async def test_broken_and_cut_encodings_are_told_apart() -> None:
    """Bytes that are no gzip are a broken encoding; gzip that ends too early is a truncated body."""
    with pytest.raises(BrokenEncoding):
        await body_of(answer(b"this is not gzip", "gzip"))
    with pytest.raises(BodyCutOff):
        await body_of(answer(gzip.compress(b"hello" * 100)[:-12], "gzip"))
