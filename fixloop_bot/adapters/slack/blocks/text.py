"""How things are written in Slack: escaped, cut between words, times in the reader's zone, numbers as people read them."""

from __future__ import annotations

from datetime import UTC, datetime

from fixloop_bot.domain.signals import Measure


def escape(text: str) -> str:
    """Text from outside, made harmless: no mention, no link and no control sequence survives."""
    clean = "".join(char for char in text if char.isprintable() or char == "\n")
    return clean.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def one_line(text: str) -> str:
    """Escaped, and without line breaks or formatting marks, to stand within a sentence."""
    return escape(" ".join(text.split())).replace("*", "∗").replace("`", "ˋ").replace("~", "∼")  # noqa: RUF001


def code(text: str) -> str:
    """Inline code; a backtick inside cannot end it."""
    return f"`{escape(' '.join(text.split())).replace('`', 'ˋ')}`"  # noqa: RUF001


def code_block(text: str) -> str:
    return f"```{escape(text).replace('```', 'ˋˋˋ')}```"  # noqa: RUF001


def cut(text: str, most: int) -> str:
    """At most ``most`` characters, ended between words with an ellipsis, and never inside an entity or a link."""
    if len(text) <= most:
        return text
    kept = text[: most - 1]
    opened = max(kept.rfind("<"), kept.rfind("&"))
    if opened >= 0 and max(kept.rfind(">"), kept.rfind(";")) < opened:
        kept = kept[:opened]
    space = max(kept.rfind(" "), kept.rfind("\n"))
    if space > most * 0.6:
        kept = kept[:space]
    return kept.rstrip() + "…"


def clock(at: float) -> str:
    """A time of day in the reader's own zone."""
    spare = datetime.fromtimestamp(at, UTC).strftime("%H:%M UTC")
    return f"<!date^{int(at)}^{{time}}|{spare}>"


def clock_with_seconds(at: float) -> str:
    spare = datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S UTC")
    return f"<!date^{int(at)}^{{time_secs}}|{spare}>"


def plain_clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M UTC")


def span(seconds: float) -> str:
    """``40 s``, ``4 min``, ``2 h 5 min``, ``3 d 4 h``."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes = whole // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def link(url: str, label: str) -> str:
    """A link whose address cannot break out of it."""
    safe = url.replace("|", "%7C").replace("<", "%3C").replace(">", "%3E").replace("&", "&amp;")
    return f"<{safe}|{one_line(label)}>"


def person(who: str | None) -> str:
    """A Slack user as a mention that does not need their name; machines by their name."""
    if not who:
        return "nobody"
    if who[:1] in ("U", "W") and who.isalnum():
        return f"<@{who}>"
    return {"datadog": "Datadog", "fixloop": "FixLoop"}.get(who, one_line(who))


def number(value: float) -> str:
    """Four significant digits, thousands apart, no trailing zeros."""
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.4g}"


def is_share(measure: Measure | None) -> bool:
    """Whether a measure is a share of something, to be read in per cent: a quotient of queries with a limit up to 1."""
    return measure is not None and "/" in measure.query and 0 <= measure.limit <= 1


def reading(value: float, measure: Measure | None) -> str:
    return f"{number(value * 100)} %" if is_share(measure) else number(value)


def counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
