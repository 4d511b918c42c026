"""The names under which customers send Datadog's webhook variables, and the words of a transition.

A payload is the customer's own template, so one variable comes under many keys. Keys are compared by their letters
and digits alone: ``alert_id``, ``alertId``, ``$ALERT_ID``, ``alert id`` and ``{"alert": {"id": …}}`` are all
``alertid``. The variables are those of docs.datadoghq.com/integrations/webhooks; SERVICE, ENV, VALUE and HINT are
FixLoop's own.
"""

from __future__ import annotations

import re

from fixloop_bot.domain.signals import Transition

EXPLICIT: dict[str, tuple[str, ...]] = {
    "ALERT_CYCLE_KEY": (
        "alertcyclekey",
        "alertcyclekeytxt",
        "alertcycleid",
        "alertcycle",
        "cyclekey",
        "cycleid",
    ),
    "AGGREG_KEY": (
        *("aggregkey", "aggregationkey", "aggregatekey", "aggregatedkey", "eventaggregkey"),
        *("aggregationid", "aggregid"),
    ),
    "ALERT_ID": (
        *("alertid", "monitorid", "alertmonitorid", "datadogmonitorid", "ddmonitorid", "datadogalertid"),
        *("monitoridentifier", "alertidentifier"),
    ),
    "ID": ("eventid", "datadogeventid", "ddeventid", "evtid", "notificationid"),
    "ALERT_TRANSITION": (
        *("alerttransition", "monitortransition", "transition", "transitionname", "transname"),
        *("alerttransitionname", "datadogtransition", "transitiontype", "transtype"),
    ),
    "ALERT_TYPE": ("alerttype", "datadogalerttype"),
    "ALERT_METRIC": ("alertmetric", "metricname", "alertmetricname", "metric"),
    "ALERT_QUERY": ("alertquery", "monitorquery", "metricquery"),
    "ALERT_SCOPE": ("alertscope", "monitorscope", "triggerscope", "alertgroup", "monitorgroup"),
    "ALERT_TITLE": ("alerttitle", "monitorname", "alertname", "monitortitle"),
    "ALERT_PRIORITY": ("alertpriority", "monitorpriority"),
    "EVENT_TITLE": ("eventtitle", "msgtitle"),
    "TEXT_ONLY_MSG": ("textonlymsg", "textonlymessage", "textonly", "plaintext", "textmsg"),
    "EVENT_MSG": (
        *("eventmsg", "eventmessage", "eventtext", "eventbody", "msgtext"),
        *("alertmessage", "alertmsg", "alertbody", "alerttext", "monitormessage"),
        *("alertdescription", "eventdescription", "monitordescription"),
    ),
    "TAGS": ("tags", "eventtags", "alerttags", "monitortags", "ddtags", "tagset"),
    "LINK": (
        *("link", "eventlink", "alertlink", "monitorlink", "eventurl", "alerturl", "monitorurl"),
        *("permalink", "titlelink", "datadoglink", "datadogurl"),
    ),
    "SNAPSHOT": ("snapshot", "snapshoturl", "graphsnapshot", "graphurl", "imageurl"),
    "DATE": (
        *("eventdate", "alertdate", "datehappened", "occurredat", "eventtime", "firetime", "alerttime"),
        *("triggeredat", "eventtimestamp", "eventts", "dateposix", "occurredatposix", "timestampposix"),
    ),
    "LAST_UPDATED": (*("lastupdated", "lastupdate", "updatedat", "lastupdatedat", "lastupdatedposix", "agenttime"),),
    "HOSTNAME": ("hostname", "host"),
    "EVENT_TYPE": ("eventtype",),
    "ORG": ("orgid", "orgname", "organizationid", "organizationname"),
    "SERVICE": ("service", "servicename", "ddservice"),
    "ENV": ("env", "environment", "ddenv", "envname", "environmentname"),
    "VALUE": (
        *("alertvalue", "currentvalue", "metricvalue", "eventvalue", "lastvalue", "observedvalue"),
        *("measuredvalue", "triggervalue"),
    ),
}
"""Keys that say by themselves which variable they hold, wherever they stand; the first is Datadog's own name."""

GENERIC: dict[str, tuple[str, ...]] = {
    "AGGREG_KEY": (
        "dedupkey",
        "deduplicationkey",
        "incidentkey",
        "alias",
        "fingerprint",
        "aggregate",
        "uniquekey",
        "externalid",
    ),
    "ID": ("id",),
    "ALERT_QUERY": ("query",),
    "ALERT_SCOPE": ("scope", "scopes", "group"),
    "ALERT_PRIORITY": ("priority",),
    "TITLE": ("title", "name", "subject", "summary", "headline", "shortdescription", "activitytitle"),
    "MESSAGE": (
        *("body", "message", "msg", "text", "description", "content", "details", "detail", "markdown"),
        *("prompt", "fallback"),
    ),
    "TAGS": ("labels",),
    "LINK": ("url", "href", "sourceurl", "clienturl"),
    "SNAPSHOT": ("image", "graph"),
    "DATE": ("date", "timestamp", "time", "datetime", "ts"),
    "VALUE": ("value",),
    "HINT": (
        *(
            "alertstatus",
            "alertstate",
            "monitorstatus",
            "monitorstate",
            "status",
            "state",
            "eventaction",
            "action",
        ),
        *("event", "type", "severity", "level"),
    ),
}
"""Keys that mean something only at the top, or inside an envelope: an ``id`` under ``org`` is not the event's."""

ENVELOPES = frozenset(
    (
        *("alert", "alerts", "event", "events", "evt", "monitor", "notification", "datadog", "dd"),
        *("data", "payload", "body", "json", "attributes", "details", "detail", "extra", "metadata"),
        *("meta", "annotations", "attachments", "fields", "facts", "message", "text", "content", "customdetails"),
        *("embeds", "sections", "incident", "context", "prompt", "clientpayload", "variables", "inputs"),
    )
)
"""Objects that only wrap: what is inside counts as if it stood at the top."""

JSON_TEXT = frozenset(("payload", "data", "event", "alert", "json", "datadog", "body", "message", "text", "content"))
"""Keys whose value may be a JSON document written as a string (a form field, a queue's envelope)."""


def _places(table: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, int]]:
    return {key: (variable, place) for variable, keys in table.items() for place, key in enumerate(keys)}


EXPLICIT_KEYS = _places(EXPLICIT)
GENERIC_KEYS = _places(GENERIC)

_PUNCTUATION = re.compile(r"[\W_]+")
_ABSENT = frozenset({"", "null", "none", "nil", "n/a", "undefined", "(null)", "<no value>"})
_UNRESOLVED = re.compile(r"\$\{?[A-Z][A-Z0-9_]*(?:\[[^\]]*\])?\}?|\{\{[^}]*\}\}")


def normal(key: str) -> str:
    """A key's letters and digits, in lower case."""
    return _PUNCTUATION.sub("", key[:120]).lower()


def meaningful(text: str) -> bool:
    """Whether a value says anything: not empty, not the word null, not a variable that Datadog did not fill in."""
    stripped = text.strip()
    return stripped.lower() not in _ABSENT and not _UNRESOLVED.fullmatch(stripped[:200])


def resolved(text: str) -> bool:
    """Whether a value meant as a key has no unfilled variable inside, which would make all alerts one."""
    return meaningful(text) and not _UNRESOLVED.search(text[:2000])


DATADOG_WORDS: dict[str, Transition] = {
    "triggered": Transition.TRIGGERED,
    "retriggered": Transition.RE_TRIGGERED,
    "warn": Transition.WARN,
    "rewarn": Transition.RE_WARN,
    "nodata": Transition.NO_DATA,
    "renodata": Transition.RE_NO_DATA,
    "recovered": Transition.RECOVERED,
    "triggeredrecovered": Transition.RECOVERED,
    "alertrecovered": Transition.RECOVERED,
    "warnrecovered": Transition.RECOVERED,
    "nodatarecovered": Transition.RECOVERED,
    "renotify": Transition.RENOTIFY,
}
"""Datadog's own words, which alone count in a title: people call monitors "[Warning] disk"."""

FIELD_WORDS: dict[str, Transition] = DATADOG_WORDS | {
    "alert": Transition.TRIGGERED,
    "alerting": Transition.TRIGGERED,
    "warning": Transition.WARN,
    "rewarning": Transition.RE_WARN,
    "renotified": Transition.RENOTIFY,
    "recovery": Transition.RECOVERED,
    "alertrecovery": Transition.RECOVERED,
    "warnrecovery": Transition.RECOVERED,
    "warningrecovered": Transition.RECOVERED,
    "warningrecovery": Transition.RECOVERED,
    "nodatarecovery": Transition.RECOVERED,
}
"""The same, and the API's and the monitor editor's spellings, for a field that can hold nothing but a transition."""

TAG_SYNONYMS = {"env": "environment"}
"""Datadog's own tag, and the one that people had before it."""

TOOLS = frozenset({"datadog", "dd", "fixloop"})
"""Names that templates put under ``service`` to say who sends, not what is in trouble."""

ALERT_TYPES = {"error": Transition.TRIGGERED, "warning": Transition.WARN, "success": Transition.RECOVERED}
"""What $ALERT_TYPE means for a monitor's notification; "info" means nothing."""


def transition_word(text: str, words: dict[str, Transition]) -> Transition | None:
    """The transition that a text consists of, or None: "Not Recovered" is not "Recovered"."""
    return words.get(normal(text)) if len(text) <= 60 else None
