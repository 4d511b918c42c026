"""``fixloop plan``, ``validate`` and ``replay`` as one types them, against a shop that breaks and is mended."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from fixloop_bot.adapters.evidence_file import load_evidence
from fixloop_bot.adapters.plan_file import parse_plan
from fixloop_bot.adapters.redis.store import RedisStore
from fixloop_bot.domain.incidents import Incident
from fixloop_bot.domain.plans import Plan, PlanSource, plan_hash
from fixloop_bot.domain.runs import Run, RunKind, StepPhase, StepProgress
from fixloop_bot.entrypoints.cli import main
from fixloop_bot.entrypoints.proof.progress import ProgressLine
from fixloop_bot.sandbox.shop import Shop
from tests.application.office import checkout
from tests.entrypoints.fixloop_process import OURS, Fixloop

TOKEN = "hunter22-of-the-checkout"
FAULT = "checkout-500"


class Place:
    """A folder with a catalog, and the shop that it describes."""

    def __init__(self, folder: Path, shop: Shop, *, window_s: float = 2.0) -> None:
        self.folder, self.shop = folder, shop
        self.fixloop = Fixloop(folder)
        self.fixloop.environment |= {"CHECKOUT_TOKEN": TOKEN, "COLUMNS": "200"}
        self.describe(window_s=window_s)

    def describe(self, *, window_s: float, unacceptable: float = 0.4, base_url: str = "") -> None:
        probe = {
            "name": "A cart can be paid",
            "request": {
                "method": "POST",
                "path": "/checkout",
                "headers": {"authorization": "Bearer ${CHECKOUT_TOKEN}"},
                "json": {"items": [{"sku": "{{sku}}", "price": 19.99, "qty": 1}]},
            },
            "inputs": [{"sku": "A1"}, {"sku": "A1"}],
            "expect": ["status == 200", "json $.items length == 1"],
        }
        entry = {
            "base_url": base_url or self.shop.url,
            "proof": {"unacceptable": unacceptable, "confidence": 0.9, "window_s": window_s, "per_second": 40},
            "allow": {"methods": ["GET", "POST"], "writes": ["/checkout"]},
            "secrets": {"CHECKOUT_TOKEN": "env:CHECKOUT_TOKEN"},
            "probes": [probe],
        }
        (self.folder / "fixloop.yml").write_text(yaml.safe_dump({"services": {"checkout": entry}}))

    async def run(self, command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        done = await asyncio.to_thread(self.fixloop.run, *shlex.split(command), **environment)
        assert "Traceback" not in done.stderr, done.stderr
        return done


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    shop = Shop(traffic_per_second=0.1)
    await shop.start()
    yield Place(tmp_path, shop)
    await shop.stop()


# From broken to proven


async def test_from_a_failed_run_to_a_proof(place: Place) -> None:
    """A run of a broken service ends with 1 and the next command; typed after the fix, it ends with 0 and a proof."""
    place.shop.faults.set(FAULT, "broken")
    failed = await place.run("validate checkout --junit report.xml")
    assert failed.returncode == 1, failed.stdout + failed.stderr
    assert failed.stdout.startswith("checkout: failed\nStep 1 fails")
    assert "status was 50" in failed.stdout
    report = ElementTree.parse(place.folder / "report.xml").getroot()  # noqa: S314 - our own
    assert report.find(".//testcase[@name='A cart can be paid']/failure") is not None

    place.shop.faults.set(FAULT, "fixed")
    (following,) = [line for line in failed.stdout.splitlines() if line.startswith("When it is fixed: fixloop ")]
    proven = await place.run(following.removeprefix("When it is fixed: fixloop "))
    assert proven.returncode == 0, proven.stdout + proven.stderr
    assert proven.stdout.startswith("checkout: proven\nStep")
    assert "error < 40 % at 90 % confidence" in proven.stdout
    assert "not measured" in proven.stdout


async def test_a_half_fix_is_not_recovered(place: Place) -> None:
    """It ends with 1, and says how to look again."""
    place.shop.faults.set(FAULT, "broken")
    await place.run("validate checkout --evidence before.json --quiet")
    still = await place.run("validate checkout --before before.json")
    assert still.returncode == 1
    assert still.stdout.startswith("checkout: not recovered\nStep 1 still fails")
    assert "After the next fix: fixloop validate checkout --before before.json" in still.stdout


async def test_what_never_failed_is_unproven(place: Place) -> None:
    """Everything passes before and after: 0 alone, 2 where a proof was asked for."""
    passed = await place.run("validate checkout --evidence before.json")
    assert (passed.returncode, passed.stdout.splitlines()[0]) == (0, "checkout: passed")
    unproven = await place.run("validate checkout --before before.json")
    assert (unproven.returncode, unproven.stdout.splitlines()[0]) == (2, "checkout: unproven")


async def test_the_result_as_json(place: Place) -> None:
    """Nothing but JSON on stdout; the same as in the evidence, without its samples."""
    place.shop.faults.set(FAULT, "broken")
    done = await place.run("validate checkout --json --evidence e.json")
    found = json.loads(done.stdout)
    assert (done.returncode, found["verdict"], found["run"]["kind"]) == (1, "failed", "confirm")
    assert found["steps"][0]["verdict"] == "failed"
    written = json.loads((place.folder / "e.json").read_text())
    assert found["evidence_hash"] == written["hashes"]["document"]
    assert {key: found[key] for key in written if key in found} == {
        key: written[key] for key in written if key in found
    }


async def test_no_secret_is_in_the_evidence(place: Place) -> None:
    """It was sent with every request, and is nowhere to be read."""
    place.shop.faults.set(FAULT, "broken")
    done = await place.run("validate checkout --evidence e.json --junit j.xml")
    for text in (done.stdout, done.stderr, (place.folder / "e.json").read_text(), (place.folder / "j.xml").read_text()):
        assert "hunter22" not in text
    evidence = load_evidence(place.folder / "e.json")
    assert "$CHECKOUT_TOKEN" in evidence.of("s1")[0].curl


async def test_without_the_secret_nothing_is_said_of_the_service(place: Place) -> None:
    """A variable that is not set is our own fault."""
    del place.fixloop.environment["CHECKOUT_TOKEN"]
    done = await place.run("validate checkout")
    assert done.returncode == 2
    assert "CHECKOUT_TOKEN" in done.stdout


# Plans


async def test_a_plan_is_written_kept_and_run(place: Place) -> None:
    """To a file that is not overwritten by accident, and from there to a verdict of the same plan."""
    printed = await place.run("plan checkout")
    assert printed.returncode == 0
    written = await place.run("plan checkout --out plan.yml")
    assert (written.returncode, written.stdout) == (0, "")
    text = (place.folder / "plan.yml").read_text()
    steps = parse_plan(text).steps
    assert plan_hash(steps) == plan_hash(parse_plan(printed.stdout).steps)
    refused = await place.run("plan checkout --out plan.yml")
    assert (refused.returncode, refused.stderr) == (3, "fixloop: plan.yml exists; --force overwrites it\n")
    assert (await place.run("plan checkout --out plan.yml --force")).returncode == 0
    done = await place.run("validate checkout --plan plan.yml --json")
    assert (done.returncode, json.loads(done.stdout)["plan_hash"]) == (0, plan_hash(steps))


async def test_without_a_model_the_standard_plan_is_written(place: Place) -> None:
    """``--from-model`` says so."""
    done = await place.run("plan checkout --from-model")
    assert done.returncode == 0
    assert "standard plan: MINIMAX_API_KEY is not set" in done.stderr
    assert parse_plan(done.stdout).service == "checkout"


async def test_a_probe_without_a_place_is_named(place: Place) -> None:
    """A plan has five steps; which of the team's own checks it does not run is said, whatever the verdict."""
    catalog = yaml.safe_load((place.folder / "fixloop.yml").read_text())
    entry = catalog["services"]["checkout"]
    entry["probes"] += [{"name": f"Page {each}", "request": {"path": f"/catalog?page={each}"}} for each in range(6)]
    (place.folder / "fixloop.yml").write_text(yaml.safe_dump(catalog))
    left_out = "fixloop: the plan has no place for 2 of the catalog's 7 probes (Page 4; Page 5)"
    assert (await place.run("plan checkout")).stderr.startswith(left_out)
    assert left_out in (await place.run("validate checkout --quiet")).stderr


# Replayed


async def test_a_replay_compares_recorded_and_now(place: Place) -> None:
    """0 where it is as it was, 1 where something differs, such as a service that is gone."""
    place.shop.faults.set(FAULT, "broken")
    await place.run("validate checkout --evidence e.json")
    same = await place.run("replay e.json --samples 2")
    place.shop.faults.set(FAULT, "fixed")
    other = await place.run("replay e.json --samples 2")
    assert (other.returncode, "failed → passed" in other.stdout) == (1, True), other.stdout
    assert other.stdout.splitlines()[0].split() == ["step", "sample", "request", "recorded", "now", "body", "differs"]
    assert same.returncode in (0, 1), "the shop's error is a 500 or a 503"
    assert "failed → passed" not in same.stdout
    await place.shop.stop()
    gone = await place.run("replay e.json --samples 2")
    assert gone.returncode == 1
    assert "connection refused" in gone.stdout


# Ended


class Counter:
    """A service that answers everything with the same JSON, and counts."""

    def __init__(self) -> None:
        self.asked = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = b'{"items": [1]}'
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while request := await reader.readuntil(b"\r\n\r\n"):
                lengths = re.findall(rb"(?i)content-length: (\d+)", request)
                await reader.readexactly(int(lengths[0]) if lengths else 0)
                self.asked += 1
                writer.write(head.encode() + body)
                await writer.drain()
        writer.close()

    async def until_asked(self) -> None:
        async with asyncio.timeout(20):
            while self.asked < 3:
                await asyncio.sleep(0.02)


@pytest.fixture
async def long_run(place: Place) -> AsyncIterator[Counter]:
    """The place's service now counts, and its window is far longer than a test."""
    counter = Counter()
    server = await asyncio.start_server(counter.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    place.describe(window_s=60.0, unacceptable=0.05, base_url=f"http://127.0.0.1:{port}")
    yield counter
    server.close()


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
async def test_ctrl_c_ends_in_good_order(place: Place, long_run: Counter, by: signal.Signals) -> None:
    """It says inconclusive, keeps what was seen, and ends with 130 within seconds."""
    with place.fixloop.running("validate", "checkout", "--evidence", "e.json") as process:
        await long_run.until_asked()
        began = time.monotonic()
        process.send_signal(by)
        await asyncio.to_thread(process.wait, 20)
    assert process.returncode == 130
    assert time.monotonic() - began < 5
    assert place.fixloop.log().startswith("checkout: inconclusive\nStopped by "), place.fixloop.log()
    assert "Traceback" not in place.fixloop.log()
    evidence = load_evidence(place.folder / "e.json")
    assert evidence.stopped
    assert evidence.of("s1")


async def test_the_kill_switch_ends_it(place: Place, long_run: Counter, store: RedisStore, valkey: str) -> None:
    """Pulled by anybody in the same store: nothing more is sent after a second; inconclusive, and 2."""
    with place.fixloop.running("validate", "checkout", REDIS_URL=valkey) as process:
        await long_run.until_asked()
        await store.halt("U0MIRA")
        await asyncio.sleep(1.0)  # the promise is about this second
        asked = long_run.asked
        await asyncio.to_thread(process.wait, 10)
    await store.resume()
    assert long_run.asked == asked
    assert process.returncode == 2
    assert "U0MIRA, who halted all traffic" in place.fixloop.log()


# A before from the thread


async def stored_run(place: Place, store: RedisStore, *, service: str = "checkout") -> Run:
    """A confirm run of the bot's, which has seen the bug, under INC-1-r1."""
    failed = await place.run("validate checkout --evidence e.json")
    assert failed.returncode == 1
    seen = load_evidence(place.folder / "e.json").run
    run = replace(seen, id="INC-1-r1", incident_id="INC-1", kind=RunKind.CONFIRM, service=service)
    incident = Incident(
        id="INC-1",
        number=1,
        service_key="checkout",
        service="checkout",
        label="checkout",
        title="Checkout fails",
        channel="C0CHECKOUT",
        opened_at=run.started_at,
    )
    created = await store.create_incident(incident)
    assert created is not None
    await store.save_incident(created, run=run)
    return run


async def test_a_run_of_the_thread_is_a_before(place: Place, store: RedisStore, valkey: str) -> None:
    """``--before INC-1-r1`` runs its very plan again."""
    place.shop.faults.set(FAULT, "broken")
    run = await stored_run(place, store)
    place.shop.faults.set(FAULT, "fixed")
    done = await place.run("validate checkout --before INC-1-r1 --json", REDIS_URL=valkey)
    found = json.loads(done.stdout)
    assert (done.returncode, found["verdict"], found["plan_hash"]) == (0, "proven", run.plan.hash)
    missing = await place.run("validate checkout --before INC-2-r1", REDIS_URL=valkey)
    assert missing.returncode == 3
    assert "there is no run INC-2-r1" in missing.stderr


async def test_a_run_of_another_address_is_no_before(place: Place, store: RedisStore, valkey: str) -> None:
    """As with a file of evidence: what failed there proves nothing here."""
    place.shop.faults.set(FAULT, "broken")
    run = await stored_run(place, store)
    await store.save_run(replace(run, base_url="https://elsewhere.test"))
    refused = await place.run(f"validate checkout --before {run.id}", REDIS_URL=valkey)
    assert refused.returncode == 3
    assert f"{run.id} is about https://elsewhere.test, and checkout is now at http://127.0.0.1:" in refused.stderr
    await store.save_run(replace(run, base_url=None))  # one from before addresses were kept
    place.shop.faults.set(FAULT, "fixed")
    done = await place.run(f"validate checkout --before {run.id}", REDIS_URL=valkey)
    assert done.returncode == 0


# Refused


async def test_only_the_very_same_plan_proves(place: Place) -> None:
    """Another plan, another service, another place, or a file that was changed: each is one sentence, and 3."""
    place.shop.faults.set(FAULT, "broken")
    await place.run("validate checkout --evidence e.json")
    await place.run("plan checkout --out plan.yml")
    plan = (place.folder / "plan.yml").read_text()
    (place.folder / "other.yml").write_text(plan.replace("A cart can be paid", "Carts can be paid"))
    (place.folder / "changed.json").write_text((place.folder / "e.json").read_text().replace('"failed"', '"passed"'))
    catalog = (place.folder / "fixloop.yml").read_text()
    (place.folder / "moved.yml").write_text(catalog.replace(place.shop.url, "http://127.0.0.1:9"))
    for command, catalog_file, says in (
        ("validate checkout --plan other.yml --before e.json", "fixloop.yml", "ran another plan"),
        ("validate checkout --before changed.json", "fixloop.yml", "was changed after the run"),
        ("replay changed.json", "fixloop.yml", "was changed after the run"),
        ("validate checkout --before e.json", "moved.yml", "proves nothing here"),
        ("validate checkout --before e.json --evidence ./e.json", "fixloop.yml", "would overwrite"),
    ):
        done = await place.run(command, FIXLOOP_CATALOG=catalog_file)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1), done.stderr
        assert says in done.stderr


CATALOG = "services:\n  checkout: {base_url: 'https://checkout.example.com'}\n  orders: {}\n"


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder with a catalog of two services, and an environment without a word about FixLoop."""
    for name in [name for name in os.environ if name.startswith(OURS)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FIXLOOP_DATA_DIR", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fixloop.yml").write_text(CATALOG)
    (tmp_path / "bad.yml").write_text("steps: [{title: Gone, delete: /orders, jsn: {}}]")
    (tmp_path / "bad.json").write_text("{}")
    return tmp_path


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("validate chekout", "no service 'chekout'; it has: checkout, orders"),
        ("plan chekout", "no service 'chekout'"),
        ("validate checkout --plan gone.yml", "there is no plan at gone.yml"),
        ("validate checkout --plan bad.yml", "bad.yml line 1, steps[0].jsn: is not a known key; did you mean json?"),
        ("validate checkout --before gone.json", "there is no evidence at gone.json"),
        ("validate checkout --before bad.json", "bad.json is no evidence"),
        ("validate checkout --evidence gone/e.json", "in a directory that does not exist"),
        ("validate checkout --junit .", "is a directory"),
        ("plan checkout --out gone/plan.yml", "in a directory that does not exist"),
        ("replay bad.json", "bad.json is no evidence"),
        ("replay gone.json", "there is no evidence at gone.json"),
    ],
)
def test_what_is_wrong_is_one_line(folder: Path, capsys: pytest.CaptureFixture[str], command: str, says: str) -> None:
    """Said before anything is started or sent, with 3."""
    assert main(command.split()) == 3
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert line.startswith("fixloop: ")
    assert says in line
    assert not (folder / "store").exists()


@pytest.mark.parametrize(
    "command", ["validate", "validate checkout --jsn", "plan", "replay", "replay e.json --samples 0", "replay e.json x"]
)
def test_wrong_usage_is_not_taken_for_inconclusive(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A CI job that mistypes an option is told by 3, and not by 2."""
    with pytest.raises(SystemExit) as left:
        main(command.split())
    assert left.value.code == 3
    assert "usage: fixloop" in capsys.readouterr().err


def test_a_store_that_does_not_answer_says_nothing_of_the_service(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """2, in one line: nothing is wrong with what was asked."""
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    assert main(["validate", "checkout"]) == 2
    assert capsys.readouterr().err.startswith("fixloop: ")


# Progress


class Screen(io.StringIO):
    """A stream that is a terminal, or not."""

    def __init__(self, *, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


def going(samples: int) -> Run:
    plan = parse_plan("steps: [{title: A, get: /}, {title: B, get: /b}]")
    steps = (
        StepProgress(step_id="s1", phase=StepPhase.RUNNING, samples=samples, failed=1, window_left_s=40.0),
        StepProgress(step_id="s2", phase=StepPhase.DONE),
    )
    return Run(
        id="r",
        incident_id="",
        number=1,
        kind=RunKind.CONFIRM,
        plan=Plan(version=1, source=PlanSource.PERSON, steps=plan.steps),
        step_ids=("s1", "s2"),
        service=checkout().name,
        started_by="command line",
        started_at=0.0,
        steps=steps,
    )


def shown(screen: Screen, *, quiet: bool = False) -> str:
    """A run of 25 s, looked at every half second."""
    time_s = 0.0
    line = ProgressLine(now=lambda: time_s, stream=screen, quiet=quiet)
    for tick in range(50):
        time_s = tick / 2
        line.run(going(tick))
    line.end()
    return screen.getvalue()


def test_on_a_terminal_one_line_is_rewritten(monkeypatch: pytest.MonkeyPatch) -> None:
    """And taken away at the end."""
    monkeypatch.setenv("COLUMNS", "120")
    text = shown(Screen(is_terminal=True))
    assert "\n" not in text
    assert "\r  24 s  1 of 2 steps decided; step 1: 49 samples, 1 failed; about 40 s left\x1b[K" in text
    assert text.endswith("\r\x1b[K")


def test_a_narrow_terminal_gets_what_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A longer line would wrap, and each rewriting would leave its first half on the screen."""
    monkeypatch.setenv("COLUMNS", "40")
    lines = shown(Screen(is_terminal=True)).replace("\x1b[K", "").split("\r")
    assert max(map(len, lines)) == 39
    assert lines[1] == "   0 s  1 of 2 steps decided; step 1: …"


def test_elsewhere_a_line_comes_every_ten_seconds() -> None:
    """A CI log shows that something goes on, without control characters."""
    lines = shown(Screen(is_terminal=False)).splitlines()
    assert [line.split(" s ")[0].strip() for line in lines] == ["10", "20"]
    assert all(line.isprintable() for line in lines)


def test_quiet_is_quiet() -> None:
    """No progress at all."""
    assert shown(Screen(is_terminal=True), quiet=True) == ""
