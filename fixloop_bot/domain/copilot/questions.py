"""The standing questions of an incident, recognised by their words in seven languages and, less fully, a dozen more.

A question may be several things at once (``is it safe, and what caused it?``); what is not recognised is no topic at
all, and is answered by the brief.
"""

from __future__ import annotations

import re
from enum import StrEnum

from fixloop_bot.domain.copilot.spoken_figures import figures_in, folded


class Topic(StrEnum):
    """What somebody wants to know."""

    SAFE = "safe or recovered"
    STEP = "which step fails"
    CHANGES = "what changed"
    LAST_TIME = "what was done last time"
    CAUSE = "what caused it"
    RUN_STEP = "run a step again"


_WORDS = {
    Topic.SAFE: (
        r"\bsafe(?:ly|ty)?\b|\brecover\w*|\bfixed\b|\bresolved\b|\bis it over\b|\ball clear\b|"
        r"\bback to normal\b|\bresum\w*|"
        r"\breopen traffic|\bhealthy\b|\bis it ok\b|\bprove[nds]?\b|"
        r"\bsicher\b|\berholt\b|\bbehoben\b|\bgelöst\b|\bwieder (?:in ordnung|gesund|ok|freigeben|aufnehmen)|"
        r"\bvorbei\b|"
        r"\bfreigeben\b|\bs[ûu]re?\b|\brétabli\w*|\brésolu\w*|\breprendre\b|\bréparé\w*|\bsans (?:danger|risque)|"
        r"\bsegur[oa]\b|\brecuperad[oa]\b|\bresuelt[oa]\b|\breanudar\b|\bsolucionad[oa]\b|\bresolvid[oa]\b|"
        r"\bretomar\b|"
        r"\bcorrigid[oa]\b|\bsicur[oa]\b|\bripristinat[oa]\b|\brisolt[oa]\b|\briprendere\b|\bveilig\b|\bhersteld\b|"
        r"\bopgelost\b|\bhervat\w*|"
        r"安全|恢复|恢復|修复|解决|正常了|重新开放|放行|復旧|回復|直っ|直り|治っ|解決し|再開|大丈夫|問題な|안전|"
        r"복구|해결|정상|재개|괜찮|"
        r"\bбезопасн\w*|\bвосстанов\w*|\bисправл\w*|\bрешен\w*|\bбезпечн\w*|\bвідновл\w*|\bbezpieczn\w*|\bnaprawion\w*|"
        r"\bprzywróc\w*|\bbezpečn\w*|\bopraven\w*|\bgüvenli\w*|\bdüzeldi\w*|\bçözüldü\w*|\bsäkert?\b|\btrygt?\b|"
        r"\bsikkert?\b|"
        r"\båterställ\w*|\bturvallis\w*|\bbiztonságos\w*|\bsigur\w*|آمن|تعاف|إصلاح|בטוח|תוקן|सुरक्षित|ठीक|an toàn|"
        r"\baman\b|ปลอดภัย"
    ),
    Topic.STEP: (
        r"\b(?:which|what) (?:steps?|checks?)\b|\bwhat (?:is |'s )?(?:fail|broken|wrong|"
        r"still open)\w*|\bwhy (?:does|is|do) "
        r"(?:it|the|step)\b|\bfail(?:s|ing)\b|\bwelcher? schritt\w*|\bwas (?:schlägt|ist kaputt|geht nicht|"
        r"scheitert)|"
        r"\bquelle étape|\bqu'est-ce qui (?:échoue|ne)|\béchoue\b|\b(?:qué|cuál) paso|\bqué falla|\bfalla\b|"
        r"\bqual passo|"
        r"\bo que (?:está a )?falh\w*|\bfalha\b|\bquale passo|\bcosa (?:non|fallisce)|\bfallisce\b|"
        r"\bwelke stap|\bwat (?:faalt|mislukt)|"
        r"どのステップ|どの手順|何が失敗|失敗して|哪一?[个步]|哪個步|什么失败|为什么失败|失败了|어떤 단계|어느 단계|"
        r"무엇이 실패|실패하|"
        r"\bкакой шаг|\bчто не работает|\bktóry krok|\bco nie działa|\bhangi adım"
    ),
    Topic.CHANGES: (
        r"\bdeploy\w*|\bchanged?\b|\broll(?:ed|ing)?[ -]?back\b|"
        r"\brelease\w*|\brolled out\b|\bcommit\w*|\bship(?:ped)?\b|"
        r"\bconfig(?:uration)? change|"
        r"\bge[äa]nder\w*|\bausgerollt\b|\bdéploi\w*|\bdéploy\w*|\bchangé\b|\bmodifi\w*|\bdespleg\w*|\bcambi[óoa]\w*|"
        r"\bimplant\w*|\bmud(?:ou|an[çc]a\w*)|\bimplementa\w*|\brilasci\w*|\bgewijzigd\b|\bveranderd\b|\buitgerold\b|"
        r"デプロイ|リリース|変更|変わっ|部署|发布|上线|变更|改动|更改|배포|변경|릴리스|\bдепло\w*|\bрелиз\w*|"
        r"\bизмен\w*|\bwdroż\w*|\bzmien\w*|"
        r"\bdeğiş\w*"
    ),
    Topic.LAST_TIME: (
        r"\blast time\b|\bbefore this\b|\bpreviously\b|\b(?:similar|past|earlier|previous) (?:incident|case|"
        r"outage)s?|\bhappened before\b|"
        r"\b(?:beim )?letzte[sn]? mal\b|\bfrüher\w*|\bschon (?:ein)?mal\b|\bla dernière fois\b|\bdéjà (?:eu|"
        r"arrivé|vu)|"
        r"\b(?:la )?última vez\b|\bultima volta\b|\bvorige keer\b|\blaatste keer\b|\beerder\b|"
        r"前回|以前にも|過去に|上次|以前发生|之前发生过|지난번|이전에도|\bв прошлый раз|\bраньше|\bostatnim razem|"
        r"\bgeçen sefer"
    ),
    Topic.CAUSE: (
        r"^\W*(?:and |but )?why\W*$|"
        r"\bcaus\w+|\broot cause\b|\bwhy did (?:it|this)\b|\breason\b|\bwhose fault\b|\bursache\b|\bwarum\b|"
        r"\bwieso\b|\bverursach\w*|"
        r"\bpourquoi\b|\bpor ?qu[eé]\b|\bperch[eé]\b|\bwaarom\b|\boorzaak\b|\bwhat happened\b|\bwas ist passiert\b|"
        r"原因|なぜ|どうして|何が起き|为什么|為什麼|怎么回事|发生了什么|원인|왜|무슨 일|\bпочему|\bпричин\w*|"
        r"\bчто случилось|\bdlaczego|\bprzyczyn\w*|"
        r"\bneden|\bniçin|\bне працює чому"
    ),
}
_TOPICS = {topic: re.compile(words) for topic, words in _WORDS.items()}
_RUN = re.compile(
    r"\b(?:re-?run|run|repeat|retry|redo|try|execute|again|nochmal|noch einmal|erneut|wiederhol\w*|"
    r"relanc\w*|refai\w*|répét\w*|"
    r"rejou\w*|repit\w*|repet\w*|ejecut\w*|execut\w*|riesegu\w*|esegu\w*|ripet\w*|herhaal|opnieuw|voer|starte?|"
    r"ещё раз|повтори\w*|запусти\w*|ponownie|powtórz|uruchom|tekrar)\b"
    r"|もう一度|再実行|再度|やり直|実行して|重新运行|重新執行|再跑|再试|重试|再运行|다시|재실행|실행해"
)
_ASKS = re.compile(
    r"\b(?:did|what|which|why|when|how|was|were|warum|welche[rs]?|pourquoi|por qué|perché|waarom|почему|что|"
    r"dlaczego|neden)\b|なぜ|どう|何|いつ|为什么|什么|怎么|哪|왜|무엇|언제"
)
_BRIEF = re.compile(
    r"\b(?:what(?:'s| is| do we)? (?:known?|going on|new|up|the (?:state|status|matter|problem|latest))|status|"
    r"summar\w*|brief|"
    r"update|overview|how (?:does it|do things|are we)|what now|and now|tl;?dr|actually broken|so far|what do we know|"
    r"was ist los|was wissen wir|stand der dinge|wie steht|zusammenfass\w*|que se passe|où en est|résum\w*|qué pasa|"
    r"qué se sabe|resum\w*|o que se passa|cosa succede|riassum\w*|wat is er aan de hand|stand van zaken|"
    r"samenvatt\w*)\b|"
    r"状況|どうなって|まとめ|要約|现在情况|什么情况|怎么样了|总结|상황|요약|\bчто происходит|\bсводк\w*|"
    r"\bco się dzieje|\bne oluyor"
)
_LONGEST = 2_000


_GOES_ON = re.compile(
    r"(?:and|or|but|then|what about|how about|und|oder|aber|dann|et|ou|mais|alors|y|o|pero|e|ma|mas|en|of|maar|och|og|"
    r"ale|и|а|но|ve|ama)\b|そして|それで|じゃあ|あと|那|还有|還有|그리고|그럼|(?:step|run|schritt|étape|paso|passo|stap)\s*#?\d",
    re.IGNORECASE,
)
LONGEST_FOLLOW_UP = 8
"""Words. Who has more to say, and asks nothing, tells the others something."""


def goes_on(text: str) -> bool:
    """Whether words without a question mark go on with the question before: ``and step 2``, ``what about latency``.

    ``I restarted the controller`` is news for the thread, not for the bot.
    """
    said = text.strip()
    return _GOES_ON.match(said) is not None and len(said.split()) <= LONGEST_FOLLOW_UP


def topics_of(question: str) -> tuple[Topic, ...]:
    """What the question is about; empty where it is none of the standing ones."""
    plain = folded(question[:_LONGEST])
    found = [topic for topic, words in _TOPICS.items() if words.search(plain)]
    return (Topic.RUN_STEP, *found) if step_to_run(question) is not None else tuple(found)


def step_to_run(question: str) -> int | None:
    """The number of the step that somebody wants to run again; None where that is not what they want."""
    plain = folded(question[:_LONGEST])
    steps = [number for name, number in figures_in(plain).places if name == "step"]
    return steps[0] if steps and _RUN.search(plain) is not None and _ASKS.search(plain) is None else None


def wants_the_brief(question: str) -> bool:
    """Whether somebody asks how things stand, which the brief answers; a word or two ("And now?") does, too."""
    plain = folded(question[:_LONGEST])
    return _BRIEF.search(plain) is not None or len(plain.split()) <= 2
