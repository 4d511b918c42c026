"""Forty past incidents of fourteen services, and thirty-two questions, each with the incident that it should find.

Half of the questions use the words of the incident (``WORDS``), half say the same in other words (``PARAPHRASE``), as
somebody does who was not there. Written before the first measurement and not changed since.
"""

from __future__ import annotations

from dataclasses import dataclass

WORDS, PARAPHRASE = "same words", "other words"


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What is kept of an incident: its title, what the alert said, what failed, and what people did."""

    id: str
    service: str
    title: str
    message: str
    reason: str
    fixed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A new trouble in somebody's words, and what it is like."""

    text: str
    wanted: str
    kind: str


def _past(number: int, service: str, title: str, message: str, reason: str, fixed: str) -> Past:
    return Past(id=f"INC-{number}", service=service, title=title, message=message, reason=reason, fixed=fixed)


PAST = (
    _past(
        1,
        "checkout",
        "Checkout error rate above 5 %",
        "POST /checkout returns 402 for every card",
        "step 1 failed: 402 instead of 200",
        "rolled back release 2.14, which sent the wrong merchant id to the acquirer",
    ),
    _past(
        2,
        "checkout",
        "Checkout p95 latency above 4 s",
        "POST /checkout is slow for all carts",
        "step 2 failed: 6,120 ms instead of 400 ms",
        "the tax service was called once for each item; batched again",
    ),
    _past(
        3,
        "checkout",
        "Totals in the cart are wrong",
        "GET /cart returns a total that is not the sum of its items",
        "step 3 failed: json $.total differs",
        "rounding moved from the item to the cart; reverted",
    ),
    _past(
        4,
        "checkout",
        "Checkout answers 503 in eu-west",
        "upstream connect error, reset reason: connection failure",
        "step 1 failed: 503",
        "the load balancer's target group was empty after a scale-in; raised the minimum",
    ),
    _past(
        5,
        "payments",
        "Payment webhooks pile up",
        "the queue payment-events has 180,000 messages, oldest 2 h",
        "step 1 failed: depth above 1,000",
        "consumer was stuck on one poison message; moved to the dead letter queue",
    ),
    _past(
        6,
        "payments",
        "TLS handshake with the bank fails",
        "x509: certificate has expired or is not yet valid",
        "step 1 failed: certificate expired",
        "renewed the client certificate and put its date on the calendar",
    ),
    _past(
        7,
        "payments",
        "Refunds time out",
        "POST /refunds context deadline exceeded after 30 s",
        "step 2 failed: no answer",
        "a missing index on refunds.order_id; created concurrently",
    ),
    _past(
        8,
        "payments",
        "Customers are charged twice",
        "duplicate captures for the same order within a minute",
        "step 4 failed: two captures",
        "retries lacked the idempotency key after the client library was upgraded",
    ),
    _past(
        9,
        "login",
        "Login error rate above 10 %",
        "POST /session returns 401 for valid passwords",
        "step 1 failed: 401",
        "signing keys were rotated on one pod only; restarted the others",
    ),
    _past(
        10,
        "login",
        "SSO redirect loop",
        "users bounce between /oauth/callback and the identity provider",
        "step 1 failed: 302 repeated",
        "the session cookie lost SameSite=None; configuration restored",
    ),
    _past(
        11,
        "login",
        "One-time codes do not arrive",
        "SMS provider returns 429 too many requests",
        "step 2 failed: no code within 60 s",
        "failed over to the second SMS provider",
    ),
    _past(
        12,
        "login",
        "Login pods restart again and again",
        "OOMKilled, exit code 137, memory limit 512Mi",
        "step 1 failed: connection refused",
        "a cache of sessions had no bound; bounded it and raised the limit to 1Gi",
    ),
    _past(
        13,
        "search",
        "Search returns no results",
        "GET /search?q=shoes has zero hits since 02:10",
        "step 1 failed: hits is 0",
        "the alias pointed to the empty index of a failed reindex; pointed back",
    ),
    _past(
        14,
        "search",
        "Search latency above 2 s",
        "Elasticsearch heap at 97 %, long garbage collections",
        "step 2 failed: 3,400 ms",
        "a wildcard query from the new filter was switched off by its flag",
    ),
    _past(
        15,
        "search",
        "New products cannot be found",
        "indexer lag 6 h",
        "step 3 failed: the product is missing",
        "the indexer had lost its partition after a Kafka rebalance; restarted",
    ),
    _past(
        16,
        "catalog",
        "Product pages answer 404",
        "GET /products/A1 returns 404 for 30 % of the range",
        "step 1 failed: 404",
        "an import had marked discontinued suppliers' goods as deleted; restored from backup",
    ),
    _past(
        17,
        "catalog",
        "Prices are from yesterday",
        "price feed of 06:00 was not read",
        "step 2 failed: the price is 19.99 instead of 17.99",
        "the partner had changed the file name; pattern widened and feed read by hand",
    ),
    _past(
        18,
        "images",
        "Pictures of products are missing",
        "CDN returns 403 from the origin bucket",
        "step 1 failed: 403",
        "the bucket policy was tightened by the security audit; the CDN's identity was let in again",
    ),
    _past(
        19,
        "images",
        "Thumbnail workers are saturated",
        "CPU at 100 % on all resize workers, queue grows",
        "step 1 failed: 28 s",
        "a partner had uploaded 90-megapixel scans; limited the size of uploads",
    ),
    _past(
        20,
        "shipping",
        "Shipping labels cannot be printed",
        "carrier API returns 500 on /labels",
        "step 1 failed: 502",
        "the carrier had an outage; labels were queued and sent when it was over",
    ),
    _past(
        21,
        "shipping",
        "Delivery dates are in the past",
        "estimated arrival is before the order's date",
        "step 2 failed: a date before today",
        "a container came up with the wrong time zone; TZ set to UTC",
    ),
    _past(
        22,
        "inventory",
        "Stock counts are negative",
        "inventory of 412 articles below zero",
        "step 1 failed: -3 in stock",
        "two workers booked the same reservation; a row lock was added",
    ),
    _past(
        23,
        "inventory",
        "Inventory database failover",
        "primary not reachable, replica promoted, writes refused for 4 min",
        "step 1 failed: read-only transaction",
        "the pool kept connections to the old primary; recycled them",
    ),
    _past(
        24,
        "inventory",
        "Disk of inventory-db is full",
        "no space left on device, WAL 210 GB",
        "step 1 failed: could not extend file",
        "an abandoned replication slot held the WAL back; dropped it",
    ),
    _past(
        25,
        "email",
        "Order confirmations are not sent",
        "SMTP 550 rejected by the receiving servers",
        "step 1 failed: no message within 120 s",
        "the DKIM record had been removed in a DNS clean-up; put back",
    ),
    _past(
        26,
        "email",
        "Newsletter went out three times",
        "campaign 881 has three sends",
        "step 1 failed: 3 sends",
        "the scheduler ran on all three replicas; a leader lock was introduced",
    ),
    _past(
        27,
        "gateway",
        "Gateway answers 429 to everybody",
        "rate limit reached for tenant default",
        "step 1 failed: 429",
        "the limiter counted the proxy's address as one client; X-Forwarded-For is read again",
    ),
    _past(
        28,
        "gateway",
        "Name resolution fails in cluster b",
        "lookup orders.svc: no such host, coredns SERVFAIL",
        "step 1 failed: DNS",
        "ndots:5 had flooded CoreDNS; node-local cache installed",
    ),
    _past(
        29,
        "gateway",
        "Requests over 1 MB are refused",
        "413 Request Entity Too Large since the ingress upgrade",
        "step 2 failed: 413",
        "proxy-body-size annotation was renamed; set under its new name",
    ),
    _past(
        30,
        "orders",
        "Orders stay in state pending",
        "no transition to paid since 14:02",
        "step 1 failed: state is pending",
        "the Kafka consumer group was reset to the wrong offset; moved forward",
    ),
    _past(
        31,
        "orders",
        "Orders API deadlocks",
        "deadlock detected, process 212 waits for ShareLock",
        "step 2 failed: 500",
        "a migration locked the table orders for 11 minutes; ended it and ran it in batches",
    ),
    _past(
        32,
        "orders",
        "Order export is empty",
        "nightly CSV for accounting has 0 rows",
        "step 1 failed: 0 rows",
        "daylight saving made the window's end lie before its start; computed in UTC",
    ),
    _past(
        33,
        "mobile-api",
        "Old app versions crash at start",
        "field user.avatar is null, clients before 5.2 crash",
        "step 1 failed: avatar is null",
        "the field has a default picture again until 5.1 is gone",
    ),
    _past(
        34,
        "mobile-api",
        "Push notifications are silent",
        "APNs BadDeviceToken for all iOS devices",
        "step 1 failed: 400 BadDeviceToken",
        "the production bundle used the sandbox endpoint; environment variable corrected",
    ),
    _past(
        35,
        "reports",
        "Dashboard of sales shows zeros",
        "warehouse load failed at step dim_customer",
        "step 1 failed: revenue is 0",
        "a column was added upstream; the loader's schema was brought up to date",
    ),
    _past(
        36,
        "reports",
        "Reports take minutes",
        "query queue of the warehouse full, 400 waiting",
        "step 2 failed: 180 s",
        "an analyst's cross join was cancelled and the role got a limit",
    ),
    _past(
        37,
        "recommendations",
        "Recommendations show sold-out articles",
        "model served from a feature store of last week",
        "step 1 failed: article is not available",
        "the nightly training had failed for want of GPU quota; ran it by hand",
    ),
    _past(
        38,
        "recommendations",
        "Recommendation service panics",
        "nil pointer dereference in ranker.go after deploy 77",
        "step 1 failed: connection reset",
        "rolled back deploy 77; empty baskets are tested now",
    ),
    _past(
        39,
        "support-chat",
        "Chat widget does not load",
        "blocked by Content-Security-Policy",
        "step 1 failed: script refused",
        "the chat's new domain was added to the policy",
    ),
    _past(
        40,
        "support-chat",
        "Websocket connections drop every minute",
        "idle timeout 60 s at the load balancer",
        "step 2 failed: closed after 60 s",
        "pings every 25 s; idle timeout raised",
    ),
)

ASKED = (
    # With the incident's own words.
    Asked(text="Checkout returns 402 again", wanted="INC-1", kind=WORDS),
    Asked(text="Did we have expired certificates with the bank before?", wanted="INC-6", kind=WORDS),
    Asked(text="Refunds time out with context deadline exceeded", wanted="INC-7", kind=WORDS),
    Asked(text="login pods OOMKilled", wanted="INC-12", kind=WORDS),
    Asked(text="zero hits in search since the reindex", wanted="INC-13", kind=WORDS),
    Asked(text="CDN returns 403 for product pictures", wanted="INC-18", kind=WORDS),
    Asked(text="carrier API 500 when printing labels", wanted="INC-20", kind=WORDS),
    Asked(text="no space left on device at inventory-db", wanted="INC-24", kind=WORDS),
    Asked(text="SMTP 550, order confirmations rejected", wanted="INC-25", kind=WORDS),
    Asked(text="coredns SERVFAIL in cluster b", wanted="INC-28", kind=WORDS),
    Asked(text="413 Request Entity Too Large at the gateway", wanted="INC-29", kind=WORDS),
    Asked(text="deadlock detected in orders, a migration is running", wanted="INC-31", kind=WORDS),
    Asked(text="APNs answers BadDeviceToken", wanted="INC-34", kind=WORDS),
    Asked(text="nil pointer dereference after the deploy of recommendations", wanted="INC-38", kind=WORDS),
    Asked(text="chat blocked by Content-Security-Policy", wanted="INC-39", kind=WORDS),
    Asked(text="indexer lag, new products are missing in search", wanted="INC-15", kind=WORDS),
    # The same in other words.
    Asked(text="Payments are declined for all buyers", wanted="INC-1", kind=PARAPHRASE),
    Asked(text="People were billed two times for one purchase", wanted="INC-8", kind=PARAPHRASE),
    Asked(text="Nobody can sign in although the credentials are right", wanted="INC-9", kind=PARAPHRASE),
    Asked(text="Two-factor text messages never reach the phone", wanted="INC-11", kind=PARAPHRASE),
    Asked(text="The process runs out of RAM and gets terminated", wanted="INC-12", kind=PARAPHRASE),
    Asked(text="Photos of the goods are broken", wanted="INC-18", kind=PARAPHRASE),
    Asked(text="The volume ran out of storage", wanted="INC-24", kind=PARAPHRASE),
    Asked(text="Customers get no mail after buying something", wanted="INC-25", kind=PARAPHRASE),
    Asked(text="Hostnames cannot be looked up", wanted="INC-28", kind=PARAPHRASE),
    Asked(text="Large uploads are rejected by the reverse proxy", wanted="INC-29", kind=PARAPHRASE),
    Asked(text="We are oversold: more units promised than we own", wanted="INC-22", kind=PARAPHRASE),
    Asked(text="Outdated amounts are displayed for the goods", wanted="INC-17", kind=PARAPHRASE),
    Asked(text="Purchases hang and are never marked as settled", wanted="INC-30", kind=PARAPHRASE),
    Asked(text="Subscribers received the same mailing repeatedly", wanted="INC-26", kind=PARAPHRASE),
    Asked(text="The BI board has no numbers for turnover", wanted="INC-35", kind=PARAPHRASE),
    Asked(text="Live conversation with an agent disconnects all the time", wanted="INC-40", kind=PARAPHRASE),
)
