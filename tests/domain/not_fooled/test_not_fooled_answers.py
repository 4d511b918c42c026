"""Rule of proof 4: logins that are asked for, caches, polite errors, blank answers; each with its near misses."""

from __future__ import annotations

import pytest

from fixloop_bot.domain.expectations.assertions import implicit
from fixloop_bot.domain.expectations.expect import parse
from fixloop_bot.domain.samples import Response

HTML, TEXT, JSON = "text/html; charset=utf-8", "text/plain", "application/json"
LOGIN = (
    "<html><head><title>Login</title></head><body><form method=post><input name=u><input type=password name=p>"
    "<input type=hidden name=csrf value=tok1></form></body></html>"
)


def page(title: str, body: str = "") -> str:
    return f"<!DOCTYPE html><html><head><title>{title}</title></head><body>{body}</body></html>"


def found(
    body: str | bytes,
    kind: str = JSON,
    *lines: str,
    status: int = 200,
    method: str = "GET",
    path: str = "",
    captures: bool = False,
    headers: tuple[tuple[str, str], ...] = (),
) -> list[str]:
    """What is said about an answer to a step that looks at the status alone, unless ``lines`` do more."""
    raw = body if isinstance(body, bytes) else body.encode()
    response = Response(status=status, headers=(("content-type", kind), *headers), body=raw)
    parsed = [parse(line) for line in lines or ("status == 200",)]
    return [result.seen for result in implicit(parsed, response, method=method, path=path, captures=captures)]


@pytest.mark.parametrize("path", ["/login", "/users/sign_in", "/auth/login?next=/", "/oauth2/authorize", "/register"])
def test_a_request_that_asks_for_a_login_page_gets_it(path: str) -> None:
    """A healthy login journey begins with that page."""
    assert found(LOGIN, HTML, path=path) == []
    assert found(LOGIN, HTML, method="HEAD", path=path) == []


def test_a_journey_that_captures_from_a_login_page_gets_it() -> None:
    assert found(LOGIN, HTML, path="/", captures=True) == []


@pytest.mark.parametrize(
    ("path", "method", "lines"),
    [
        ("", "GET", ()),
        ("/account", "GET", ()),
        ("/account?next=/login", "GET", ()),
        ("/blog/authors", "GET", ()),
        ("/login", "POST", ()),
        ("/auth/me", "GET", ("json $.id exists", "header content-type exists")),
    ],
)
def test_a_login_page_in_the_place_of_another_does_not_count(path: str, method: str, lines: tuple[str, ...]) -> None:
    """Nor after the form was sent, nor where JSON was asked for."""
    assert found(LOGIN, HTML, *lines, path=path, method=method) == ["a login page"]


def test_a_login_that_leads_on_to_the_next_one_counts() -> None:
    to = (("location", "/oauth2/authorize"),)
    assert found("", TEXT, "status == 302", status=302, headers=to, path="/login") == []
    assert found("", TEXT, "status == 302", status=302, headers=to, path="/account") != []
    assert found("", TEXT, "status == 302", status=302, headers=to, path="/login", method="POST") != []


FORM = "<form>User <input name=u> Password <input type=password><input type=submit></form>"
SENT_AWAY = {
    "a form of two fields": page("Welcome", FORM),
    "a form of one field": page("My Shop", "<nav>Shop | Cart</nav><h1>Please identify yourself</h1>" + FORM[20:]),
    "a refresh": "<html><head><meta http-equiv=refresh content='0;url=/login'></head></html>",
    "a refresh in quotes": page("…", '<meta http-equiv="refresh" content="0; url=https://sso.example.com/">'),
    "a script": "<script>location='/login'</script>",
    "a script that replaces": page("Redirecting", "<script>window.location.replace('/users/sign_in')</script>Wait"),
}


@pytest.mark.parametrize("what", SENT_AWAY)
def test_a_page_that_only_leads_to_a_login_does_not_count(what: str) -> None:
    assert found(SENT_AWAY[what], HTML, path="/page") == ["a login page"]
    assert found(SENT_AWAY[what], HTML, path="/login") == []


OWN_FORMS = {
    "a shop with a login box": page("Shop", "<p>" + "Kettles and cups of all kinds. " * 15 + "</p>" + FORM),
    "a login box and a search": page("Shop", "<input type=search name=q>" + FORM),
    "a change of password": page("Settings", "<input type=password name=old><input type=password name=new>"),
    "a script with other aims": page("Cart", "<script>location='/cart'</script>"),
    "a link in a script of a real page": page("Shop", "<p>Kettle</p>" * 60 + "<script>location='/login'</script>"),
    "a text about forms": page("HTML", "<p>Write &lt;input type=password&gt; for a secret.</p>"),
    "a reload": page("Board", "<meta http-equiv=refresh content='30;url=/board'><p>3 open</p>"),
}


@pytest.mark.parametrize("what", OWN_FORMS)
def test_a_page_that_has_more_to_it_counts(what: str) -> None:
    assert found(OWN_FORMS[what], HTML, path="/page") == []


CACHED = [
    ("x-cache", "TCP_HIT from a1.akamai"),
    ("x-cache", "TCP_MEM_HIT"),
    ("x-cache", "TCP_REMOTE_HIT"),
    ("x-cache", "TCP_REFRESH_FAIL_HIT"),
    ("x-cache", "Hit from cloudfront"),
    ("x-cache", "MISS, HIT"),
    ("x-cache-status", "STALE"),
    ("x-cache-status", "UPDATING"),
    ("cdn-cache", "HIT"),
    ("x-sucuri-cache", "HIT"),
    ("x-nginx-cache", "HIT"),
    ("x-rack-cache", "fresh"),
    ("x-cached", "true"),
    ("x-cache-hits", "7"),
    ("x-cache-hits", "0, 3"),
    ("warning", '110 - "Response is Stale"'),
    ("warning", '199 - "a, b", 110 cache "Stale"'),
    ("age", "120, 5"),
    ("age", "0120"),
    ("cache-status", "edge; hit; ttl=5"),
    ("cache-status", "origin; fwd=miss, edge;hit"),
    ("cache-status", "edge; hit=?1"),
    ("cache-status", "HIT"),
]
FRESH = [
    ("x-cache", "MISS"),
    ("x-cache", "MISS from hit.example.com"),
    ("x-cache", "EXPIRED"),
    ("x-cache", "CONFIG_NOCACHE"),
    ("x-cache", "RefreshHit from cloudfront"),
    ("x-cache", "TCP_REFRESH_HIT"),
    ("x-cache", "hit-for-pass"),
    ("x-cache", "WHITE"),
    ("x-cache-lookup", "HIT from edge:80"),
    ("x-cache-status", "BYPASS"),
    ("x-cache-status", "REVALIDATED"),
    ("cf-cache-status", "DYNAMIC"),
    ("x-cache-hits", "0"),
    ("x-cache-hits", "0, 0"),
    ("x-cached", "false"),
    ("x-rack-cache", "miss, store"),
    ("x-rack-cache", "stale, valid, store"),
    ("warning", '299 - "error, 110 of them"'),
    ("warning", '214 - "Transformation Applied"'),
    ("age", "0"),
    ("age", "0, 0"),
    ("cache-status", "Cloud; fwd=uri-miss; stored"),
    ("cache-status", "hit; fwd=miss"),
    ("cache-status", 'edge; fwd=miss; detail="no, hit"'),
    ("cache-status", "edge; hit=?0"),
]


@pytest.mark.parametrize(("name", "value"), CACHED)
def test_an_answer_from_a_cache_does_not_count(name: str, value: str) -> None:
    """Unless the step speaks of that header."""
    told = found("ok", TEXT, headers=((name, value),))
    assert len(told) == 1
    assert told[0].startswith("cached (")
    assert found("ok", TEXT, f"header {name} exists", headers=((name, value),)) == []


@pytest.mark.parametrize(("name", "value"), FRESH)
def test_an_answer_that_a_cache_fetched_counts(name: str, value: str) -> None:
    """What a cache has asked the service about again is the service's own word."""
    assert found("ok", TEXT, headers=((name, value),)) == []


def test_a_lookup_is_no_evidence_beside_a_miss() -> None:
    assert found("ok", TEXT, headers=(("x-cache-lookup", "HIT from e:80"), ("x-cache", "MISS from e"))) == []


POLITE = [
    '{"error": true, "message": "db down"}',
    '{"status": "error", "message": "could not reach db"}',
    '{"status": "error"}',
    '{"status": "fail", "data": null}',
    '{"status": "Failed", "request_id": "7"}',
    '{"status": "failure"}',
    '{"code": 500, "message": "Internal Server Error"}',
    '{"code": "404", "error": "gone"}',
    '{"status": 503, "detail": "x"}',
    '{"statusCode": 503, "message": "x"}',
    '{"statusCode": 503}',
    '{"success": "false"}',
    '{"success": false, "id": 3}',
    '{"Error": "boom"}',
    '{"errorMessage": "boom"}',
    '{"error": {"code": 14, "message": ""}}',
    '{"jsonrpc": "2.0", "id": 1, "error": {"code": -32603}}',
    '{"data": null, "errors": [{"message": "x"}]}',
    '{"errors": {"name": ["is missing"]}}',
    '[{"error": "x"}, {"error": "y"}]',
    '[{"jsonrpc": "2.0", "id": 1, "error": {"code": -32603}}]',
]


@pytest.mark.parametrize("body", POLITE)
def test_an_error_with_a_friendly_status_does_not_count(body: str) -> None:
    """Also where its content type does not say that it is JSON; but a line that looks into it is the step's own."""
    assert [told.startswith("an error (") for told in found(body)] == [True]
    assert [told.startswith("an error (") for told in found(body, HTML)] == [True]
    assert found(body, JSON, "json $ exists") == []


@pytest.mark.parametrize(
    "body",
    [
        '{"error": null}',
        '{"error": ""}',
        '{"error": false, "x": 1}',
        '{"error": 0, "message": "fine"}',
        '{"error": []}',
        '{"error": "none"}',
        '{"error": {"code": 0, "message": ""}}',
        '{"error": 0.02, "mean": 3.1}',
        '{"errors": [], "data": {}}',
        '{"errors": 3, "requests": 900}',
        '{"errors": {"4xx": 3}, "requests": 900}',
        '{"status": "ok", "message": "error budget"}',
        '{"status": "error_free"}',
        '{"status": "success", "code": 200}',
        '{"id": 7, "status": "failed", "message": "card declined"}',
        '{"order_id": 7, "status": "failed"}',
        '{"name": "error", "price": 3}',
        '{"product": "error"}',
        '{"code": 500, "currency": "EUR"}',
        '{"code": 200, "message": "ok"}',
        '{"code": 450, "name": "Kettle", "message": "new"}',
        '{"status": 200, "message": "ok"}',
        '{"url": "https://a.example", "statusCode": 503}',
        '{"success": "true"}',
        '{"success": 0, "pending": 4}',
        '[{"error": "x"}, {"id": 2}]',
        '[{"error": null}]',
        '[{"id": 3, "error": "card declined"}]',
        "[1, 2]",
        "0",
        "false",
    ],
)
def test_an_answer_that_only_speaks_of_errors_counts(body: str) -> None:
    assert found(body) == []


def test_a_step_that_asks_for_errors_gets_them() -> None:
    body = '{"errors": [{"message": "seen at noon"}]}'
    assert found(body, path="/api/errors?day=1") == []
    assert found(body, path="/api/terrorists") != []
    assert found('{"success": false}', path="/api/errors") != []


def test_a_problem_document_is_none_of_the_answers() -> None:
    """Whatever it says: its content type is that of an error (RFC 9457)."""
    problem = '{"type": "about:blank", "title": "Internal Server Error"}'
    assert found(problem, "application/problem+json") != []
    assert found("<problem/>", "application/problem+xml") != []
    assert found(problem, "application/problem+json", "json $.title exists") == []
    assert found('{"type": "about:blank"}', "application/hal+json") == []


@pytest.mark.parametrize("body", ["null", "{}", "[]", '""', " {} \n"])
def test_json_that_says_nothing_does_not_count_where_it_is_read(body: str) -> None:
    """A change is often answered so, and a line that looks into the body decides for itself."""
    assert [told.startswith("empty (") for told in found(body)] == [True]
    for method in ("PUT", "DELETE", "PATCH", "POST"):
        assert found(body, method=method) == []
    assert found(body, JSON, "status == 202", status=202) == []
    assert found(body, JSON, "json $ exists") == []
    assert found(body, JSON, "size < 9000 bytes") == []


ERROR_PAGES = {
    "Spring": (page("", "<h1>Whitelabel Error Page</h1><p>This application has no explicit mapping"), HTML),
    "Django's debug page": (page("OperationalError at /", "x" * 9000), HTML),
    "Django": (page("Server Error", "<h1>Server Error (500)</h1>"), HTML),
    "Python": ('Traceback (most recent call last):\n  File "a.py", line 1\nKeyError: 1', TEXT),
    "Python in a page": (
        page("Product", "<h1>Item a</h1><pre>Traceback (most recent call last): KeyError</pre>"),
        HTML,
    ),
    "PHP": ("<br />\n<b>Fatal error</b>:  Uncaught PDOException in /var/www/html/index.php:3<br />", HTML),
    "a database": (page("Shop", "<p>SQLSTATE[HY000] [2002] Connection refused</p>"), HTML),
    "ASP.NET": (page("Runtime Error", "<h1>Server Error in '/' Application.</h1>"), HTML),
    "Rails": (page("We're sorry, but something went wrong (500)", "x" * 5000), HTML),
    "Tomcat": (page("HTTP Status 500 – Internal Server Error", "x" * 5000), HTML),
    "Jetty": (page("Error 500 Server Error"), HTML),
    "Express": (page("Error", "<pre>Cannot GET /page</pre>"), HTML),
    "a directory": (page("Index of /", "<h1>Index of /</h1><a href='a'>a</a>"), HTML),
    "Oops": (page("Oops", "<h1>Something went wrong</h1><p>We are working on it.</p>"), HTML),
    "a line of text": ("Error: database connection failed", TEXT),
}


@pytest.mark.parametrize("what", ERROR_PAGES)
def test_an_error_page_does_not_count(what: str) -> None:
    body, kind = ERROR_PAGES[what]
    assert any(" (“" in told for told in found(body, kind)), found(body, kind)


LONG = "<p>How we found the cause of it, step by step.</p>" * 60
MENTIONS = {
    "a guide": (
        page("Reading a Python traceback", "<p>Traceback (most recent call last) is its first line.</p>"),
        HTML,
    ),
    "a long guide": (page("Debugging", "<pre>Traceback (most recent call last): KeyError</pre>" + LONG), HTML),
    "a story": (page("Diary", "<h1>Something went wrong</h1>" + LONG), HTML),
    "a song": (page("Something went wrong with my heart, a song", "<p>3:15</p>"), HTML),
    "an index": (page("Index of authors", "<p>Austen"), HTML),
    "a code": (page("SQLSTATE codes", "<p>SQLSTATE[HY000] stands for a general error.</p>"), HTML),
    "a film": (page("Fatal Error, the film", "<p>Fatal error, a film of 1999</p>"), HTML),
    "no error": ("error: none", TEXT),
    "a figure": ("error: 0.02", TEXT),
    "several figures": ("errors: 3\nrequests: 900", TEXT),
    "a list with the word": ("cleaning\nmaintenance\nrepair\n", TEXT),
    "a listing of lines": ("error: the word\nand what it means", TEXT),
    "a page in German": (page("Wartung Ihres Autos", "<p>Wir sind bald in Ihrer Stadt.</p>"), HTML),
    "a Dutch firm": (page("Jansen", "<p>Specialist in onderhoud van tuinen</p>"), HTML),
    "a Portuguese firm": (page("Silva", "<p>Especialistas em manutenção de elevadores</p>"), HTML),
    "an article that is sold out": (page("Kanne", "<p>Dieser Artikel ist vorübergehend nicht verfügbar</p>"), HTML),
    "an app's shell": (page("App", "<div id=root></div><script src=/app.js></script>"), HTML),
    "an app's empty shell": ("<html><head><script src=/a.js></script></head><body></body></html>", HTML),
    "a picture": (page("Logo", "<img src=/logo.png>"), HTML),
}


@pytest.mark.parametrize("what", MENTIONS)
def test_a_page_that_mentions_an_error_counts(what: str) -> None:
    body, kind = MENTIONS[what]
    assert found(body, kind) == []


def test_a_step_that_looks_into_a_page_decides_for_itself() -> None:
    """What may be an error page is one only where the status is all that is looked at."""
    body, kind = ERROR_PAGES["Oops"]
    assert found(body, kind, 'body contains "working on it"') == []


@pytest.mark.parametrize(
    "text",
    [
        "<title>Wartungsarbeiten</title><h1>Wir sind bald zurück</h1>",
        "<p>Unsere Seite ist wegen geplanter Wartungsarbeiten nicht erreichbar",
        "<h1>Site en maintenance</h1>",
        "<p>Le site est actuellement en maintenance.",
        "<p>Nous serons bient&ocirc;t de retour",
        "<h1>Estamos en mantenimiento</h1>",
        "<p>Volveremos pronto",
        "<p>Il sito è in manutenzione",
        "<h1>Manutenzione programmata</h1>",
        "<h1>Em manutenção</h1>",
        "<p>Serviço temporariamente indisponível",
        "<p>De website is momenteel in onderhoud",
        "<p>Wij zijn snel weer online",
        "<h1>We'll be right back</h1>",
    ],
)
def test_a_maintenance_page_does_not_count_in_any_of_seven_languages(text: str) -> None:
    assert found(f"<html><body>{text}</body></html>", HTML) == ["a maintenance page"]


@pytest.mark.parametrize(
    "body",
    [
        "<html><head></head><body></body></html>",
        "<!DOCTYPE html>\n<html lang=en><head><title>Shop</title><meta charset=utf-8></head>\n<body class=x>\n</body>",
        "<html><body><!-- nothing --></body></html>",
    ],
)
def test_a_blank_page_does_not_count(body: str) -> None:
    assert found(body, HTML) == ["an empty page"]
    assert found(body, HTML, "size > 10 bytes") == []
