"""Shapes: every document fits its own, merging loses nothing, and a difference is told in a sentence."""

from __future__ import annotations

import itertools
import random
import string

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.domain.expectations.compiled import schema
from fixloop_bot.domain.shape_nodes import LONGEST
from fixloop_bot.domain.shapes import differences, merged, schema_of, shape_of

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**15), 10**15),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
)
keys = st.one_of(
    st.sampled_from(("id", "total", "items", "error", "*", "|", "…", "x?", "x!", "", "17", "ord_8f3a21")),
    st.text(max_size=4),
)
documents = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=5)),
    max_leaves=12,
)


def large(seed: int) -> object:
    """A document whose shape is often too long, and more often once it is merged with another."""
    chance = random.Random(seed)

    def made(depth: int) -> object:
        kind = chance.random()
        if not depth or kind < 0.35:
            return chance.choice([None, True, 1, 2.5, "t"])
        if kind < 0.55:
            return [made(depth - 1) for _ in range(chance.randint(0, 3))]
        return {key: made(depth - 1) for key in chance.sample(NAMES, chance.randint(0, 14))}

    return made(4)


NAMES = [letter * length for letter in "abcdefghijklmnopqrst" for length in (3, 20, 45)] + ["*", "|", "…", "x?", "17"]
wide = st.integers(0, 10**9).map(large)
shape = st.one_of(documents, wide).map(shape_of)


@given(documents)
def test_a_document_fits_the_schema_of_its_own_shape(document: object) -> None:
    assert schema(schema_of(shape_of(document))).is_valid(document)


@given(st.lists(st.one_of(documents, wide), min_size=1, max_size=5))
def test_a_document_fits_the_schema_of_every_merge_that_it_is_in(several: list[object]) -> None:
    together = schema(schema_of(merged(map(shape_of, several))))
    assert all(together.is_valid(document) for document in several)


@given(shape, shape, shape)
def test_neither_order_nor_grouping_nor_repetition_matters(a: str, b: str, c: str) -> None:
    """Also where a text becomes too long and is cut."""
    assert merged([a, b]) == merged([b, a])
    assert merged([merged([a, b]), c]) == merged([a, merged([b, c])]) == merged([a, b, c])
    assert merged([a, a]) == merged([a]) == a
    assert merged([a, ""]) == a


@given(shape, shape)
def test_a_shape_stays_short_and_is_json(a: str, b: str) -> None:
    both = merged([a, b])
    assert len(both) <= LONGEST
    assert orjson.loads(both) is not None


def test_a_shape_reads_like_the_document() -> None:
    document = {"id": 7, "items": [{"sku": "A1", "price": 1.5}, {"sku": None}], "tags": [], "paid": True}
    assert (
        shape_of(document)
        == '{"id":"number","items":[{"price?":"number","sku":"null|text"}],"paid":"boolean","tags":[]}'
    )


def test_keys_that_are_data_are_no_structure() -> None:
    """Ids, numbers, dates, or simply many."""
    assert shape_of({"ord_8f3a21": {"n": 1}, "ord_99a871": {"n": 2}}) == '{"*":{"n":"number"}}'
    assert shape_of({"2024-05-01": 1}) == shape_of({"1": 2, "17": 3}) == '{"*":"number"}'
    assert shape_of({f"k{a}{b}": 1 for a, b in itertools.product("abcdefgh", repeat=2)}) == '{"*":"number"}'
    assert shape_of({"p50": 1, "address1": 2}) == '{"address1":"number","p50":"number"}'


def test_objects_alike_in_keys_are_still_looked_into() -> None:
    """What is known of the first element is not taken for the others."""
    assert shape_of([{"a": {"x": 1}}, {"a": {"y": 1}}]) == '[{"a":{"x?":"number","y?":"number"}}]'
    assert shape_of([{"17": [1]}, {"17": ["a"]}]) == '[{"*":["number|text"]}]'


@given(st.lists(st.dictionaries(st.sampled_from(("a", "b", "17")), documents), min_size=1, max_size=6))
def test_an_array_has_the_merged_shape_of_its_elements(elements: list[object]) -> None:
    """However its elements are grouped on the way."""
    assert shape_of(elements) == merged(shape_of([element]) for element in elements)


def test_what_is_too_deep_or_too_long_is_cut_and_says_so() -> None:
    deep: object = 1
    for _ in range(30):
        deep = [deep]
    assert shape_of(deep) == "[" * 8 + '"…"' + "]" * 8
    long = {"data": {f"a key of some length {letter}": {"inner value": 1} for letter in string.ascii_letters[:45]}}
    assert shape_of(long).startswith('{"…":[2,{"data":{"a key of some length A":"…"')
    assert shape_of({"x" * 500: 1, "y": 2}) == '{"y":"number"}'


def test_half_a_character_in_a_key_breaks_nothing() -> None:
    assert "number" in shape_of({"\ud83d": 1})


def test_a_text_that_is_no_shape_is_refused() -> None:
    for text in ("{", "17", '{"a": 3}'):
        with pytest.raises(ValueError):
            merged([text])


def test_what_is_not_known_is_left_open() -> None:
    """A value that was always null may be anything; an array that was always empty may hold anything."""
    lenient = schema(schema_of(shape_of({"coupon": None, "items": []})))
    assert lenient.is_valid({"coupon": "X", "items": [1], "more": True})
    assert not lenient.is_valid({"items": []})
    assert not lenient.is_valid({"coupon": None, "items": {}})


ORDER = {"id": 7, "total": 19.99, "items": [{"sku": "A1", "price": 1.5}], "coupon": None}


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (ORDER, ()),
        ({**ORDER, "items": []}, ()),
        ({**ORDER, "error": "down"}, ("$.error is new",)),
        ({**ORDER, "in stock": True}, ("$['in stock'] is new",)),
        ({**ORDER, "coupon": "X"}, ("$.coupon was null, is text",)),
        ({**ORDER, "items": [{"sku": "A1", "price": "1.50"}]}, ("$.items[*].price was a number, is text",)),
        ({**ORDER, "items": [{"sku": "A1"}, {"sku": "A2", "price": 2}]}, ("$.items[*].price is missing at times",)),
        (
            {**ORDER, "total": None, "items": {}},
            ("$.items was an array, is an object", "$.total was a number, is null"),
        ),
        ({"id": 7}, ("$.coupon is gone", "$.items is gone", "$.total is gone")),
        ([ORDER], ("$ was an object, is an array",)),
        (
            {"error": "down", "code": 5},
            ("$ is something else: it had coupon, id, items and total, and has code and error",),
        ),
    ],
)
def test_a_difference_is_a_sentence_that_names_its_place(after: object, told: tuple[str, ...]) -> None:
    assert differences(shape_of(ORDER), shape_of(after)) == told


def test_what_came_only_at_times_may_stay_away() -> None:
    """Ten samples without an optional key say nothing; a type that was there before is no difference either."""
    before = merged([shape_of({"id": 1, "note": "x"}), shape_of({"id": "a"})])
    assert differences(before, shape_of({"id": 1})) == ()
    assert differences(before, "") == differences("", before) == ()


@given(shape, shape)
def test_a_shape_has_no_difference_from_what_covers_it(a: str, b: str) -> None:
    assert differences(merged([a, b]), a) == ()


def test_differences_are_told_up_to_a_number() -> None:
    told = differences(shape_of({"id": 1}), shape_of({"id": 1, **dict.fromkeys(string.ascii_letters[:40], 1)}))
    assert len(told) == 20
    assert told[-1] == "and 21 more differences"
