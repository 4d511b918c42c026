"""The fields of a submitted step, flat and strictly typed; reading them is ``schema``'s."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

LONGEST_BODY = 20_000
"""Characters of one request's JSON."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]
Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
Kind = Literal["http", "journey", "metric", "monitor", "logs", "tls", "dns", "tcp", "grpc", "websocket", "manual"]
Record = Literal["A", "AAAA", "CNAME", "MX", "NS", "SRV", "TXT"]
KINDS: tuple[str, ...] = get_args(Kind)
RECORDS: tuple[str, ...] = get_args(Record)
Comparison = Literal["<", "<=", ">", ">="]
Finite = Annotated[float, Field(allow_inf_nan=False)]


class LegFields(BaseModel):
    """One request with what it must answer; also the part of a step that is one."""

    model_config = ConfigDict(strict=True, extra="ignore", protected_namespaces=())

    method: Method = "GET"
    path: Text | None = None
    headers: Annotated[dict[str, Line], Field(max_length=20)] = {}
    json_body: Any = Field(default=None, alias="json")
    body: str | None = Field(default=None, max_length=LONGEST_BODY)
    expect: Annotated[list[Line], Field(max_length=20)] = []
    capture: Annotated[dict[str, Line], Field(max_length=20)] = {}


class StepFields(LegFields):
    """One step as it is submitted: flat, with the fields of every kind side by side."""

    title: Text
    why: str = ""
    role: Literal["confirmation", "control"]
    kind: Kind
    inputs: Annotated[list[dict[str, Any]], Field(max_length=50)] = []
    legs: Annotated[list[LegFields], Field(max_length=10)] = []
    query: Text | None = None
    healthy_when: Comparison | None = None
    limit: Finite | None = None
    times_before: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    per_minute: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    monitor_id: Line | None = None
    group: str = ""
    target: Annotated[str, StringConstraints(strip_whitespace=True, max_length=300)] = ""
    record: Record = "A"
    servers: Annotated[list[Line], Field(max_length=10)] = []
    service: Annotated[str, StringConstraints(strip_whitespace=True, max_length=300)] = ""
    send: str | None = Field(default=None, max_length=LONGEST_BODY)
    instruction: Text | None = None
