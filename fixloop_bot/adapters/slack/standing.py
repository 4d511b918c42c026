"""Whether Slack still takes our token. While it does not, one call in half a minute asks again; the others wait."""

from __future__ import annotations

import logging
from collections.abc import Callable

from fixloop_bot.domain.errors import SlackBusy, SlackRefused

log = logging.getLogger(__name__)

NO_ACCESS = frozenset(
    {
        "account_inactive",
        "invalid_auth",
        "not_authed",
        "org_login_required",
        "team_access_not_granted",
        "token_expired",
        "token_revoked",
        "user_is_deactivated",
    }
)
ASK_AGAIN_S = 30.0


class Standing:
    """One line in the log when access is lost and one when it is back, however many calls fail between the two."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._ask_from = 0.0
        self.trouble = ""
        """Slack's word for why it does not take the token; empty while it does."""

    def check(self, method: str) -> None:
        """Raises SlackBusy while asking again would only be refused again; lets one call through when it is time."""
        now = self._now()
        if not self.trouble:
            return
        if now < self._ask_from:
            raise SlackBusy(method, retry_after=self._ask_from - now, undone=True)
        self._ask_from = now + ASK_AGAIN_S

    def lost(self, refusal: SlackRefused) -> None:
        if not self.trouble:
            log.error(
                "Slack does not take SLACK_BOT_TOKEN any more (%s): nothing is shown until it does. Reinstall the app, "
                "or set the new token and restart. Incidents are kept and tested meanwhile.",
                refusal.error,
            )
        self.trouble = refusal.error
        self._ask_from = self._now() + ASK_AGAIN_S

    def works(self) -> None:
        if self.trouble:
            log.warning("Slack takes SLACK_BOT_TOKEN again (it had said %s)", self.trouble)
        self.trouble = ""
