"""App Home end to end: a person opens it in Slack, and it lives; and the commands of the feed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fixloop_bot.sandbox.slack.inhabitants import INCIDENTS, MIRA
from fixloop_bot.sandbox.slack.terminal import render_view, voice_of
from fixloop_bot.sandbox.world import World
from tests.scenarios.conftest import Open, broken_and_reproduced, eventually

pytestmark = pytest.mark.timeout(180)
BUTTONS = "feed:INC-1:buttons"


def home_of(running: World) -> str:
    """What Mira's Home says."""
    core = running.slack.core
    home = core.views.homes.get(core.workspace.user(MIRA).id)
    return render_view(core.views.shown(home), voice_of(core.workspace), width=72) if home is not None else ""


def says(running: World, *words: str) -> Callable[[], bool]:
    return lambda: all(each in home_of(running) for each in words)


async def shows(running: World, *words: str) -> None:
    await eventually(says(running, *words), f"the Home does not say {words}", within_s=60, world=running)


async def click(running: World, action_id: str, *, block: str = BUTTONS) -> None:
    core = running.slack.core
    home = core.views.homes[core.workspace.user(MIRA).id]
    await running.slack.people.click_view(MIRA, home.id, action_id, block_id=block)


async def ask(running: World, words: str) -> str:
    """Type a command; its answer, which Mira alone sees."""
    before = len(running.slack.ephemerals(MIRA))
    await running.slack.people.command(MIRA, INCIDENTS, f"/fixloop {words}")
    await eventually(lambda: len(running.slack.ephemerals(MIRA)) > before, f"no answer to {words}", world=running)
    return running.slack.ephemerals(MIRA)[-1].text


async def test_the_home_lives(opened: Open) -> None:
    """Opened while all is well, it shows the incident as it comes, takes clicks, and shows the proof."""
    async with opened() as running:
        running.slack.people.open_home(MIRA)
        await shows(running, "No open incident", "Nothing was resolved yet")
        await broken_and_reproduced(running)
        await shows(running, "1 open incident, nobody is on it", "Reproduced · not validated")
        await click(running, "acknowledge")
        await shows(running, "Lead: @mira")
        running.shop.faults.set("checkout-500", "fixed")
        await click(running, "validate")
        await shows(running, "Recovery proven", "1 with a proof that stands")


async def test_a_refused_click_is_answered_on_the_home(opened: Open) -> None:
    """There is no channel to whisper in."""
    async with opened() as running:
        running.slack.people.open_home(MIRA)
        await broken_and_reproduced(running)
        await shows(running, "Reproduced")
        await running.slack.people.command(MIRA, INCIDENTS, "/fixloop stop")
        await shows(running, "All traffic is stopped, by @mira")
        await click(running, "validate")
        banner = "All traffic is stopped, by @mira"
        await eventually(lambda: home_of(running).count(banner) == 2, "the click was not answered", world=running)


async def test_an_incident_is_declared_from_the_home(opened: Open) -> None:
    """The form opens over it, and what was declared is there afterwards."""
    async with opened(with_monitors=False) as running:
        running.slack.people.open_home(MIRA)
        await shows(running, "No open incident")
        await click(running, "declare", block="feed:actions")
        await eventually(lambda: bool(running.slack.open_views(MIRA)), "no form was opened", world=running)
        (form,) = running.slack.open_views(MIRA)
        await running.slack.people.submit_view(MIRA, form.id, {"service": "checkout", "what": "payments fail"})
        await shows(running, "1 open incident", "payments fail")


async def test_a_muted_service_opens_its_incident_when_the_mute_ends(opened: Open) -> None:
    """Nothing in the channel meanwhile; and a downtime in Datadog ends with its mute."""
    async with opened() as running:
        assert "No open incident." in await ask(running, "list")
        assert "*checkout*" in await ask(running, "services")
        assert "Datadog has a downtime for it, too." in await ask(running, "mute checkout 10m downtime")
        (downtime,) = running.datadog.account.downtimes.values()
        assert (downtime.scope.startswith("service:checkout"), downtime.canceled) == (True, None)
        await ask(running, "unmute checkout")
        assert downtime.canceled is not None
        await ask(running, "mute checkout 10m")
        running.slack.people.open_home(MIRA)
        running.shop.faults.set("checkout-500", "broken")
        await shows(running, "still firing")
        assert running.root() is None
        assert "still fire" in await ask(running, "unmute checkout")
        await eventually(lambda: running.root() is not None, "no incident was opened", world=running)
        await shows(running, "1 open incident")
