"""FixLoop's own payload template for Datadog's webhook integration: every variable that helps, under its own name."""

from __future__ import annotations

import json

SECRET_HEADER = "X-FixLoop-Secret"  # noqa: S105 - the header's name, not the secret
VARIABLES = (
    *("ID", "ALERT_ID", "ALERT_CYCLE_KEY", "AGGREG_KEY", "ALERT_TRANSITION", "ALERT_TYPE", "ALERT_METRIC"),
    *("ALERT_QUERY", "ALERT_SCOPE", "ALERT_STATUS", "ALERT_TITLE", "ALERT_PRIORITY", "EVENT_TITLE"),
    *(
        "EVENT_TYPE",
        "TAGS",
        "HOSTNAME",
        "LINK",
        "SNAPSHOT",
        "DATE",
        "LAST_UPDATED",
        "ORG_ID",
        "TEXT_ONLY_MSG",
    ),
)
"""The text comes last: whatever an unquoted log sample in it breaks, the fields before it are already read."""


def payload_template() -> str:
    """The template as JSON text, one variable a line. Every value is a quoted string, numbers included, since an empty
    variable without quotes would break the document."""
    return json.dumps({variable.lower(): f"${variable}" for variable in VARIABLES}, indent=2)


def custom_headers(secret: str) -> str:
    """The webhook's custom headers as JSON text; ``secret`` is the secret itself or a ``$VARIABLE`` that holds it."""
    return json.dumps({SECRET_HEADER: secret})
