"""How people say that production has recovered, that it is safe, or that the trouble is fixed.

In seven languages, with the commonest words of a few more. Negations are left to ``claims``, except where they are a
part of the phrase.
"""

from __future__ import annotations

import re

_NOW = r"(?:now |all |fully |completely |again |already |been |currently |totally |indeed |finally |also )*"
_BE = r"(?:is|are|was|were|been|be|being|looks?|seems?|appears?|got|gets|it's|that's|everything's|has|have|service's)"
_RECOVERED = "|".join(
    (
        # English
        r"\b(?:recovered|recovers|self-healed|healed|mitigated)\b",
        rf"\b{_BE} (?:it |they |we )?{_NOW}(?:fixed|resolved|solved|health\w*|stable|safe|normal|green|"
        rf"restored|operational|okay|ok|fine|"
        r"good|gone|clear|clean|back(?! (?:up |down )?(?:at|to) \d)|proven|confirmed|cured|repaired|harmless|"
        r"over(?! (?:its|the|a|\d)))\b",
        r"\bproven\b|\bsafe to\b|\bsafely\b|\bsafe (?:now|again)\b|\ball (?:clear|good|green)\b|"
        r"\bgood to go\b|\bgo for it\b",
        r"\b(?:fully|already|now|completely) (?:fixed|resolved|restored|safe|healthy|stable|working)\b",
        r"\bno longer (?:fail\w*|broken|down|affected|an? (?:issue|problem)|reproduc\w*|happen\w*|occur\w*|unsafe)",
        r"\b(?:back|return\w*|restored) (?:to )?(?:normal\w*|health\w*|green|online|up|in service)\b|"
        r"\bup and running\b",
        r"\bwork(?:s|ing)? (?:again|now|fine|normally|well|as (?:expected|before))\b|\bstopped failing\b|"
        r"\bruns? (?:again|fine)\b",
        r"\b(?:can|may|could|should|go ahead|feel free|okay|ok|fine|free|please|time|cleared|recommend\w*) "
        r"(?:to |and |you |we |now |be |safely |traffic |the |incident |already )*"
        r"(?:resum\w*|reopen\w*|re-?enabl\w*|clos(?:e|ed|ing)|resolve[ds]?|stand down|switch (?:back|traffic)|"
        r"restore[ds]?)\b",
        r"^\W*(?:resume|reopen|re-?enable|unblock) (?:the |all |normal )*(?:traffic|payments?|service|orders|sales)",
        r"\b(?:fix|rollback|change|patch|mitigation|hotfix|revert) (?:has |have |is |was )?"
        r"(?:work(?:ed|s|ing)|succe\w+|effective|holds?|did it)",
        r"\bmark(?:ed|ing|s)?\b.{0,40}\bas (?:recovered|resolved|fixed|safe|proven|closed|done|healthy)\b",
        r"\b(?:verdict|recovery|status|state|incident|issue|problem|bug|outage|trouble)\W{1,3}(?:is |was |has |are )?"
        rf"{_NOW}(?:proven|recovered|resolved|safe|closed|fixed|gone|ended|over|disappeared|vanished|ok|green)\b",
        r"\beverything (?:is|looks|works?|pass\w*|seems)\b|\bno (?:more|further|remaining) (?:errors?|"
        r"failures?|problems?|issues?)",
        r"\bnot (?:broken|unsafe|dangerous|risky)\b|\b(?:problem|bug|issue|outage|incident)s? (?:is |are |"
        r"has )?(?:gone|over|ended|solved)",
        r"^\W*(?:go ahead|go for it|ship it|do it|you're clear|proceed)\b",
        r"^\W*(?:fixed|recovered|resolved|safe|healthy|done|solved|stable)\W*$",
        # German
        r"\b(?:erholt|behoben|wiederhergestellt|gel[öo]st|repariert|geheilt|stabil\w*|unbedenklich|gefahrlos|"
        r"ungef[äa]hrlich)\b",
        r"\b(?:ist|sind|wieder|es) (?:\w+ ){0,2}(?:sicher|gesund|in ordnung|gr[üu]n|normal|erreichbar|"
        r"verf[üu]gbar|online|ok)\b",
        r"\b(?:sicher|gefahrlos) (?:wieder )?(?:freigeben|aufnehmen|fortsetzen|zu)|\b(?:l[äa]uft|"
        r"funktionier\w*|geht) (?:\w+ )?(?:wieder|normal)",
        r"\balles (?:ist )?(?:gut|klar|in ordnung|ok|gr[üu]n|wieder)|\bnicht mehr (?:kaputt|fehlerhaft|"
        r"gest[öo]rt|betroffen)|\bkeine fehler mehr",
        r"\b(?:kann|k[öo]nnt|k[öo]nnen|darf|d[üu]rfen) (?:\w+ ){0,4}(?:freigegeben|freigeben|aufgenommen|"
        r"aufnehmen|fortgesetzt|fortsetzen)",
        r"\b(?:problem|fehler|st[öo]rung) (?:ist |sind )?(?:\w+ )?(?:weg|vorbei|verschwunden)",
        # French
        r"\b(?:r[ée]tabli|r[ée]solu|r[ée]par[ée]|corrig[ée]|gu[ée]ri|stable|stabilis[ée])(?:e?s?)\b|"
        r"\bsans (?:danger|risque)|en toute s[ée]curit[ée]",
        r"\b(?:est|c'est|soit) (?:\w+ )?s[ûu]r(?:e)?\b|\bs[ûu]r de reprendre|"
        r"fonctionne (?:\w+ )?(?:[àa] nouveau|de nouveau|normalement)",
        r"\b(?:revenue?s?|retour) [àa] la normale|\bplus (?:d'erreurs?|de (?:probl[èe]mes?|pannes?))|"
        r"\btout (?:va bien|est (?:bon|ok|vert|rentr[ée]))",
        r"\b(?:pouvez|peut|peux|pouvons|pouvoir) (?:\w+ ){0,3}(?:reprendre|r[ée]tablir|rouvrir|relancer)",
        # Spanish and Portuguese
        r"\b(?:recuperad|resuelt|solucionad|reparad|arreglad|corregid|resolvid|corrigid|consertad|normalizad|"
        r"estabilizad)[oa]s?\b",
        r"\b(?:es|é|está|esta|muy|já|ya|agora|ahora) segur[oa]\b|\bsegur[oa] (?:reanudar|retomar|para|volver|"
        r"voltar)|\b(?:sin|sem) (?:peligro|riesgo|perigo|risco)",
        r"\bfunciona (?:\w+ )?(?:de nuevo|otra vez|de novo|novamente|normalmente|bien|bem)|\b(?:vuelve|"
        r"volvi[óo]|voltou|volta) a (?:funcionar|la normalidad|normalidade)|\bvoltou ao normal|"
        r"\bvuelto a la normalidad",
        r"\best[áa]ve(?:l|is)\b|\bestables?\b|\b(?:ya no|já não) (?:falla|falha|hay|há)|\b(?:todo|"
        r"tudo) (?:está )?(?:bien|bem|en orden|em ordem|certo|ok)",
        r"\b(?:pued\w+|podemos|pod\w+) (?:\w+ ){0,3}(?:reanudar|retomar|restablecer|reabrir)",
        # Italian
        r"\b(?:ripristinat|risolt|riparat|corrett|recuperat|sanat|stabilizzat)[oaie]\b|\b(?:è|ora|"
        r"più) sicur[oa]\b|\bsicuro (?:riprendere|per)|\bin sicurezza|\bsenza (?:pericolo|rischi)",
        r"\bfunziona (?:\w+ )?(?:di nuovo|ancora|normalmente|bene)|\btornat[oaie] (?:alla normalit|"
        r"a funzionare|normale)|\bnon (?:fallisce|ci sono) (?:\w+ )?più|\btutto (?:bene|ok|a posto)",
        r"\b(?:può|puoi|potete|possiamo) (?:\w+ ){0,3}(?:riprendere|riaprire|riattivare)|\bstabil[ei]\b",
        # Dutch
        r"\b(?:hersteld|opgelost|verholpen|gerepareerd|veilig|stabiel)\b|\b(?:werkt|draait|"
        r"doet) (?:\w+ ){0,2}weer|\bweer (?:normaal|gezond|online|in orde|bereikbaar|goed)",
        r"\bniet meer (?:stuk|kapot|defect)|\bgeen fouten meer|\balles (?:is )?(?:goed|in orde|ok)|\b(?:kunt|"
        r"kan|kunnen|mag|mogen) (?:\w+ ){0,4}herva\w+",
        r"🟢|✅(?!.*\bstep)",
        # How else one says go
        r"\b(?:errors?|failures?|alerts?|symptoms?|outage|timeouts?) (?:have |has |are |"
        r"is )?(?:now )?(?:all )?(?:stopped|"
        r"ceased|ended|gone|disappeared|subsided|cleared|over)\b|\b(?:is|are|it's|service's) (?:back )?up\b(?! to)|"
        r"\bin the clear\b|\bgreen light\b|\bflow\w* again\b|\b(?:may|can|could|should|to) proceed\b|\baffirmative\b|"
        r"\b(?:against|not to|i'd|would) (?:resum|reopen)\w*|\bback (?:under|below|within|inside)\b|"
        r"\b(?:can|could) (?:now )?(?:pay|order|buy|check ?out|log ?in) again\b|\btook effect\b|"
        r"nichts mehr (?:kaputt|defekt)|\bweitermachen\b|\bgr[üu]nes licht\b|\ballez-y\b|\bc'est bon\b|\by aller\b|"
        r"\bfeu vert\b|\bya está\b|\badelante\b|\bluz verde\b|\b(?:pode|podem) prosseguir\b|\bvia libera\b|"
        r"\bgroen licht\b|問題(?:あり)?ません|問題な|大丈夫|再開して|再開でき|继续|繼續|没问题|沒問題|恢复流量|"
        r"재개해도|재개할 수|괜찮|"
        r"문제없|возобнов|в порядке|можно продолж|wznowić|w porządku|devam edebil|sorun yok|استئناف|آمن|להמשיך|בטוח",
        # Chinese, Japanese, Korean, Russian, Polish, Turkish
        r"恢复|已修复|已解决|安全|正常了|復旧|回復し|直りま|修正されま|解決しま|安全で|복구|해결되|안전|정상",
        r"восстанов|безопасн|исправлен|решен|устранен|починен|naprawion|bezpieczn|rozwiązan|przywrócon|"
        r"düzeldi|çözüldü|güvenli",
    )
)
RECOVERY = re.compile(_RECOVERED)
"""Matches within a clause, folded to one case."""
