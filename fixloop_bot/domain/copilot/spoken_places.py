"""Places and shares in the orders of words of other languages, written as ``step 2`` and ``7 of 20``.

``第2步``, ``2番目のステップ``, ``der zweite Schritt`` and ``step two`` all become ``step 2``; ``20回中7回`` becomes
``7 of 20``; between a letter of Chinese, Japanese or Korean and a figure there is a space afterwards. All else stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

_ASIAN = r"\u3005\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3"
_EDGE = re.compile(rf"(?<=[{_ASIAN}])(?=[0-9A-Za-z])|(?<=[0-9A-Za-z%])(?=[{_ASIAN}])")
_STEPS = "ステップ|手順|步骤|步驟|步|단계"
_RUNS = "実行|テスト実行|运行|執行|执行|실행"
_ASIAN_STEP = re.compile(rf"第?\s*(\d{{1,3}})\s*(?:つ目の|番目の|个|번째\s*)?(?:{_STEPS})|(?:{_STEPS})\s*(\d{{1,3}})")
_ASIAN_RUN = re.compile(
    rf"第?\s*(\d{{1,3}})\s*(?:回目の|次|번째\s*)(?:{_RUNS})|(?:{_RUNS})\s*(\d{{1,3}})(?!\s*[回次번])"
)
_ASIAN_SHARE = re.compile(
    r"(\d[\d,.]*)\s*[回次번件個个]?\s*(?:中|のうち|之中|중)\s*[の的]?有?\s*(\d[\d,.]*)\s*[回次번件個个]?"
)
_ASIAN_TIMES = (
    (re.compile(r"(\d)\s*(?:ミリ秒|毫秒|밀리초)"), r"\1 ms "),
    (re.compile(r"(\d)\s*(?:秒[钟間]?|초)"), r"\1 s "),
    (re.compile(r"(\d)\s*(?:分[钟鐘間]?|분)"), r"\1 min "),
    (re.compile(r"(\d)\s*(?:小时|小時|時間|시간)"), r"\1 h "),
)
_OTHER_STEP = re.compile(
    r"(?<!\w)(?:шаг\w{0,3}|krok\w{0,3}|adım\w{0,3}|steg|trin|крок\w{0,3}|الخطوة|خطوة|שלב)\s*(?:№|nr\.?|"
    r"#)?\s*(\d{1,3})(?!\w)"
    r"|(?<![\w.,])(\d{1,3})(?:\.|-?(?:й|го|му|st|nd|rd|th|er|ère|e|ème|º|ª|o|a|de|ste))\s*"
    r"(?:шаг\w{0,3}|krok\w{0,3}|adım\w{0,3}|steps?|schritt\w{0,2}|étape|paso|passo|stap)(?!\w)",
    re.IGNORECASE,
)
_ORDINALS = (
    ("1", "first|erste[rnms]?|première|premier|primer|primera|primeiro|primeira|primo|prima|eerste|перв\\w+"),
    ("2", "second|zweite[rnms]?|deuxième|seconde|segundo|segunda|secondo|seconda|tweede|втор\\w+"),
    ("3", "third|dritte[rnms]?|troisième|tercer|tercera|terceiro|terceira|terzo|terza|derde|трет\\w+"),
    ("4", "fourth|vierte[rnms]?|quatrième|cuarto|cuarta|quarto|quarta|vierde"),
    ("5", "fifth|fünfte[rnms]?|cinquième|quinto|quinta|vijfde"),
)
_CARDINALS = (
    ("1", "one|eins|un|une|uno|um|een"),
    ("2", "two|zwei|deux|dos|dois|due|twee"),
    ("3", "three|drei|trois|tres|três|tre|drie"),
    ("4", "four|vier|quatre|cuatro|quatro|quattro"),
    ("5", "five|fünf|cinq|cinco|cinque|vijf"),
)
_STEP_WORD = r"step|schritt(?:s|es)?|étape|paso|passo|stap"
_BEFORE = [(digit, re.compile(rf"\b(?:{words})\s+(?:{_STEP_WORD})\b", re.IGNORECASE)) for digit, words in _ORDINALS]
_BEHIND = [(digit, re.compile(rf"\b(?:{_STEP_WORD})\s+(?:{words})\b", re.IGNORECASE)) for digit, words in _CARDINALS]
_ANY_STEP = re.compile(_STEP_WORD, re.IGNORECASE)
_SPELT_OUT = (
    "two zwei deux dos dois twee",
    "three drei trois tres três drie",
    "four vier quatre cuatro quatro quattro",
    "five fünf cinq cinco cinque vijf",
    "six sechs seis zes",
    "seven sieben sept siete sete sette zeven",
    "eight acht huit ocho oito otto",
    "nine neun neuf nueve nove negen",
    "ten zehn dix diez dez dieci tien",
    "eleven elf onze undici",
    "twelve zwölf douze doce doze dodici twaalf",
)
"""From two on. What is another word elsewhere (``due``, ``once``, ``sei``) is left out."""
NUMBER_WORDS = {word: str(number) for number, words in enumerate(_SPELT_OUT, start=2) for word in words.split()}
_UNITS = (
    r"%|per\s?cent|prozent|minut\w*|seconds?|sekunden?|secondes?|segundos?|hours?|stunden?|heures?|horas?|days?|tage\w*|"
    r"jours?|times(?! (?:its|the|more|higher|as|over|lower|slower|faster))|mal|fois|veces|of|von|sur|de|in|out of|"
    r"tries|versuche\w*|samples?|requests?|lines?"
)
SPELT = re.compile(
    rf"(?<![\w-])(?P<part>one|a|{'|'.join(NUMBER_WORDS)})(?= (?:(?:{_UNITS})(?!\w)))(?: (?:in|out of|of)(?: every)? "
    rf"(?P<whole>{'|'.join(NUMBER_WORDS)}))?(?!\w)",
    re.IGNORECASE,
)
"""``nine minutes``, ``three times``, ``one in five``: ``one`` alone is a pronoun as often as a number."""


ZERO = re.compile(r"(?<![\w-])(?:zero|zéro|cero)(?![\w-])", re.IGNORECASE)


_TRIES_OF = re.compile(
    r"(?<![\w.,])(\d[\d,]{0,9}) ((?:[a-z]{2,12} ){0,2}(?:tries|requests|samples|attempts|calls|"
    r"lines)) (?:out )?of (?=\d)"
)
"""``17 bad tries out of 25``"""


def _spelt(found: re.Match[str]) -> str:
    part = NUMBER_WORDS.get(found["part"].casefold(), "1")
    if found["whole"]:
        return f"{100 * int(part) / int(NUMBER_WORDS[found['whole'].casefold()]):.0f} percent"
    return found[0] if found["part"].casefold() in ("one", "a") else part


def spaced(text: str) -> str:
    """With a space between Asian letters and figures, so that a figure stands alone."""
    return text if text.isascii() else _EDGE.sub(" ", text)


@lru_cache(maxsize=512)
def plainly(text: str) -> str:
    """The text with its places and shares in the words that ``spoken_figures`` reads."""
    if _ANY_STEP.search(text) is not None:
        for digit, pattern in (*_BEFORE, *_BEHIND):
            text = pattern.sub(f"step {digit}", text)
    text = _TRIES_OF.sub(r"\1 of ", text)
    text = SPELT.sub(_spelt, ZERO.sub("0", _OTHER_STEP.sub(_numbered("step"), text)))
    if text.isascii():
        return text
    text = _ASIAN_SHARE.sub(r" \2 of \1 ", text)
    text = _ASIAN_RUN.sub(_numbered("run"), _ASIAN_STEP.sub(_numbered("step"), text))
    for pattern, written in _ASIAN_TIMES:
        text = pattern.sub(written, text)
    return spaced(text)


def _numbered(name: str) -> Callable[[re.Match[str]], str]:
    def write(found: re.Match[str]) -> str:
        number = next(group for group in found.groups() if group)
        return f" {name} {number} "

    return write
