"""Which server the store is."""

from __future__ import annotations

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from fixloop_bot.domain.errors import StoreUnavailable

OLDEST = 7
CONNECT_S = 5.0


async def server_version(url: str) -> str:
    """Its name and version, such as "Valkey 9.1.2"; raises StoreUnavailable, also where it is older than Redis 7."""
    client = Redis.from_url(
        url, socket_timeout=CONNECT_S, socket_connect_timeout=CONNECT_S, retry=Retry(NoBackoff(), 0)
    )
    try:
        about = await client.info("server")
    except (RedisError, OSError) as error:
        raise StoreUnavailable(f"The store did not answer ({type(error).__name__}).") from None
    finally:
        await client.aclose()
    version = str(about.get("valkey_version") or about.get("redis_version") or "0")
    if int(version.split(".")[0]) < OLDEST:
        raise StoreUnavailable(f"The store is Redis {version}; FixLoop needs Redis {OLDEST} or later, or Valkey.")
    return f"{'Valkey' if about.get('server_name') == 'valkey' else 'Redis'} {version}"
