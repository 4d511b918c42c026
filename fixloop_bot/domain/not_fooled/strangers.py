"""Pages that servers, proxies, hosts and portals show in the place of a service, often with a friendly 200.

Each is known by what it says of itself: its title, or the whole text of a small body. A page that merely mentions the
words, a blog post about nginx for instance, is longer than that and has a title of its own. Wordings are the products'
own, collected from their default configurations and error documents.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson
import re2

from fixloop_bot.domain.reasons import listed

AS_BEFORE = "shape as before"
"""The title of a schema that was learned from a baseline."""
_MEMORY = 32 << 20  # bytes that one pattern's states may take: with RE2's own 8 MB so many patterns run slowly


@dataclass(frozen=True, slots=True)
class Stranger:
    """Who answers, and how that is known. Patterns are RE2, without case; ``titles`` match a whole title or heading,
    ``texts`` the beginning of a small body's text. The ``small`` ones do only where no line looks into the body."""

    who: str
    titles: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    small_titles: tuple[str, ...] = ()
    small_texts: tuple[str, ...] = ()


STRANGERS = (
    Stranger(
        "a web server's default page",
        titles=(
            r"welcome to (nginx|openresty|tengine|caddy|centos|fedora|lighttpd)!?( on .{0,30})?",
            r"(apache2?|nginx|lighttpd|caddy)( http server)? (\w+ )?(default|test|placeholder) page.{0,60}",
            r"test page for the (apache|nginx|http) .{0,60}",
            r"(http server|powered by) test page.{0,60}|placeholder page",
            r"iis ?(windows( server)?|\d+(\.\d+)?)?( detailed error)?|microsoft internet information services.{0,20}",
            r"apache tomcat(/[\d.]+)?|(caddy|it) works!?|(domain )?default (web ?site )?page|web server's default page",
            r"microsoft azure (app|web) service - welcome|jetty.{0,20}welcome.{0,20}",
        ),
    ),
    Stranger(
        "an ingress without this service",
        texts=(
            r"default backend( - 404)?$",
            r"404 page not found$",
            r"response 404 \(backend notfound\), service rules for the path non-existent",
            r"no healthy upstream$",
            r"no available server$",
            r"upstream (connect error|request timeout)",
            r"no server is available to handle this request",
            r'\{"message": ?"(no route matched with those values|missing authentication token)"',
            r"(bad gateway|service unavailable|gateway time-?out)\.?$",
        ),
    ),
    Stranger(
        "an error page",
        titles=(
            r"(error )?[45]\d\d[ :|–-]+(error[ :|–-]+)?(bad request|unauthorized|forbidden|not found|gone|"
            r"method not allowed|request time-?out|too many requests|internal server error|not implemented|bad gateway|"
            r"service (temporarily )?unavailable|gateway time-?out)!?",
            r"(http )?error [45]\d\d.{0,20}",
            r"http status [45]\d\d [^a-z].*|whitelabel error page|action controller: exception caught",
            r"\w+(error|exception|doesnotexist) at /.*",
            r"\w+(error|exception): .+ // werkzeug debugger.*",
            r"server error in '.+' application\.?|we're sorry, but something went wrong( \(500\))?\.?",
        ),
        small_titles=(
            r"((oh no|oops|ooops|whoops|sorry)[!,.]* (looks like )?)?something went wrong[.!]*",
            r"(internal )?server error( \(500\))?\.?|an (unexpected )?error (has )?occurred\.?",
        ),
        small_texts=(
            r".*\btraceback \(most recent call last\):",
            r"(php )?(fatal|parse) error ?: |.*\bfatal error ?: +(uncaught |allowed memory size|out of memory)",
            r".*\bsqlstate\[\w{5}\](: | \[)",
            r".*\bexception (value|type) ?:",
            r"(internal )?server error\.?$|an (unexpected )?error (has )?occurred\.?$|something went wrong\.?$",
            r"cannot (get|head|post) /\S*$",
        ),
    ),
    Stranger("a directory listing", titles=(r"index of /.*|directory listing (for|of|--) ?/.*",)),
    Stranger(
        "an object store's error document",
        texts=(
            r"(<\?xml[^>]{0,100}\?>\s*)?<error>\s*<code>(nosuch(bucket|key|website\w*)|accessdenied|allaccessdisabled|"
            r"(blob|container|resource)notfound|webcontentnotfound|permanentredirect|slowdown|internalerror)</code>",
            r"404 not found\s+code: nosuch",
        ),
    ),
    Stranger(
        "a host that does not know this site",
        titles=(
            r"site not found\b.{0,40}",
            r"no such app|heroku \| (no such app|application error)|application error",
            r"404: (not_found|deployment_not_found|this page could not be found)\b.{0,20}",
            r"(azure web app|microsoft azure).{0,20}(error 404|404 web site not found).{0,20}",
            r"(bitbucket|gitlab pages|read the docs).{0,20}not found.{0,20}",
        ),
        texts=(
            r"(404 )?(file not found|there isn't a github pages site here)",
            r"there isn't a (github|gitlab) pages site here",
            r"not found - request id: \w",
            r"the (requested )?deployment could not be found( on vercel)?",
            r"fastly error: unknown domain",
            r"(heroku\S* )?no such app\b",
            r"application failed to respond$",
        ),
    ),
    Stranger(
        "a content network's own page",
        titles=(
            r"attention required! \| cloudflare|just a moment\.{3}|please wait\.{3} \| cloudflare",
            r".{0,100}\| 5\d\d: .{0,60}",
            r"(access denied|worker threw exception|.{0,60}error) \| .{0,80}cloudflare.{0,60}",
            r"error: the request could not be satisfied|the request could not be satisfied\.?",
            r"ddos-guard|human verification|pardon our interruption(\.{3})?|checking your browser.{0,40}|"
            r"verifying you are human.{0,40}|one moment, please(\.{3})?",
        ),
        texts=(
            r"error(\s+code:?)? 10\d\d\b",
            r"request unsuccessful\. incapsula incident id",
            r"access denied you don't have permission to access .{0,200}reference #",
            r"error 5\d\d .{0,80}varnish cache server",
        ),
    ),
    Stranger(
        "a tunnel without its service",
        titles=(r"tunnel .{0,80}not found|.{0,20}tunnel (unavailable|error).{0,40}|ngrok - .{0,60}",),
        texts=(
            r"tunnel .{1,120} not found",
            r"(the )?endpoint .{1,120} is offline",
            r".{0,300}\berr_ngrok_\d+",
            r"(503 - )?tunnel unavailable",
            r"you are about to visit:? ",
        ),
    ),
    Stranger(
        "a parked domain",
        titles=(
            r".{0,80}\b(domain|website)( name)? (is|may be|might be) (for sale|parked|available for purchase).{0,60}",
            r"[\w-]+(\.[\w-]+)+ is (for sale|parked)\b.{0,60}|(parked domain|domain (parking|expired)).{0,60}",
            r"this domain has expired.{0,60}|buy this domain.{0,60}",
        ),
        texts=(r".{0,200}parked free,? courtesy of", r"this domain (is parked|has expired|is for sale)"),
    ),
    Stranger(
        "a portal or proxy in between",
        titles=(
            r"captive portal.{0,40}|.{0,40}(wi-?fi|hotspot|guest network)( access)? (login|log in|sign in|portal)|"
            r"network authentication required",
            r"error: the requested url could not be retrieved|the requested url could not be retrieved",
            r"(web )?(page|site) (blocked|access denied).{0,40}",
            r".{0,40}(web filter|url filter)\w*( violation| block).{0,20}",
            r"internet security by zscaler|access to (this|the) (web ?)?site is (blocked|denied).{0,40}",
        ),
        texts=(
            r"(blocked by|access denied by) (your |the )?(network|administrator|content filter|proxy|security policy)",
        ),
    ),
)


@lru_cache(maxsize=256)
def _any_of(patterns: tuple[str, ...], *, whole: bool) -> Any:
    """One RE2 for many patterns: a body that none of them knows, the usual one, is looked at once."""
    end = "$" if whole else ""
    options = re2.Options()
    options.log_errors, options.max_mem = False, _MEMORY
    return re2.compile(f"(?is)^(?:{'|'.join(patterns)}){end}", options)


def _all(patterns: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(pattern for some in patterns for pattern in some)


_TITLES = _all(each.titles for each in STRANGERS)
_TEXTS = _all(each.texts for each in STRANGERS)
_MORE_TITLES = _TITLES + _all(each.small_titles for each in STRANGERS)
_MORE_TEXTS = _TEXTS + _all(each.small_texts for each in STRANGERS)


def stranger(titles: Sequence[str], small_text: str, *, small: bool = False) -> tuple[str, str] | None:
    """Who answered in the service's place, with the words that show it; None if nobody is known to have.

    ``titles`` are the page's title and headings, ``small_text`` the whole text of a body that is small, else empty;
    both without space around. ``small``: the body is, and what it says is not looked at otherwise. About 2 µs for a
    usual answer.
    """
    known_titles, known_texts = (_MORE_TITLES, _MORE_TEXTS) if small else (_TITLES, _TEXTS)
    known = next((title for title in titles if _any_of(known_titles, whole=True).search(title)), None)
    if known is not None:
        return _who(known, [(each.who, each.titles + each.small_titles) for each in STRANGERS], whole=True), known
    if small_text and _any_of(known_texts, whole=False).search(small_text):
        return _who(
            small_text, [(each.who, each.texts + each.small_texts) for each in STRANGERS], whole=False
        ), small_text
    return None


def _who(text: str, known: Sequence[tuple[str, tuple[str, ...]]], *, whole: bool) -> str:
    return next(who for who, patterns in known if patterns and _any_of(patterns, whole=whole).search(text))


def another_service(schema: str, document: object) -> str:
    """What is wrong with an answer that shares no key with what a baseline saw: it is another service's.

    Empty for every other answer, and for a schema that was not learned from a baseline. ``schema`` is JSON text.
    """
    known = orjson.loads(schema)
    if not isinstance(known, dict) or known.get("title") != AS_BEFORE:
        return ""
    keys = known.get("properties", {}).keys() | set(known.get("required", ()))
    if not keys or not isinstance(document, dict) or keys & document.keys():
        return ""
    names = sorted(keys)
    return f"another service's answer: it has no {listed(names) if len(names) < 4 else listed([*names[:3], 'others'])}"
