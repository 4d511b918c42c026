"""A model's Markdown in Slack: no mention, channel or link survives, however its pieces are cut; code stays whole."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.adapters.slack.markdown import JOINER, LONGEST, SafeText, as_mrkdwn, safe, whole

HOSTILE = [
    "<!channel>",
    "<!here|here>",
    "@here",
    "@channel now",
    "<@U0MIRA0001>",
    "<#C0INCIDENT|incidents>",
    "#incidents",
    "https://evil.example/x?a=1&b=2",
    "[the runbook](https://evil.example/a_(b)) says",
    "![chart](http://169.254.169.254/)",
    "<https://evil.example|click>",
    "www.evil.example",
    "slack://user?id=1",
    "mailto:a@evil.example",
    "evil.example/path",
    "&lt;!channel&gt;",
    "&#60;!channel&#62;",
    "[a][1]\n\n[1]: https://evil.example",
    "**https://evil.example**",
    "`<!channel>`",
    "```\n<!channel> @here\n```",
    "[x](javascript:alert(1))",
]
CALM = st.sampled_from(
    ["Not yet. ", "step 3", " ", "\n", "[1]", "a_b", "2.14.0", "`code`", "```", "*", "(", "]", "é", "重启了吗？", "."]
)
MARKDOWN = st.lists(st.sampled_from(HOSTILE) | CALM, max_size=12).map("".join)
_TOKEN = re.compile(r"<[^<>]*>")
_OUTSIDE = re.compile(r"```.*?(?:```|$)|`[^`\n]+`", re.DOTALL)


def problems(text: str) -> list[str]:
    """What Slack could take for markup of its own in this text."""
    calm = re.sub("&(?:amp|lt|gt);", "", text)
    found = [name for name, bad in (("bracket", "<"), ("bracket", ">"), ("ampersand", "&")) if bad in calm]
    said = _OUTSIDE.sub(" ", text)
    found += ["address"] if re.search(r"[a-z]://|\bwww\.|mailto:", said) else []
    found += ["link"] if re.search(r"\]\([^)\s]", said) else []
    found += ["channel"] if "#incidents" in said else []
    return found + (["mention"] if re.search(r"@(?:here|channel|everyone)\b", text) else [])


def letters(text: str) -> str:
    """What is read; a host's name that was cut in two is broken by a joiner instead of standing in code."""
    return re.sub(rf"[\s`{JOINER}]", "", text)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_slack_would_follow_is_left(text: str) -> None:
    """Addresses stay readable as code; tokens are escaped, once."""
    assert problems(safe(f"Look at {text} please.")) == []
    assert "&amp;lt;" not in safe(text)


@given(MARKDOWN, st.data())
def test_pieces_make_the_same_as_the_whole(text: str, data: st.DataObject) -> None:
    """Cut anywhere, and shown after each piece: what was shown stays, and nothing harmful is ever on the screen."""
    script, start = SafeText(), 0
    while start < len(text):
        end = data.draw(st.integers(start + 1, len(text)))
        before = script.text
        script.add(text[start:end])
        assert script.text.startswith(before)
        assert problems(script.text) == [], script.text
        start = end
    whole_text = script.end()
    assert problems(whole_text) == []
    assert letters(whole_text) == letters(safe(text))
    assert whole_text.count("```") % 2 == 0


def test_a_picture_that_is_cut_behind_its_mark_is_a_picture() -> None:
    """The exclamation mark waits for what comes."""
    script = SafeText()
    script.add("    [1][1]***!")
    script.add("[chart](http://169.254.169.254/)")
    assert letters(script.end()) == letters(safe("    [1][1]***![chart](http://169.254.169.254/)"))


def test_an_address_goes_on_in_whatever_script() -> None:
    """It ends where a space is, so that nothing is let go before one; a host's name ends where its letters do."""
    script = SafeText()
    script.add("www.evil.example重")
    assert script.text == ""
    script.add("启[the runbook](https://evil.example/) says")
    script.end()
    assert script.text == safe("www.evil.example重启[the runbook](https://evil.example/) says")
    assert safe("看evil.example重启") == "看`evil.example`重启"


def test_an_entity_beside_an_address_stays_whole() -> None:
    assert safe("&lt;https://x.example/a&gt; x") == "&lt;`https://x.example/a`&gt; x"
    assert safe("https://x.example/?a&amp; x") == "`https://x.example/?a&amp;` x"


def test_a_lone_backtick_does_not_open_an_address() -> None:
    """Else the code around the address would end where it should begin."""
    said = safe("````code````[the runbook](https://evil.example/a_(b)) says")
    assert problems(said) == []
    assert "ˋthe runbook (`https://evil.example/a_(b)`)" in said


def test_what_is_harmless_stays_as_it_is() -> None:
    """Figures, citations, JSON paths, emphasis and other languages are left alone."""
    text = "**Not yet**: `$.total` was 19.98, p95 212 ms [1][2]. Step #3, v2.14.0 (e.g. 7/20)? 重启了吗？ هل تعافى؟"
    assert safe(text) == text


def test_code_keeps_its_lines() -> None:
    text = '```json\n{\n  "a": [1](x),\n  "url": "https://shop.example/a"\n}\n```\nDone.'
    assert safe(text) == text


def test_an_address_is_readable_and_dead() -> None:
    assert safe("see [the runbook](https://wiki.example/x).") == "see the runbook (`https://wiki.example/x`)."


def test_a_word_is_shown_as_soon_as_it_is_one() -> None:
    """Only what may still become an address, a link or an entity waits."""
    script = SafeText()
    script.add("Not ye")
    assert script.text == "Not "
    script.add("t.")
    assert script.text == "Not yet."
    script.add(" It passes [1][2]")
    assert script.text == "Not yet. It passes [1][2]"
    script.add("(https://x.example/)")
    assert not re.search(r"\]\(", script.end())
    script = SafeText()
    script.add("Not yet. See [the run")
    assert script.text == "Not yet. See "
    script.add("book](https://x.example/")
    assert script.text == "Not yet. See "
    script.add(") and ")
    assert script.text == "Not yet. See the runbook (`https://x.example/`) and "


def test_an_endless_answer_is_cut_and_says_so() -> None:
    text = safe("word " * 10_000)
    assert len(text) <= LONGEST
    assert text.endswith("(cut: the answer was longer than Slack shows)")
    assert safe("```\n" + "line\n" * 10_000).count("```") == 2


@given(MARKDOWN, st.integers(10, 60))
def test_a_cut_is_never_inside_an_entity(text: str, most: int) -> None:
    shown = safe(text)
    end = whole(shown, most)
    assert 0 < end <= max(most, 1) or not shown or len(shown) <= most
    assert not re.search(r"&(?:amp|lt|gt)?$", shown[:end]) or shown[:end].endswith(";")


def test_markdown_becomes_mrkdwn_outside_code() -> None:
    """Bold, headings, lists and italics in Slack's own marks; code untouched."""
    text = "## Cause\n- **deploy** 2.14.0\n* ~~old~~ *maybe*\n```\n**x** # y\n```"
    assert as_mrkdwn(text) == "*Cause*\n• *deploy* 2.14.0\n• ~old~ _maybe_\n```\n**x** # y\n```"
