"""Does a reply ask something? By its end or its first word, in the languages that people on call write.

A guess without a model: where it is wrong, a mention of the bot or a question mark helps.
"""

from __future__ import annotations

import re

_NOT_SAID = re.compile(r"```.*?```|`[^`\n]*`|^(?:>|&gt;).*$|<[^<>\n]*>|:[a-z0-9_+\-]+:", re.DOTALL | re.MULTILINE)
_ASKS_AT_END = re.compile(r"[?？؟;՞⁇⁈‽][\s!.)\]}\"'»”’*_~]*$")
_ENDINGS = re.compile(r"(?:か|かな|ですか|吗|嗎|呢|까|나요|니)[\s。.！!]*$")
_SUBJECT = (
    r"(?:it|this|that|these|those|the|there|we|you|i|they|he|she|any\w*|some\w*|every\w*|all|our|my|your|a|an|step|"
    r"traffic|inc-\d+)"
)
_AUXILIARY = (
    r"(?:is|are|was|were|am|do|does|did|has|have|had|can|could|should|shall|would|will|may|might|must|isn't|aren't|"
    r"wasn't|weren't|don't|doesn't|didn't|hasn't|haven't|can't|couldn't|shouldn't|won't|wouldn't)"
)
_ENGLISH = (
    rf"{_AUXILIARY} {_SUBJECT}\b(?![,.!])|(?:what|why|who|whom|whose|which|how|where)(?:'s|’s)?\b|"
    rf"when(?:'s)? {_AUXILIARY}\b|since when\b|any (?:idea|news|update)|what's\b|"
    r"(?:show|explain|summari[sz]e|describe|compare|find|propose|suggest)\b|"
    r"(?:tell|give|list|check|look)(?: (?:me|us|the|all|up|if|whether|that|at|for|into))\b|"
    r"(?:re-?run|run|try|validate|repeat)(?: (?:step|the|it|a|that|this|again)\b)"
)
_OTHERS = (
    # German, Dutch, Swedish, Norwegian, Danish
    "was warum wieso weshalb wozu wer wen wem wann wo woher wohin welche welcher welches welchen wie wieviel ist sind "
    "hat haben kann können könnte soll sollen sollte darf dürfen gibt läuft zeig zeige zeigt erklär erkläre vergleiche "
    "wiederhole prüfe fasse liste sag wat waarom wie wanneer waar welke hoe kunnen kan toon hvad hvorfor hvem hvornår "
    "hva når hvor hvordan vad varför vem när var vilken vilka hur visa förklara "
    # French, Spanish, Portuguese, Italian, Romanian
    "que quoi qu'est-ce pourquoi qui quand où comment quel quelle quels quelles combien est-ce montre montrez explique "
    "expliquez compare résume peut-on peux-tu pouvez-vous y-a-t-il qué quién quiénes cuándo dónde cómo cuál cuáles "
    "cuánto cuántos muestra muéstrame explica compara resume puedes quem quando onde qual quais quanto quantos porque "
    "mostra mostre explique cosa perché chi dove come quale quali quanto spiega mostrami confronta puoi ce cine când "
    # Polish, Czech, Ukrainian, Russian, Turkish
    "co dlaczego czemu kto kiedy gdzie jak jaki jaka jakie który która czy pokaż wyjaśnij proč kdo kdy kde který ukaž "
    "що чому хто коли де як який яка чи покажи поясни что почему зачем кто когда где как какой какая какие сколько "
    "можно покажи объясни ne neden niçin niye kim nasıl hangi nerede göster açıkla "
    # Arabic, Hebrew, Hindi
    "ما ماذا لماذا هل كيف متى أين من מה למה מי מתי איפה איך האם क्या क्यों कैसे कब कौन कहाँ"
)
_PHRASES = (
    "por qué|por que|o que|a que|cos'è|che cosa|a-t-on|a t on|y a-t-il|y a t il|c'est quoi|qu'est|¿|"
    "なぜ|どうして|どう|何|なに|いつ|どこ|誰|どの|教えて|为什么|為什麼|怎么|怎麼|什么|什麼|谁|哪|是否|如何|请问|"
    "왜|무엇|뭐|어떻게|언제|누가|어디|어느"
)
_WORDS = "|".join(sorted({re.escape(word) for word in _OTHERS.split()}, key=len, reverse=True))
_BEGINS = re.compile(rf"(?:(?:{_ENGLISH})|(?:{_WORDS})(?![\w'’-])|(?:{_PHRASES}))", re.IGNORECASE)
_OPENER = re.compile(
    r"^(?:(?:hey|hi|hello|ok|okay|so|and|but|then|well|also|please|pls|sorry|hallo|und|aber|bitte|et|mais|y|pero|e|ma)"
    r"\b[\s,:!.…-]*|[\s,:!.…\-–—*_~•\"'“„«(]+)+",
    re.IGNORECASE,
)
LONGEST = 2000


def asks(text: str) -> bool:
    """Whether a person's message (in Slack's markup) is a question or a command, judged by how it is written."""
    said = _NOT_SAID.sub(" ", text[:LONGEST]).strip()
    if not said:
        return False
    if _ASKS_AT_END.search(said) or _ENDINGS.search(said):
        return True
    return bool(_BEGINS.match(said) or _BEGINS.match(_OPENER.sub("", said)))
