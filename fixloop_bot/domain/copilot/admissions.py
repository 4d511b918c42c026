"""Sentences that claim nothing: an honest "I do not know", advice where to look, a question.

Each clause has to be one of these, or to hang on one: ``I do not know why, but the database is down`` claims that the
database is down, and ``Check the pool, which is exhausted`` that the pool is. A clause that is doubtful is a claim;
what that costs is a mark behind an honest sentence.
"""

from __future__ import annotations

import re

from fixloop_bot.domain.copilot.spoken_figures import folded

_BREAKS = r"[;–—、，；：]+|[,:]+(?!\d)|\s-\s|\.\s|。"
_JOINTS = (
    "but|however|although|though|while|whereas|(?<=[,;] )yet|"
    "aber|jedoch|obwohl|mais|cependant|pero|aunque|mas|porém|embora|però|"
    "maar|hoewel"
)
_REASONS = r"because|since|as|so(?= \w)|weil|denn|da|car|parce que|puisque|ya que|perché|poiché|omdat|want"
_ASIAN = "けど|けれど|ですが|ますが|せんが|だが|しかし|ので|但是|但|不过|지만|그러나"
_CLAUSES = re.compile(rf"{_BREAKS}|\b(?:{_JOINTS}|{_REASONS})\b|(?:{_ASIAN}|因为)")
_OTHER_CLAUSES = re.compile(rf"{_BREAKS}|\b(?:{_JOINTS})\b|(?:{_ASIAN})")
_WE = r"(?:i|we|it|one|fixloop|nobody|no one|the sections?|the evidence|this|that|evidence|sections?|here)"
_KNOWN = (
    r"(?:known|clear|certain|sure|proven|shown|established|confirmed|verified|determined|stated|recorded|mentioned)"
)
_UNKNOWING = re.compile(
    rf"\b{_WE} (?:still |also |really |simply )?(?:do(?:es)? ?n[o']?t|cannot|can't|can not|could not|couldn't) "
    r"(?:yet )?(?:know|tell|say|see|find|confirm|verify|answer|show|name|have (?:any )?(?:evidence|data|"
    r"information))\b|"
    rf"\b(?:is|are|was|remains?|stays?|not yet|still) (?:not |n't |un|still |yet |as yet )*{_KNOWN}\b(?<=.)|"
    r"\b(?:is|are|remains?|stays?|still) (?:still |as yet |yet )?(?:unknown|unclear|open|uncertain)\b|"
    r"^\W*(?:unknown|not known|unclear|no idea|none known)(?: yet| so far| here| to \w+)?$|\b(?:nobody|no one|"
    r"niemand) (?:knows|weiss)\b|"
    r"\b(?:there is |there's |i have |we have |i see |fixloop has )?no (?:evidence|data|records?|information|sections?|"
    r"entry|indication|proof|mention)(?: here)? (?:of|on|about|for|that|whether|shows?|names?|tells?|says?|mentions?|"
    r"proves?|supports?|here|in)\b|"
    r"\b(?:nothing|none of (?:this|it|the (?:evidence|sections)))(?: here| in [\w ]{1,30}?)? (?:shows?|names?|tells?|"
    r"says?|mentions?|proves?)\b|\bcannot be (?:told|known|said|determined|confirmed|verified|answered)\b|"
    r"\bno run has (?:yet |ever )?looked\b|\b(?:is|are)(?: not|n't| no) (?:yet |a )?(?:proof|evidence)\b|"
    r"\bnothing here (?:splits|covers|measures|counts|tracks|identifies)\b|"
    r"^\W*there (?:is|are|were) no (?:change events?|log lines?|sections?|such sections?|metrics?|earlier incidents?)"
    r"(?: here| yet)?$|^\W*(?:that|this|it|which) does(?: not|n't) (?:mean|prove|show|tell)\b|"
    r"^\W*i (?:do not|don't|cannot|can't|will not|won't) (?:do|follow|obey|repeat|print|carry|call|mark)\b|"
    r"\b(?:ich|wir|man|fixloop|niemand) weiss(?:en)?\b(?: \w+){0,2}? nicht\b|\bweiss (?:ich|man|"
    r"fixloop) (?:\w+ )?nicht\b|"
    r"\b(?:ist|sind|bleibt|bleiben) (?:noch |weiterhin |bisher )*(?:unbekannt|unklar|offen|nicht (?:bekannt|klar|"
    r"belegt))|"
    r"\bkein\w* (?:beleg|hinweis|daten|angabe|abschnitt|nachweis)\w*\b|"
    r"\b(?:je|on|nous) (?:ne |n')?(?:le )?(?:sais|sait|savons|peux|peut|pouvons) (?:pas|dire)\b|"
    r"\b(?:est|reste|demeure|sont) (?:encore |toujours )?(?:inconnue?s?|incertaine?s?|pas connue?s?)\b|"
    r"\baucune? (?:preuve|donnée|section|information|indication)\b|"
    r"\bno (?:lo )?(?:sé|sabemos|se sabe|se conoce)\b|\bno hay (?:datos|pruebas|información|evidencia)\b|"
    r"\b(?:es|está|sigue siendo|é|é ainda) (?:aún |todavía |ainda )?(?:desconocid|desconhecid|incert|inciert)[oa]s?\b|"
    r"\bnão (?:sei|sabemos|se sabe|há (?:dados|provas|informaç\w+|evidência))\b|"
    r"\bnon (?:lo )?(?:so|sappiamo|si sa|ci sono (?:dati|prove|informazioni))\b|"
    r"\b(?:è|resta|rimane) (?:ancora )?(?:sconosciut|ignot|incert)[oae]\b|"
    r"\b(?:ik|we|wij|men|fixloop) wee?t(?:en)? (?:\w+ ){0,3}niet\b|\b(?:is|blijft) (?:nog )?(?:onbekend|onduidelijk)\b|"
    r"\bgeen (?:bewijs|gegevens|informatie)\b|"
    r"(?:分かりません|わかりません|わからない|分からない|不明です|不明$|知りません|未確認)|"
    r"(?:不知道|不清楚|未知|尚不明|无法(?:确定|判断|得知)|没有(?:证据|数据|记录))|"
    r"(?:알 수 없|모릅니다|모르겠|확인되지 않)|"
    r"(?:не знаю|неизвестн|не известн|неясн)|\b(?:nie wiem|nie wiadomo|nieznan\w+|bilmiyorum|bilinmiyor|neznám|nevím)|"
    r"(?:لا أعرف|غير معروف|不詳)"
)
_CONTRADICTS = re.compile(r"\b(?:contradict|den(?:y|ies)|disprov|rule[sd]? out|exclud|doubt|widerspr|dément|niega)\w*")
_HANGS_ON = re.compile(
    r"^\W*(?:and |or |und |oder |et |ou |y |e |o |en )?(?:whether|if|what|why|who|when|where|which|how|nor|either|"
    r"neither|"
    r"ob|was|warum|wer|wann|wo|welche\w*|wie|si|pourquoi|qui|ce qu\w*|quand|où|quel\w*|comment|por qué|qué|quién|"
    r"cuándo|"
    r"dónde|cómo|porque|quem|quando|onde|como|perché|chi|che cosa|dove|come|of|waarom|wie|wat|wanneer)\b(?! (?:is|are|"
    r"was|were|has|have) (?:\w+ ){0,3}(?:down|broken|full|fault))"
)
_WHO_IS = re.compile(
    r"^\W*(?:which|who|das|der|die|qui|que|cual|che|dat) (?:is|are|was|were|has|have|ist|hat|est|a|es|è)\b"
)
_ADVICE = re.compile(
    r"^\W*(?:please |then |next,? |now |also |you (?:can|could|may|might|should) |to (?:find out|know|tell|"
    r"be sure)|bitte |and |or )?"
    r"(?:check|look|run|press|see|try|ask|compare|inspect|open|read|verify|query|search|consider|find|"
    r"investigate|confirm|prüf\w*|schau\w*|sieh|führ\w*|frag\w*|drück\w*|vérifi\w*|regard\w*|lanc\w*|appuy\w*|"
    r"demand\w*|"
    r"revis\w*|mira(?= (?:el|la|los|las|en|si|qué|con)\b)|"
    r"ejecut\w*|verifi\w*|comprueb\w*|puls[ae]|pregunt\w*|olh\w*|execut\w*|controll\w*|guard\w*|eseg\w*|"
    r"premi|chied\w*|bekijk|controleer|voer|vraag|druk)\b(?! #?\d)"
    r"|^\W*(?:to find out|to know|to tell|um das|pour savoir|para saber|per sapere|om dat)\b"
    r"|^\W*(?:an?|the|ein\w*|une?|un[ao]?|een)? ?(?:[\w'’-]+ ){0,8}(?:would|could|würde|könnte|dirait|diría|diria|"
    r"direbbe|zou)"
    r"(?: \w+)? (?:tell|show|say|help|know|zeigen|sagen|verraten|vertellen)|"
    r"(?:確認してください|ご確認ください|请检查|请查看|확인하세요)"
)
_FINITE = re.compile(
    r"\b(?:is|are|was|were|has|have|had|will|does|did|that|which|who|whose|ist|sind|war|waren|hat|haben|wurde|est|sont|"
    r"était|a été|es|está|están|fue|é|foi|è|sono|heeft|zijn|werd)\b"
)
_WHO_OWNS = re.compile(r"\b(?:that|which|who) (?:owns?|runs?|fails?|failed|holds?|shows?|knows?|maintains?|does|did)\b")
_STATES = re.compile(
    r"\b(?:down|broken|full|dead|exhausted|overloaded|faulty|corrupt\w*|crashed|stuck|offline|leak\w*|compromised|"
    r"expired|unreachable|unavailable|missing|lost|hacked|deleted|misconfigured|kaputt|defekt\w*|voll|überlastet|"
    r"ausgefallen|tot|"
    r"abgestürzt|en panne|saturé\w*|caíd[oa]s?|llen[oa]|rot[oa]s?|guast[oa])\b"
)
_WHETHER = re.compile(r"\b(?:whether|if|that|about|of any|ob|dass|si|que|se|che|dat)\b")
_QUESTION = re.compile(
    r"^\W*(?:and |or |so |also )?(?:what|which|who|whom|whose|when|where|why|how|is|are|was|were|do|does|did|has|"
    r"have|had|"
    r"can|could|should|shall|would|will|was|wer|wann|wo|warum|wie|welche\w*|ist|sind|hat|haben|kann|soll\w*|gibt|que|"
    r"quoi|"
    r"qui|quand|où|pourquoi|comment|quel\w*|est|y a|qué|quién|cuándo|dónde|cómo|cuál\w*|por qué|hay|está|o que|quem|"
    r"quando|"
    r"onde|qual|como|há|che|cosa|chi|dove|perché|come|wat|wie|wanneer|waar|waarom|hoe|welke|heeft)\b|(?:ですか|ますか|吗|呢|까)$"
)
_SUPPOSES = re.compile(
    r"\b(?:you know|know that|aware|realis|realiz|isn't it|aren't they|right|oder|n'est-ce pas|verdad)\b"
)


def claims_nothing(text: str) -> bool:
    """Whether every clause admits not to know, advises where to look, or asks; a state is never named in passing."""
    plain = folded(text).rstrip("*_ )")
    if plain.endswith(("?", "？")):
        inner = plain.rstrip("?？ ")
        asks = _QUESTION.search(inner) is not None and _SUPPOSES.search(inner) is None
        return asks and not _CLAUSES.search(inner) and _STATES.search(inner) is None
    parts, hangs = clauses(text), False
    for part in parts:
        if _admits(part):
            hangs = True
        elif _advises(part):
            hangs = False
        elif not (hangs and _HANGS_ON.match(part) is not None and _WHO_IS.match(part) is None):
            return False
    return bool(parts)


def without_admissions(text: str) -> str:
    """The clauses that state something; all of it where none only admits not to know."""
    parts = [part for part in _CLAUSES.split(folded(text)) if part.strip()]
    stated = [part for part in parts if not claims_nothing(part)]
    return text if len(stated) == len(parts) else ", ".join(stated)


def clauses(text: str, *, at_causes: bool = True) -> list[str]:
    """The clauses of a sentence, in one case; two words that only open it (``Sorry``, ``So far``) are none.

    ``at_causes``: "because" begins one, too.
    """
    divider = _CLAUSES if at_causes else _OTHER_CLAUSES
    found = [clause.strip(" .!…*_") for clause in divider.split(folded(text))]
    kept = [clause for clause in found if clause]
    opens = len(kept) > 1 and len(kept[0].split()) <= 2 and kept[0].isascii() and not _admits(kept[0])
    return kept[1:] if opens else kept


def _admits(clause: str) -> bool:
    found = _UNKNOWING.search(clause)
    if found is None or _CONTRADICTS.search(clause) is not None:
        return False
    if _STATES.search(clause) is not None and _WHETHER.search(clause) is None:
        return False
    return not _asserts_behind(clause[found.end() :])


def _asserts_behind(rest: str) -> bool:
    """``… is unknown and the database is down``: a second statement joined to the first."""
    joined = re.search(r"\b(?:and|und|et|y|e|en)\b(.*)", rest)
    return joined is not None and _FINITE.search(joined[1]) is not None and _UNKNOWING.search(joined[1]) is None


def _advises(clause: str) -> bool:
    if _ADVICE.search(clause) is None:
        return False
    clause = _WHO_OWNS.sub(" ", clause)
    return _STATES.search(clause) is None and (
        _FINITE.search(clause) is None
        or re.search(r"\b(?:whether|if|once|when|ob|sobald|wenn|si|se|of|dès)\b", clause) is not None
    )
