"""What kind of sentence it is: one that claims recovery, names a cause, says how a step ended, or announces.

Lexicons for English, German, French, Spanish, Portuguese, Italian and Dutch, and the commonest words of recovery in a
few more. They err on the strict side: a sentence that sounds like a recovery is left out, since the verdict in code is
said anyway; what is lost is a sentence.
"""

from __future__ import annotations

import re

from fixloop_bot.domain.copilot.admissions import claims_nothing, clauses
from fixloop_bot.domain.copilot.recovery_words import RECOVERY
from fixloop_bot.domain.copilot.spoken_figures import folded

_NEGATIONS = (
    r"(?:(?:is|are|was|were|do|does|did|has|have|had|wo|would|ca|could|should)n['’]?t|not|never|neither|"
    r"nor|cannot|unproven|whether|unclear|unknown|until|unless|nicht|"
    r"kein\w*|nie|niemals|"
    r"weder|ob|unklar|bis|ne|n['’]\w+|pas|jamais|aucune?|ni|nunca|jamás|tampoco|não|nem|nunca|non|mai|né|"
    r"niet|geen|nooit|"
    r"totdat|hasta|até|finché|no|не|ещё не|nie|değil)"
)
_NEGATED = re.compile(rf"(?<![\w'’]){_NEGATIONS}(?![\w])(?!['’]\w)")
_AFTER = re.compile(r"\b(?:nicht|niet)\b|\bpas\b(?! \w+ment)")
_NO_NEGATION = re.compile(
    r"\b(?:not|nicht|pas|no|não|non|niet) (?:only|just|merely|nur|bloß|seulement|solo|solamente|sólo|só|"
    r"apenas|alleen|a doubt)\b"
    r"|\b(?:no|without(?: a)?|kein|ohne|sans(?: aucun)?|sin|sem|senza|geen|zonder|aucun) "
    r"(?:doubt|question|zweifel|doute|duda|dúvida|dubbio|twijfel|problem\w*|issues?|errors?)\b"
)
_ASIAN_NEGATION = re.compile(r"[未没不沒無]|ない|ません|않|없|안 |не |ещё")
_CLAUSES = re.compile(
    r"[,;:–—()?!|]|\.\s|\s-\s|\b(?:but|so|because|therefore|thus|hence|aber|denn|mais|car|pero|mas|porque|"
    r"maar|want|и|و)\b"
)
_WORDS_BETWEEN = 4
_AFFIRMED = re.compile(
    r"^\W*(?:yes|yep|yeah|sure|absolutely|definitely|of course|correct|indeed|ja|jawohl|klar|oui|sí|si|"
    r"claro|sim|sì|certo|да|はい|是的?)(?![\w])"
)


_SHARE_GOOD = re.compile(r"\b\d+ (?:out )?of \d+ (?:\w+ ){0,3}(?:were|are|was|is) (?:good|fine|ok|okay)\b")
"""A share of tries is a figure, and is held against its evidence as one."""


def claims_recovery(text: str) -> bool:
    """Whether a sentence says that production has recovered, that it is safe, or that the trouble is fixed."""
    return bool(recovery_clauses(text))


def recovery_clauses(text: str) -> list[str]:
    """The clauses that say so, in one case."""
    return [clause for clause in _CLAUSES.split(_SHARE_GOOD.sub(" ", folded(text))) if _claims_recovery(clause)]


def _claims_recovery(clause: str) -> bool:
    clean = _NO_NEGATION.sub(lambda found: "·" * len(found[0]), clause)
    return any(not _denied(clean, found) for found in RECOVERY.finditer(clause))


def _denied(clause: str, found: re.Match[str]) -> bool:
    """Whether a negation stands shortly before the claim (in German and Dutch also after it), or within it."""
    if found[0].startswith(("問題あり", "問題な", "没问题", "沒問題", "문제없")):
        return False
    if _ASIAN_NEGATION.search(clause[max(0, found.start() - 4) : found.end() + 5]) is not None:
        return True
    own = found[0].startswith(("no ", "not ", "no longer", "nicht mehr", "niet meer", "ya no", "já não", "non "))
    negations = [each.end() for each in _NEGATED.finditer(clause, 0, found.start() if own else found.end())]
    if negations and len(clause[negations[-1] : found.start()].split()) <= _WORDS_BETWEEN:
        return True
    return _AFTER.search(clause, found.end()) is not None


_SPELT_OUT = re.compile(r"(?<!\w)(?:[^\W\d_][ .\-·_*]{1,2}){3,}[^\W\d_](?!\w)")
_TWO_SCRIPTS = re.compile(r"[A-Za-z][\u0370-\u052f]|[\u0370-\u052f][A-Za-z]")


def is_disguised(text: str) -> bool:
    """Whether a word is spelt out (``s a f e``) or mixes look-alike letters of two alphabets."""
    return _SPELT_OUT.search(text) is not None or _TWO_SCRIPTS.search(text) is not None


def affirms(text: str) -> bool:
    """Whether a sentence begins with a yes."""
    return _AFFIRMED.search(folded(text)) is not None


_CAUSE = re.compile(
    r"\b(?:caus(?:e[ds]?|ing)|because|due to|root cause|led to|leads to|result(?:s|ed|ing) (?:of|from|in)|introduced|"
    r"triggered by|broke\b|"
    r"(?:began|beg[iu]n\w*|start(?:s|ed)?|appear(?:s|ed)?) with(?! (?:a|step)\b)|responsible|culprit|to blame|"
    r"reason (?:is|was|for)|weil|wegen|verursach\w*|"
    r"ausgel[öo]st|ursache|"
    r"schuld|parce qu\w*|à cause|caus[ée]\w*|provoqu\w*|provoc\w*|dû à|porque|debido|devido|culpa\w*|"
    r"perché|a causa|dovut\w*|"
    r"omdat|veroorzaak\w*|oorzaak|door de)\b|原因|导致|由于"
)
_HEDGE = re.compile(
    r"\b(?:may|might|could|possib\w*|perhaps|maybe|probabl\w*|likely|suspect\w*|hypothes\w*|candidate|guess|"
    r"vielleicht|m[öo]glich\w*|wahrscheinlich\w*|k[öo]nnte\w*|vermut\w*|peut-être|pourrait|quiz[áa]s?|"
    r"podr[íi]a\w*|posible\w*|talvez|"
    r"poderia\w*|poss[íi]ve\w*|forse|potrebbe\w*|possibil\w*|misschien|mogelijk\w*|waarschijnlijk\w*|zou)\b|可能"
)
_ANNOUNCES = re.compile(
    r"^\W*(?:(?:okay|ok|sure|alright|first|next|now|then)[,.!]? )?(?:let me|let's|i(?:'ll| will|"
    r" am going to|'m going to| need to| should)|"
    r"lass(?:t|en)? (?:mich|uns)|ich (?:werde|schaue|prüfe)|laissez-moi|je vais|voy a|déjame|vou|deixe-me|"
    r"vado a|fammi|"
    r"ik (?:ga|zal)|laat me)\b"
)
_PAST = re.compile(r"\binc-\d+\b")
_PRESENT = re.compile(
    r"\b(?:now|today|currently|is|are|has|have|again|can|may|should|jetzt|ist|sind|kann|est|peut|es|está|"
    r"puede|é|pode|è|può|nu|kan)\b"
)


def names_cause(text: str) -> bool:
    """Whether a clause says why something happened, as a fact and not as a possibility."""
    named = [clause for clause in clauses(text, at_causes=False) if _CAUSE.search(clause) is not None]
    return any(_HEDGE.search(clause) is None and not claims_nothing(clause) for clause in named)


def is_hedged(text: str) -> bool:
    """Whether a sentence says that something may be so."""
    return _HEDGE.search(folded(text)) is not None


def announces(text: str) -> bool:
    """``Let me look at the logs.``: what the model is about to do is said by the status line."""
    return _ANNOUNCES.search(folded(text)) is not None


def tells_of_the_past(text: str) -> bool:
    """Whether a sentence speaks of an earlier incident by its name, and of nothing that is so now."""
    plain = folded(text)
    return _PAST.search(plain) is not None and _PRESENT.search(plain) is None


_PASSED = re.compile(
    r"通过|通過|成功|合格|통과|성공|\b(?:pass(?:ed|es|ing)?|succe\w+|bestanden|besteht|réussi\w*|superad\w*|passou|"
    r"aprovad\w*|superat\w*|geslaagd|slaagt|unaffected|works?|worked|working)\b"
)
_FAILED = re.compile(
    r"失败|失敗|실패|\b(?:fail(?:s|ed|ing)?|affected|impacted|broken?|kaputt|defekt\w*|cassée?s?|rotto|kapot|stuk|"
    r"fehlgeschlagen|schl(?:ägt|ug|agen) (?:\w+ ){0,3}fehl|scheitert\w*|échou\w*|"
    r"fall(?:a|ó|an|ado)|"
    r"falh\w*|fallisc\w*|fallit\w*|mislukt\w*|faalt|gefaald)\b"
)


def step_verdicts(text: str) -> frozenset[str]:
    """``passed`` and ``failed``, as far as the sentence says so of steps without a negation."""
    plain = folded(text)
    said = set()
    for name, pattern, opposite in (("passed", _PASSED, "failed"), ("failed", _FAILED, "passed")):
        for found in pattern.finditer(plain):
            before = plain[max(0, found.start() - 24) : found.start()]
            around = plain[max(0, found.start() - 2) : found.end() + 8] if not found[0].isascii() else ""
            denied = _NEGATED.search(before) is not None or _ASIAN_NEGATION.search(around) is not None
            said.add(opposite if denied else name)
    return frozenset(said)
