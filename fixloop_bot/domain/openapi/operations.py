"""A service's OpenAPI document (3.0 or 3.1), read as a list of operations that could be called.

The document comes from the service under suspicion, so it is data of unknown quality: what one operation gets wrong
costs that operation or that detail, and only a document that is no OpenAPI at all is refused. Size, depth, cycles and
the number of operations are bounded; ``BadInput`` is the only error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from fixloop_bot.domain.errors import BadInput
from fixloop_bot.domain.openapi.requests import (
    LONGEST_PATH,
    PATH,
    VARIABLE,
    filled_path,
    header_values,
    plain_value,
    varied_request,
)
from fixloop_bot.domain.openapi.schemas import Budgets, example_of, inlined, leaf_names
from fixloop_bot.domain.openapi.text import as_mapping, json_text, loaded, one_line, resolved
from fixloop_bot.domain.plans import Request

MOST_OPERATIONS = 1_000
METHODS = ("get", "head", "post", "put", "patch", "delete", "options")
LONGEST_LINE = 200
LONGEST_BODY = 16_384
FIELDS_IN_A_LINE = 6

_VERSION = re.compile(r"3\.[01](\.\d+)?([-+].*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method on one path.

    ``path`` is the template, with the server's own path in front; ``ready_path`` the same with every required parameter
    filled from examples, defaults or enumerations, or None where one would have to be guessed. ``status`` is the lowest
    documented 2xx. ``json_body`` and ``response_schema`` are JSON text; in the latter every ``$ref`` is inlined, and
    what is cyclic or too deep accepts anything. ``fields`` are the leaves of the request body. ``secured``: it needs
    credentials, by the document's ``security``. ``varied`` and ``inputs`` are the same request with placeholders and
    the values for them, where the document gives several (``domain.openapi.varied``).
    """

    method: str
    path: str
    summary: str = ""
    operation_id: str = ""
    tags: tuple[str, ...] = ()
    status: int | None = None
    content_type: str | None = None
    response_schema: str | None = None
    ready_path: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    json_body: str | None = None
    body_required: bool = False
    secured: bool = False
    fields: tuple[str, ...] = ()
    varied: Request | None = None
    inputs: tuple[str, ...] = ()

    @property
    def ready(self) -> bool:
        """Whether it can be called without guessing anything, credentials included."""
        return self.ready_path is not None and not self.secured and not (self.body_required and self.json_body is None)

    def request(self) -> Request | None:
        """The request that the document's own examples make; None unless ``ready``."""
        if not self.ready or self.ready_path is None:
            return None
        return Request(method=self.method, path=self.ready_path, headers=self.headers, json_body=self.json_body)

    def line(self) -> str:
        """One line for a prompt: ``POST /checkout — Pay a cart (json: items[].sku, …) → 200``."""
        shown = ", ".join(self.fields[:FIELDS_IN_A_LINE])
        more = ", …" if len(self.fields) > FIELDS_IN_A_LINE else ""
        parts = [
            f"{self.method} {self.path}",
            f"— {self.summary}" if self.summary else "",
            f"(json: {shown}{more})" if shown else "",
            f"(e.g. {self.ready_path})" if self.ready_path not in (None, self.path) else "",
        ]
        line = " ".join(part for part in parts if part)
        status = f" → {self.status}" if self.status else ""
        room = LONGEST_LINE - len(status)
        return (line if len(line) <= room else line[: room - 1] + "…") + status


def operations(document: bytes | Mapping[str, object], *, base_url: str | None = None) -> tuple[Operation, ...]:
    """The operations of a document, in its own order, at most MOST_OPERATIONS of them.

    ``document`` is JSON or YAML text, or what was read from it. With ``base_url`` (the service's), paths are relative
    to it: a server path that base_url already ends with is not repeated. Raises BadInput, with a sentence, for anything
    that is not OpenAPI 3.0 or 3.1.
    """
    try:
        root = loaded(document) if isinstance(document, bytes) else document
        return _operations(root, base_url)
    except RecursionError:
        raise BadInput("The OpenAPI document is nested too deeply to be read.") from None


def _operations(root: object, base_url: str | None) -> tuple[Operation, ...]:
    if not isinstance(root, Mapping):
        raise BadInput("The document is not OpenAPI: its top is not a mapping of keys to values.")
    _check_version(root)
    paths = root.get("paths", {})
    if not isinstance(paths, Mapping):
        raise BadInput("The OpenAPI document's `paths` is not a mapping of paths to operations.")
    found: list[Operation] = []
    budgets = Budgets()
    for path, item in paths.items():
        for operation in _of_path(root, path, item, base_url, budgets):
            if len(found) == MOST_OPERATIONS:
                return tuple(found)
            found.append(operation)
    return tuple(found)


def _check_version(root: Mapping[str, object]) -> None:
    version = root.get("openapi")
    if isinstance(version, float):  # YAML reads an unquoted 3.1 as a number
        version = str(version)
    if isinstance(version, str) and _VERSION.fullmatch(version.strip()):
        return
    if "swagger" in root:
        raise BadInput("The document is Swagger 2; FixLoop reads OpenAPI 3.0 and 3.1.")
    if isinstance(version, str):
        raise BadInput(f"The document says OpenAPI {one_line(version, 20)}; FixLoop reads 3.0 and 3.1.")
    raise BadInput("The document is not OpenAPI: it has no `openapi: 3.0.x` or `3.1.x`.")


def _of_path(
    root: Mapping[str, object], path: object, item: object, base_url: str | None, budgets: Budgets
) -> Iterator[Operation]:
    if not isinstance(path, str) or not PATH.fullmatch(path) or len(path) > LONGEST_PATH:
        return
    methods = as_mapping(resolved(root, item))
    for method in METHODS:
        described = methods.get(method)
        if isinstance(described, Mapping):
            prefix = _server_path((described, methods, root), base_url)
            yield _operation(root, method.upper(), prefix + path, described, methods, budgets)


def _server_path(places: tuple[Mapping[str, object], ...], base_url: str | None) -> str:
    """The path of the nearest first server, unless base_url already ends with it."""
    servers: list[object] = next(
        (found for place in places if isinstance(found := place.get("servers"), list) and found), [{}]
    )
    server = as_mapping(servers[0])
    url = server.get("url")
    if not isinstance(url, str) or len(url) > LONGEST_PATH:
        return ""
    variables = as_mapping(server.get("variables"))
    url = VARIABLE.sub(lambda match: str(as_mapping(variables.get(match[1])).get("default", ""))[:100], url)
    try:
        path = urlsplit(url).path.rstrip("/")
        base = urlsplit(base_url or "").path.rstrip("/")
    except ValueError:
        return ""
    return "" if not PATH.fullmatch(path) or base.endswith(path) else path


def _operation(
    root: Mapping[str, object],
    method: str,
    path: str,
    described: Mapping[str, object],
    item: Mapping[str, object],
    budgets: Budgets,
) -> Operation:
    values = [
        (parameter, plain_value(example_of(root, parameter, budgets.examples)))
        for parameter in _parameters(root, item, described)
    ]
    status, response = _success(root, as_mapping(described.get("responses")))
    content_type, media = _json_media(root, response.get("content"))
    body = as_mapping(resolved(root, described.get("requestBody")))
    _, body_media = _json_media(root, body.get("content"))
    tags = described.get("tags")
    example = json_text(example_of(root, body_media, budgets.examples), LONGEST_BODY) if body_media else None
    ready = Request(
        method=method, path=filled_path(path, values) or "", headers=header_values(values), json_body=example
    )
    varied, inputs = varied_request(root, path, values, body_media, ready)
    return Operation(
        method=method,
        path=path,
        summary=one_line(described.get("summary") or described.get("description"), 80),
        operation_id=one_line(described.get("operationId"), 80),
        tags=tuple(one_line(tag, 40) for tag in tags[:10]) if isinstance(tags, list) else (),
        status=status,
        content_type=content_type,
        response_schema=inlined(root, media.get("schema"), budgets.schemas),
        ready_path=ready.path or None,
        headers=ready.headers,
        json_body=example,
        body_required=body.get("required") is True or (bool(body) and body_media == {}),
        secured=_secured(root, described),
        fields=leaf_names(root, body_media.get("schema")),
        varied=varied,
        inputs=inputs,
    )


def _secured(root: Mapping[str, object], described: Mapping[str, object]) -> bool:
    """Whether credentials are needed: no alternative of ``security`` (its own, else the document's) is empty."""
    security = described.get("security", root.get("security"))
    return isinstance(security, list) and bool(security) and {} not in security


def _parameters(
    root: Mapping[str, object], item: Mapping[str, object], described: Mapping[str, object]
) -> list[Mapping[str, object]]:
    """The path's and the operation's own parameters; the latter win by name and place. At most 50."""
    found: dict[tuple[str, str], Mapping[str, object]] = {}
    for place in (item, described):
        listed = place.get("parameters")
        for each in listed[:50] if isinstance(listed, list) else ():
            parameter = as_mapping(resolved(root, each))
            name, where = parameter.get("name"), parameter.get("in")
            if isinstance(name, str) and isinstance(where, str):
                found[name, where] = parameter
    return list(found.values())


def _success(root: Mapping[str, object], responses: Mapping[str, object]) -> tuple[int | None, Mapping[str, object]]:
    """The lowest documented 2xx with its description; ``2XX`` counts as 200."""
    codes = {str(key).upper().replace("XX", "00"): value for key, value in list(responses.items())[:100]}
    fitting = sorted(code for code in codes if re.fullmatch(r"2[0-9]{2}", code))
    if not fitting:
        return None, {}
    return int(fitting[0]), as_mapping(resolved(root, codes[fitting[0]]))


def _json_media(root: Mapping[str, object], content: object) -> tuple[str | None, Mapping[str, object]]:
    """The JSON representation among those documented, if there is one."""
    for name, media in list(as_mapping(content).items())[:50]:
        kind = name.partition(";")[0].strip().lower() if isinstance(name, str) else ""
        if kind == "application/json" or re.fullmatch(r"[a-z]+/[a-z0-9.-]+\+json", kind):
            return kind, as_mapping(resolved(root, media))
    return None, {}
