"""The catalog's schema says what the parser says."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.adapters import catalog_file, catalog_probes
from fixloop_bot.adapters.catalog_file import parse_catalog
from fixloop_bot.adapters.catalog_schema import catalog_keys, catalog_schema
from fixloop_bot.domain.errors import CatalogError
from tests.house.places import TOP

SCHEMA = jsonschema_rs.validator_for(catalog_schema())
EXAMPLE = (TOP / "README.md").read_text().partition("```yaml\n")[2].partition("```")[0]


@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("", catalog_file.SERVICE_KEYS),
        ("proof.", catalog_file.PROOF_KEYS),
        ("allow.", catalog_file.ALLOW_KEYS),
        ("quiet_hours.", catalog_file.QUIET_KEYS),
        ("probes[].", catalog_probes.PROBE_KEYS),
        ("probes[].request.", catalog_probes.REQUEST_KEYS),
        *((f"probes[].{kind}.", keys) for kind, keys in catalog_probes.WIRE_KEYS.items()),
    ],
)
def test_it_has_the_parsers_keys_and_no_others(path: str, known: tuple[str, ...]) -> None:
    """A key that the parser learns is in the reference, or this fails."""
    found = {key.path.removeprefix(path) for key in catalog_keys() if key.path.startswith(path)}
    assert {key for key in found if "." not in key} == set(known)


def test_the_readmes_example_fits() -> None:
    """The parser reads it, and an editor that checks by the schema has nothing to complain of."""
    SCHEMA.validate(json.loads(json.dumps(yaml.safe_load(EXAMPLE))))


@pytest.mark.parametrize("key", catalog_keys(), ids=lambda key: key.path)
def test_every_key_is_explained(key: Any) -> None:
    """A reference without a meaning is none."""
    assert len(key.node["description"]) > 4


WRONG: st.SearchStrategy[object] = st.one_of(st.booleans(), st.lists(st.integers(), max_size=2), st.integers(-9, -1))


@given(key=st.sampled_from(["soak_s", "baseline_every_s", "base_url", "channel", "logs", "runbook"]), value=WRONG)
def test_what_the_schema_refuses_the_parser_refuses(key: str, value: object) -> None:
    """An editor's red line is never wrong."""
    document = {"services": {"checkout": {key: value}}}
    if not SCHEMA.is_valid(document):
        with pytest.raises(CatalogError):
            parse_catalog(json.dumps(document))
