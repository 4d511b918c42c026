"""Questions that no evidence of FixLoop's answers in code: who, when it will be fixed, how much, where.

A standing question may sit inside of one (``Who approved the deploy?`` speaks of a deploy); what is not known has to be
said first, with where one would find it.
"""

from __future__ import annotations

import re
from enum import StrEnum

from fixloop_bot.domain.copilot.spoken_figures import folded


class Wanted(StrEnum):
    """What somebody wants that state cannot tell."""

    WHO = "who"
    UNTIL_WHEN = "when it will be over"
    HOW_MUCH = "how much"
    WHERE = "where, and whom it affects"
    ADVICE = "what to do"
    INSIDE = "what is inside of a system that FixLoop does not look into"


_WORDS = {
    Wanted.INSIDE: (
        r"\bpasswords?\b|\bcredentials?\b|\b(?:which|what|whose) (?:card|password|key|token|e-?mail|secret)s?\b|"
        r"\bpasswort\b|"
        r"\bmot de passe|\bcontraseñ\w+|\bsenha\b|パスワード|密码|비밀번호"
    ),
    Wanted.UNTIL_WHEN: (
        r"\bwhen (?:will|can|do|does|are|is|would)\b|\bhow (?:much )?long(?:er)?\b(?! (?:has|did|was|were|since|"
        r"ago))|\beta\b|"
        r"\bhow soon\b|\bwann (?:wird|ist|sind|kann|läuft)\b|\bwie lange? (?:noch|dauert)|\bquand (?:est-ce que |"
        r"sera|va|pourr)|"
        r"\bcombien de temps|\bcuándo (?:estará|se|va|podr)|\bcuánto (?:tiempo|falta|tarda)|\bquando (?:será|vai|"
        r"estará|sarà|"
        r"verrà|si)\b|\bquanto (?:tempo|manca)|\bwanneer (?:is|wordt|kan)|\bhoe lang\b|いつ(?:直|復旧|解決|再開|終)|"
        r"何時(?:に|頃)|"
        r"什么时候|何时|多久|언제|얼마나 걸|\bкогда\b|\bkiedy\b|ne zaman"
    ),
    Wanted.WHO: (
        r"\bwho(?:'s|se|m)?\b(?! is on call)|\b(?:wer|wem|wen)\b|\bqui (?:a|est|l'a|doit|peut)\b|"
        r"\bqui[ée]n(?:es)?\b|\bquem\b|"
        r"\bchi (?:ha|è|l'ha|deve)\b|\bwie (?:heeft|is|moet|was)\b(?! lange)|誰|だれ|谁|누가|누구|\bкто\b|\bkto\b|"
        r"\bkim\b"
    ),
    Wanted.ADVICE: (
        r"\b(?:should|shall) (?:i|we)\b(?! (?:resume|reopen))|\bwhat (?:do|can) (?:i|we) do\b|\bwhat would you do\b|"
        r"\bwas (?:soll|kann) ich\b|\bsollen wir\b|\bsoll ich\b|\bque (?:faire|dois-je)|\bfaut-il\b|"
        r"\bqué (?:hago|hacemos|debo)|\bo que (?:faço|fazemos|devo)|\bcosa (?:faccio|devo|facciamo)|"
        r"\bwat moet (?:ik|we)|どうすれば|どうしたら|怎么办|該怎麼|어떻게 해야|\bчто делать|\bco robić|\bne yapmal"
    ),
    Wanted.HOW_MUCH: (
        r"\b(?:did|have|are) we (?:lose|lost|losing)\b|\bdata loss\b|"
        r"\bhow (?:much|many)\b|\bcost\w*|\brevenue|\bmoney\b|\bwie ?viele?\b|\bcombien\b|\bcuánt[oa]s?\b|"
        r"\bquant[oaie]s?\b|"
        r"\bhoeveel\b|いくら|何(?:件|人|円)|多少|얼마|몇|\bсколько\b|\bile\b|\bkaç\b"
    ),
    Wanted.WHERE: (
        r"\b(?:everyone|everybody)\b|\bonly (?:in |on |for )?(?:eu|us|ap|some|one|ios|android|europe)\b|"
        r"\bwhich (?:regions?|customers?|users?|countr\w+|zones?|data ?cent\w+|clusters?|hosts?|tenants?|nodes?|"
        r"pods?)\b|"
        r"\b(?:customers?|users?|tenants?) (?:are |is )?(?:affected|impacted)|\bwhere (?:is|are|does|do)\b|"
        r"\bwelche (?:region\w*|kund\w+|nutzer\w*)|\bquelles? (?:régions?|clients?)|\bqué (?:regi|client|usuari)\w+|"
        r"\bqua(?:l|is|le|li) (?:regi|client|utent|usuári)\w+|\bwelke (?:regio\w*|klant\w*)|どの(?:地域|リージョン|"
        r"顧客|ユーザ)|"
        r"哪(?:些|个)?(?:地区|区域|客户|用户)|어느 (?:지역|리전|고객)|どこ|哪里|어디"
    ),
}
_WANTED = {wanted: re.compile(words) for wanted, words in _WORDS.items()}
_COUNTED = re.compile(
    r"\bhow many (?:tries|samples|steps|runs|failed|passed|times)\b|\bwie ?viele? (?:versuche|schritte)\b"
)
_LONGEST = 2_000

_SAID = {
    Wanted.WHO: (
        "FixLoop does not know who. What people did here stands in the timeline; an approval or an author, if "
        "anywhere, in the change event or the deploy tool."
    ),
    Wanted.UNTIL_WHEN: (
        "FixLoop does not know when, and does not guess: nothing here shows it. Validate tells whether it is fixed, "
        "once a fix is out."
    ),
    Wanted.HOW_MUCH: (
        "FixLoop does not know how much: nothing here counts that. What it measures stands below; the rest, the team "
        "that owns the numbers."
    ),
    Wanted.WHERE: (
        "FixLoop does not know where or whom it affects: its steps ask from one place, and nothing here tells. "
        "The metric, split by region or customer, would tell."
    ),
    Wanted.ADVICE: (
        "FixLoop does not know which fix would help, and does not choose one: it proves whether one has worked. What "
        "fails and what was changed stands below."
    ),
    Wanted.INSIDE: (
        "FixLoop does not know, and would not say: secrets and people's data are masked before it keeps them."
    ),
}


def wanted_by(question: str) -> Wanted | None:
    """What a question wants that state cannot tell, the first that fits; None where it wants nothing like that."""
    plain = folded(question[:_LONGEST])
    if _COUNTED.search(plain) is not None:
        return None
    return next((wanted for wanted, words in _WANTED.items() if words.search(plain) is not None), None)


def not_known(wanted: Wanted) -> str:
    """That it is not known, and where one would find it."""
    return _SAID[wanted]
