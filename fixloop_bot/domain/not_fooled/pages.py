"""Pages in the place of a service's answer, with a friendly 200: login, maintenance, errors, strangers, blank ones.

A page is known by its title and headings; by its whole text, forms and scripts only if it is small. What merely may be
such a page (a form of two fields, a script that leads to a login) counts where no line looks into the body.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html import unescape

from fixloop_bot.domain.expectations.answers import Answer
from fixloop_bot.domain.expectations.compiled import regex
from fixloop_bot.domain.not_fooled.strangers import stranger
from fixloop_bot.domain.wants import LOGIN_WORD, Asked, Wants

HTML = frozenset({"text/html", "application/xhtml+xml"})

_HEAD = 16_384  # bytes of a page in which its title and form are looked for
_SMALL = 2_000  # bytes up to which a page's whole text counts as what it says
_FEW = 300  # characters of text that a page may have around a form, or beside a script, and be nothing else
_QUOTED = 60  # characters of a stranger's page that are told
_TITLE = r"(?is)<(?:title|h1)[^>]{0,300}>([^<]{0,300})"
_ASKS_FOR_IT = r"(?is)<input[^>]{0,300}type\s*=\s*[\"']?password"
_INPUT = r"(?is)<(?:input|select|textarea)\b([^>]{0,500})"
_UNSEEN = r"(?is)\btype\s*=\s*[\"']?(?:hidden|submit|button|image|reset|checkbox)"
_LEADS_TO = (
    r"(?is)<meta[^>]{0,200}http-equiv\s*=\s*[\"']?refresh[^>]{0,200}url\s*=\s*[\"']?([^\"'>\s]{1,500})",
    r"(?is)<script[^>]{0,200}>[^<]{0,300}location(?:\.href|\.assign|\.replace)?\s*[=(]\s*[\"']([^\"'<]{1,500})",
)
_SCRIPTS = r"(?is)<(script|style|noscript)\b.*?</(script|style|noscript)\s*>|<!--.*?-->"
_NOTHING = (
    r"(?is)^(\s|\x{FEFF}|<!doctype[^>]*>|<!--.*?-->|<head\b.*</head\s*>|</?(html|body)\b[^>]*>|<title.*</title>)*$"
)
_SAYS_ERROR = r"(?i)^(?:fatal |internal )?(?:error|exception): ?([^\n]{3,300})$"
_NO_ERROR = r"(?i)^(?:none|null|nil|no|false|ok|nothing)\b|^[\d.,\s]+$"
_MAINTENANCE = (
    r"(?im)(under|scheduled|down for) (planned |scheduled )?maintenance|maintenance (mode|page|window|work)|"
    r"temporarily (unavailable|down|offline)|be (right )?back (soon|shortly)|service unavailable|"
    r"site is (down|offline)|^\s*(maintenance|we.{1,4}ll be right back)[.!]?\s*$"
)
_MAINTENANCE_ABROAD = (
    r"(?im)wegen .{0,30}wartung(sarbeiten)?\b|wartungsarbeiten durch|maintenance (en cours|programm.e)|"
    r"^\s*(wartung(sarbeiten|smodus)?|mantenimiento|manutenzione|manuten..o|onderhoud(swerkzaamheden)?)[.!]?\s*$|"
    r"^\s*((site|sitio|sitio web|sito|page|p.gina|website) )?(en|em|in|bajo) "
    r"(maintenance|mantenimiento|manutenzione|manuten..o|onderhoud)[.!]?\s*$|"
    r"(è|\b(est|est.|is|wordt|estamos|siamo|sommes|zijn)) (actuellement |temporairement |momenteel |tijdelijk |"
    r"actualmente |temporalmente |temporariamente |attualmente |momentaneamente )?(en|em|in|bajo) "
    r"(maintenance|mantenimiento|manutenzione|manuten..o|onderhoud)\b|modo (de )?mantenimiento",
    r"(?im)(mantenimiento|manutenzione|manuten..o) (programad[ao]|programmata|em curso|in corso)\b|"
    r"(gepland|wegens) onderhoud|"
    r"\b(sind|bin) (gleich|bald|in k.rze) (wieder )?(zur.ck|da|online|erreichbar|f.r sie da)|"
    r"(serons|sommes) .{0,20}de retour|volveremos (pronto|en breve)|torn(iamo|eremo) (presto|subito|a breve)|"
    r"volt(amos|aremos) (j.|em breve)|zijn (zo|snel|binnenkort) (weer )?(terug|online|bereikbaar)|"
    r"(site|service|page|seite|dienst|servizio|pagina|p.gina|sito|sitio|servi.o|servicio)\b[^.]{0,40}"
    r"(vor.bergehend nicht (verf.gbar|erreichbar)|(temporairement|momentan.ment) (indisponible|inaccessible)|"
    r"temporalmente (no disponible|fuera de servicio)|"
    r"(temporaneamente|momentaneamente) non (disponibile|raggiungibile)|"
    r"temporariamente indispon.vel|tijdelijk (niet (beschikbaar|bereikbaar)|onbereikbaar|offline))",
)
_MAINTENANCE_WORD = (
    r"(?i)maintenance|unavailable|offline|back soon|back shortly|right back|wartung|zurück|nicht verfügbar|"
    r"indisponible|manteni|manuten|indispon|onderhoud|tijdelijk"
)


def in_its_place(wants: Wants, answer: Answer, asked: Asked) -> str:
    """Whose page a 2xx with a body is, in words; empty if it may well be the service's own."""
    body = answer.response.body
    html = _looks_like_html(answer)
    small = len(body) <= _SMALL
    if not html:
        return _of_text(wants, answer, body) if small else ""
    head = body[:_HEAD]
    titles = [_text(title) for title in regex(_TITLE).findall(head)]
    page = _decoded(body) if small else ""
    if _is_login(wants, asked, head, titles) or (small and _leads_to_login(wants, asked, page)):
        return "a login page"
    found = _stranger(wants, titles, _without_tags(_without_head(page)), small=small)
    if found:
        return found
    if _is_maintenance(wants, titles, _without_tags(page)):
        return "a maintenance page"
    if not small or wants.content or wants.emptiness:
        return ""
    return "an empty page" if _is_blank(page) else ""


def _of_text(wants: Wants, answer: Answer, body: bytes) -> str:
    if body.startswith((b"{", b"[")) and not body.startswith(b'{"message"'):
        return ""  # no stranger begins like this, most answers do, and the patterns are costly when cold
    text = _text(body)
    plain = answer.content_type.startswith("text/plain")
    if plain and _is_maintenance(wants, [], text):
        return "a maintenance page"
    error = regex(_SAYS_ERROR).search(text) if plain and not wants.content else None
    if error is not None and not regex(_NO_ERROR).search(error.group(1).strip()):
        return f"an error (“{text[:_QUOTED]}”)"
    return _stranger(wants, [], text, small=True)


def _stranger(wants: Wants, titles: list[str], text: str, *, small: bool) -> str:
    found = stranger(titles, text, small=small and not wants.content)
    if found is None or wants.quotes(found[1]):
        return ""
    who, words = found
    return f"{who} (“{words[:_QUOTED]}”)"


def _is_maintenance(wants: Wants, titles: list[str], text: str) -> bool:
    """Each title and the text is a line, so that ``^`` and ``$`` mean a whole one."""
    lines = "\n".join(" ".join(each.split()) for each in (*titles, text))
    if regex(_MAINTENANCE).search(lines):
        return not wants.says(_MAINTENANCE_WORD)
    return not wants.content and any(regex(some).search(lines) for some in _MAINTENANCE_ABROAD)


def _is_login(wants: Wants, asked: Asked, head: bytes, titles: list[str]) -> bool:
    """A page that asks for a password where JSON was expected, or that does nothing else; but not the one asked for."""
    if not regex(_ASKS_FOR_IT).search(head) or wants.says(LOGIN_WORD) or wants.says(r"(?i)password"):
        return False
    if wants.json:
        return True
    if asked.login:
        return False
    return any(regex(LOGIN_WORD).search(title) for title in titles) or (not wants.content and _only_asks_who(head))


def _only_asks_who(head: bytes) -> bool:
    """Little text, and no field but one for the password and at most one for the user."""
    if len(head) > _SMALL:
        return False
    page = _decoded(head)
    fields = [each for each in regex(_INPUT).findall(page) if not regex(_UNSEEN).search(each)]
    secret = [each for each in fields if regex(r"(?i)type\s*=\s*[\"']?password").search(each)]
    return len(secret) == 1 and len(fields) <= 2 and len(_seen(page)) <= _FEW


def _leads_to_login(wants: Wants, asked: Asked, page: str) -> bool:
    """A page without words of its own, that sends the browser to a login page."""
    if wants.content or asked.login or ("location" not in page and "refresh" not in page.lower()):
        return False
    found = (regex(each).search(page) for each in _LEADS_TO)
    targets = [each.group(1).replace("_", " ") for each in found if each is not None]
    return any(regex(LOGIN_WORD).search(target) for target in targets) and len(_seen(page)) <= _FEW


def _is_blank(page: str) -> bool:
    """No element in its body, and none that a script might still put there."""
    return not regex(r"(?i)<script|http-equiv\s*=\s*[\"']?refresh").search(page) and bool(regex(_NOTHING).search(page))


def _looks_like_html(answer: Answer) -> bool:
    if answer.content_type in HTML:
        return True
    return answer.response.body[:200].lstrip()[:14].lower().startswith((b"<!doctype html", b"<html"))


@lru_cache(maxsize=1)
def _tag() -> re.Pattern[str]:
    return re.compile(r"<[^<>]*>")


def _without_tags(page: str) -> str:
    return " ".join(unescape(_tag().sub(" ", page)).split())


def _seen(page: str) -> str:
    """A page's text, without its head and scripts."""
    return _without_tags(regex(_SCRIPTS).sub(" ", _without_head(page)))


def _without_head(page: str) -> str:
    """The page from its body on: the title is looked at by itself."""
    end = regex(r"(?i)</head\s*>").search(page)
    return page if end is None else page[end.start() :]


def _decoded(part: bytes) -> str:
    return part.decode("utf-8-sig", "replace").strip()


def _text(part: bytes) -> str:
    return unescape(_decoded(part)).strip()
