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
    SINCE = "since when"
    FIGURES = "how bad it is"
    LOGS = "what is logged"
    TRIED = "what was tried"
    LAST_TIME = "what was done last time"
    CAUSE = "what caused it"
    RUN_STEP = "run a step again"


_WORDS = {
    Topic.SAFE: (
        r"\bsafe(?:ly|ty)?\b|\brecover\w*|\bfixed\b|\bresolved\b|\bis it over\b|\ball clear\b|"
        r"\bback to normal\b|\bresum\w*|"
        r"\bback to (?:bed|sleep)\b|\b(?:go|get some) (?:to )?(?:bed|sleep)\b|\bstand down\b|"
        r"\b(?:are|r) we (?:all )?(?:good|ok|clear|done)\b|^\W*(?:all|we) good\W*$|\bback (?:up|online)\b|"
        r"\b(?:rollback|roll back|revert|restart|fix|patch|hotfix|failover|it|that|this) "
        r"(?:has )?(?:worked|work|helped|help|did it)\b|\b(?:did|didn'?t|has|hasn'?t) (?:it|that|this|the \w+) "
        r"(?:work\w*|help\w*)\b|\b(?:ins|zu) bett\b|\bschlafen\b|\b(?:geht|läuft|funktioniert) (?:\w+ )?wieder\b|"
        r"\b(?:ré)?dormir\b|\brepart\w*|\b(?:re)?marche (?:à nouveau|de nouveau|ou pas)|\bya funciona\b|\ba dormir\b|"
        r"\ba letto\b|\bnaar bed\b|寝て|寝ても|眠って|睡(?:觉|了|吗)|자도 (?:돼|되)|\bспать\b|\bspać\b|"
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
        r"\bwhat (?:\w+ ){0,2}(?:does|do|did|is) (?:\w+ ){1,4}(?:answer|respond|return|reply)\w*|"
        r"\bhow many (?:tries|samples|steps|failed|passed|times)\b|"
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
        r"\bdeploy\w*|\bchanged?\b|\b(?:which|what|whose) (?:flag|migration|commit|version|config\w*|change)\b|"
        r"\bwhat happen\w* .{0,40}\bbefore\b|\b(?:last|past) \d+ ?(?:min|hour|h\b)|\bscaled?\b|"
        r"\broll(?:ed|ing)?[ -]?back\b|"
        r"\brelease\w*|\brolled out\b|\bcommit\w*|\bship(?:ped)?\b|"
        r"\bconfig(?:uration)? change|"
        r"\bge[äa]nder\w*|\bausgerollt\b|\bdéploi\w*|\bdéploy\w*|\bchangé\b|\bmodifi\w*|\bdespleg\w*|\bcambi[óoa]\w*|"
        r"\bimplant\w*|\bmud(?:ou|an[çc]a\w*)|\bimplementa\w*|\brilasci\w*|\bgewijzigd\b|\bveranderd\b|\buitgerold\b|"
        r"デプロイ|リリース|変更|変わっ|部署|发布|上线|变更|改动|更改|배포|변경|릴리스|\bдепло\w*|\bрелиз\w*|"
        r"\bизмен\w*|\bwdroż\w*|\bzmien\w*|"
        r"\bdeğiş\w*"
    ),
    Topic.SINCE: (
        r"\bsince when\b|\bhow long (?:has|is|was|have|ago)\b|"
        r"\bwhen (?:did|has) (?:it|this|that) (?:start|beg|break|happen)\w*|"
        r"\bseit wann\b|\bwie lange (?:schon|geht|ist)\b|\bdepuis (?:quand|combien)|\bdesde cu[áa]ndo|\bdesde quando|"
        r"\bda quando\b|\bsinds wanneer\b|いつから|从什么时候|언제부터|\bс каких пор|\bod kiedy\b|\bne zamandan beri"
    ),
    Topic.FIGURES: (
        r"\b(?:worse|better|improving|recovering|rising|falling|climbing|dropping|trend\w*)\b|"
        r"\bhow (?:bad|slow|far|high|big|fast)\b|\b(?:error|failure) (?:rate|share)\b|\blatency\b|\bp9[59]\b|"
        r"\bmetrics?\b|\blag\b|\bschlimmer\b|\bbesser\b|\bfehlerrate\b|\bpire\b|\bmieux\b|\btaux d'erreur|\bpeor\b|"
        r"\bmejor\b|\btasa de error\w*|\bpior\b|\bmelhor\b|\bpeggio\b|\bmeglio\b|エラー率|悪化|错误率|更糟|오류율"
    ),
    Topic.LOGS: (
        r"\blogs\b|\b(?:the|error|service) log\b|\blogged\b(?! in| out)|"
        r"\berror messages?\b|\bstack ?traces?\b|\bfehlermeldung\w*|\bprotokoll\w*|\bjournaux\b|"
        r"\bregistros\b|ログ|日志|로그|\bлог\w*"
    ),
    Topic.TRIED: (
        r"\bwhat (?:have|did|has) (?:we|you|they|anyone|been) (?:all )?(?:tried|try|done|do)\b(?! last)|"
        r"\bwhat was (?:tried|done)\b|"
        r"\b(?:tried|done) so far\b|\bwas (?:haben wir|wurde) (?:\w+ )?(?:versucht|probiert|gemacht)|"
        r"\bqu'(?:a-t-on|est-ce qu'on a) (?:essayé|fait)|\bqué (?:hemos|se ha) (?:probado|intentado|hecho)"
    ),
    Topic.LAST_TIME: (
        r"\bsame (?:\w+ ){0,2}(?:as|like) (?:last|yesterday|before|the other)\b|"
        r"\b(?:seen|had) (?:this|that|it) before\b|"
        r"\blike last (?:week|month|night|year|time)\b|^(?:\w+\W+){0,1}again\W*$|"
        r"\bschon wieder\b|\bdéjà vu\b|\bcome l'altra|"
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
        r"\bwtf\b|\bwhat (?:\w+ ){0,3}happen\w*|\bwhat (?:was|went) wrong\b|\bwhy (?:are|is|can'?t|aren'?t|isn'?t) "
        r"(?!it\b|the step|step)|\bwho (?:the \w+ )?(?:broke|did|caused)\b|\b(?:is|was) it (?:us|our\w*|them)\b|"
        r"\b(?:our|their|my) fault\b|\bculpa\b|\bschuld\b|\bfaute\b|\bcolpa\b|"
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


_STOP = re.compile(
    r"(?:(?:please|bitte|ok|okay|por favor) )?(?:stop+|halt|stopp|hör auf|arrête|arrêtez|para|basta|alto|parar|ferma|"
    r"стоп|止めて|とめて|やめて|ストップ|停|停止|停下|멈춰|중지)(?: (?:it|that|please|bitte|talking|writing))?"
)


def asks_to_stop(text: str) -> bool:
    """Whether all that somebody says is that the answer which is being written should end."""
    plain = re.sub(r"<@[^<>]*>|@fixloop", " ", text[:_LONGEST], flags=re.IGNORECASE)
    return _STOP.fullmatch(" ".join(plain.casefold().split()).strip(" .!,…。！")) is not None


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
