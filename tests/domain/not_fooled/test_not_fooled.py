"""Another service's answer in the place of ours, with a friendly 200: refused; a page that only speaks of one: not."""

from __future__ import annotations

import pytest

from fixloop_bot.domain.expectations.assertions import implicit
from fixloop_bot.domain.expectations.expect import parse
from fixloop_bot.domain.samples import Response

HTML, TEXT, JSON, XML = "text/html; charset=utf-8", "text/plain", "application/json", "application/xml"


def page(title: str, text: str = "", *, heading: str = "") -> str:
    heading = f"<h1>{heading}</h1>" if heading else ""
    return f"<!DOCTYPE html><html><head><title>{title}</title></head><body>{heading}<p>{text}</p></body></html>"


def found(body: str, kind: str = HTML, *lines: str, status: int = 200) -> list[str]:
    """What is said about an answer."""
    response = Response(status=status, headers=(("content-type", kind),), body=body.encode())
    return [result.seen for result in implicit([parse(line) for line in lines or ("status == 200",)], response)]


STRANGE = {
    "nginx": (page("Welcome to nginx!", "If you see this page, …", heading="Welcome to nginx!"), HTML),
    "nginx on Debian": (page("Welcome to nginx on Debian!"), HTML),
    "Apache on Ubuntu": (page("Apache2 Ubuntu Default Page: It works" + " " * 3, "x" * 9000), HTML),
    "Apache itself": ("<html><body><h1>It works!</h1></body></html>", HTML),
    "Apache on Red Hat": (page("Test Page for the Apache HTTP Server on Red Hat Enterprise Linux"), HTML),
    "IIS": (page("IIS Windows Server"), HTML),
    "Tomcat": (page("Apache Tomcat/9.0.82", "x" * 9000), HTML),
    "Caddy": (page("Caddy works!"), HTML),
    "Plesk": (page("Web Server's Default Page"), HTML),
    "Azure": (page("Microsoft Azure App Service - Welcome", "Your web app is running"), HTML),
    "an ingress' default backend": ("default backend - 404", TEXT),
    "Traefik": ("404 page not found\n", TEXT),
    "Envoy": ("upstream connect error or disconnect/reset before headers. reset reason: overflow", TEXT),
    "Istio": ("no healthy upstream", TEXT),
    "HAProxy": (page("", heading="503 Service Unavailable"), HTML),
    "a load balancer of Google": (
        "response 404 (backend NotFound), service rules for the path non-existent\n",
        TEXT,
    ),
    "Kong": ('{"message":"no Route matched with those values"}', JSON),
    "nginx' error page": (page("502 Bad Gateway", heading="502 Bad Gateway"), HTML),
    "an error page's title": (page("Error 404 - Not Found"), HTML),
    "S3": (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchBucket</Code><Message>The specified bucket does '
        "not exist</Message></Error>",
        XML,
    ),
    "Azure Blob": ('\ufeff<?xml version="1.0"?><Error><Code>BlobNotFound</Code></Error>', XML),
    "GitHub Pages": (page("Site not found &middot; GitHub Pages", "There isn't a GitHub Pages site here."), HTML),
    "Heroku": (page("No such app", "There is no app configured at that hostname."), HTML),
    "Netlify": ("Not Found - Request ID: 01HF5", TEXT),
    "Vercel": (page("404: DEPLOYMENT_NOT_FOUND"), HTML),
    "Fastly": ("Fastly error: unknown domain: shop.example.com. Please check that this domain has been added.", TEXT),
    "CloudFront": (page("ERROR: The request could not be satisfied"), HTML),
    "Cloudflare's block": (page("Attention Required! | Cloudflare", "x" * 5000), HTML),
    "Cloudflare's interstitial": (page("Just a moment...", "x" * 9000), HTML),
    "Cloudflare's 522": (page("shop.example.com | 522: Connection timed out", "x" * 9000), HTML),
    "Cloudflare's plain error": ("error code: 1003", TEXT),
    "Akamai": (
        page("Access Denied", "Access Denied You don't have permission to access / on this server. Reference #18.1"),
        HTML,
    ),
    "Imperva": (page("", "Request unsuccessful. Incapsula incident ID: 1-2"), HTML),
    "ngrok": ("Tunnel abc.ngrok.io not found", TEXT),
    "ngrok's edge": (page("", "The endpoint abc.ngrok-free.app is offline. ERR_NGROK_3200"), HTML),
    "localtunnel": (page("Tunnel Unavailable"), HTML),
    "a parked domain": (page("example.com is for sale | Example Brokers"), HTML),
    "GoDaddy": (page("", "This Web page is parked free, courtesy of GoDaddy.com"), HTML),
    "a captive portal": (page("Airport Free Wi-Fi Login"), HTML),
    "Squid": (page("ERROR: The requested URL could not be retrieved", "x" * 3000), HTML),
    "Zscaler": (page("Internet Security by Zscaler"), HTML),
}


@pytest.mark.parametrize("who", STRANGE)
def test_another_services_answer_does_not_count(who: str) -> None:
    """Known by its title, or by the whole text of a small body."""
    body, kind = STRANGE[who]
    told = found(body, kind)
    assert any(" (“" in each for each in told), told


LONG = "Our service runs behind nginx. " * 100
OURS = {
    "an article about nginx": (page("How we moved to nginx", "Welcome to nginx! " + LONG), HTML),
    "a guide with the words in its title": (page("Fixing “Welcome to nginx!” in five minutes"), HTML),
    "a tutorial": (page("Welcome to nginx! A tutorial in ten chapters"), HTML),
    "a town's page": (page("Welcome to Apache Junction, Arizona"), HTML),
    "a film": (page("500 Days of Summer"), HTML),
    "a marketplace": (page("1967 Mustang is for sale"), HTML),
    "a shop's page for a parking meter": (page("Parking meters and domain rings"), HTML),
    "a small page that mentions a backend": (page("Status", "All default backends answer"), HTML),
    "a page on tunnels": (page("Tunnels of the Alps", "The tunnel is closed on Monday"), HTML),
    "a CDN's customer": (page("Shop | Delivered by our content network"), HTML),
    "plain text that goes on": ("default backend - 404 is what you see when no rule matches", TEXT),
    "JSON about errors": ('{"codes": [{"code": "NoSuchBucket"}, {"code": 502, "text": "Bad Gateway"}]}', JSON),
    "XML of ours": ("<Orders><Error><Code>NoSuchBucket</Code></Error></Orders>", XML),
    "a word": ("ok", TEXT),
    "an object of little": ('{"id": 0}', JSON),
    "an order": ('{"message": "moment", "id": 1042}', JSON),
}


@pytest.mark.parametrize("what", OURS)
def test_a_page_that_only_mentions_the_words_counts(what: str) -> None:
    body, kind = OURS[what]
    assert found(body, kind) == []


def test_a_step_that_wants_exactly_that_page_gets_it() -> None:
    """A line quotes it; a line about another part of the body does not."""
    body, kind = STRANGE["nginx"]
    assert found(body, kind, 'body contains "Welcome to nginx!"') == []
    assert found(body, kind, 'body contains "<title>"') != []
    assert found(body, kind, 'body not contains "Welcome to nginx!"') != []


def test_another_status_is_judged_by_the_status_alone() -> None:
    """A step that wants its 404 may well get it from a default backend."""
    assert found("default backend - 404", TEXT, "status == 404", status=404) == []


def test_it_says_who_answered() -> None:
    body, kind = STRANGE["S3"]
    assert found(body, kind)[0].startswith("an object store's error document (“<?xml")
    assert found(*STRANGE["nginx"]) == ["a web server's default page (“Welcome to nginx!”)"]
