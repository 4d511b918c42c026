"""The words in which evidence is talked about: those that add no fact of their own, and those that mean the same.

What stands in neither list is a word about the world (``database``, ``region``, ``exhausted``): it has to stand in the
evidence. English, German, French, Spanish, Portuguese, Italian and Dutch; the commonest of Chinese, Japanese, Korean.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache


def unaccented(text: str) -> str:
    """One case, letters without their accents: ``Ausgelöst`` is ``ausgelost``."""
    if text.isascii():
        return text.casefold()
    return "".join(char for char in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(char))


_NEUTRAL = """
cause causes summary impact overview background analysis recommendation recommendations note notes question
conclusion context ursache zusammenfassung resumen resumo riassunto samenvatting hintergrund
hello hi hallo bonjour hola ciao ola ok okay thanks danke merci gracias sorry sure short summary here's there's it's
something anything far well     body bodies em ms sec secs min mins hr hrs msec kb mb gb prozent
cent ciento cento procent stunden utc pm
version versions a an and or the this that these those it its they them their there here he she his her who whom whose
which what when
where why how we our us you your i my me one ones both each every all any some other others another same such own
is are was were be been being am has have had having do does did done doing will would shall should can could may might
must let of in on at by to for from with into onto as than then so if but though although while during between within
out over under about around against per via along among across through toward towards because since until still
yet now currently current today right away again also too only just even ever already almost nearly roughly
approximately exactly more  less least least much many few several enough very quite rather further moreover however
instead meanwhile therefore thus hence both either neither nor not no none never nothing nobody without cannot
yes please note in's isn't aren't wasn't weren't don't doesn't didn't hasn't haven't can't couldn't won't wouldn't
first second  last latest newest recent recently next new old main whole part total once time times
minute minutes second seconds hour hours day days moment thing things way case kind type point place
value values figure figures number numbers count line lines entry entries list item items section sections
evidence data information info detail details fact facts result results summary text word words message messages
say says said saying tell tells told show shows showed shown see sees seen saw read reads reading report reports
reported name names named mention mentions mentioned record records recorded indicate indicates indicated state states
stated mean means contain contains contained hold holds held list lists listed describe describes look looks looked
looking appear appears appeared seem seems seemed know knows known find finds found come comes came go goes went going
get gets got make makes made take takes took taken give gives gave given put set use uses used stand stands stood stay
stays remain remains remained keep keeps kept happen happens happened occur occurs occurred according based following
include includes including related relate relates regarding concern concerns
step steps run runs ran sample samples try tries tried attempt attempts check checks checked test tests tested probe
probes plan plans verdict verdicts incident incidents signal signals alert alerts monitor monitors metric metrics log
logs logged event events timeline thread runbook catalog service services request requests requested call calls called
answer answers answered respond responds responded response responses reply replies replied return returns returned
status statuses code codes http confirm validate validation watch fixloop datadog slack bot person people responder
rate share percent percentage average median mean range side switch switched turn turned
reached reaches instructions usage whether counts counted moved moves
fully completely entirely partly mainly mostly apparently still currently wrote writes written wrote posted noted notes
asked asks asking brought brings bring carried ended suggest suggests suggested advises advised
sampled similar versus themselves itself overall respectively answering responding replying returning showing reporting
indicating recommend recommends recommended warns warned relay relays relayed explains explained observed remarks
lance lancee demarre demarree gestartet startete iniciado iniciada empezo comenzo commence avviato gestart
etant siendo sendo essendo gesehen vu vue vus vues visto vista vistos vistas passe passee
dias jours tage tagen giorni dagen rat ratet empfiehlt
remarked whereas compared nein nee pruflauf testlauf endete endeten endet vs
instruction follow followed decide decides decided being validated begins began begin beginning begun start starts
started

der die das den dem des ein eine einen einem einer eines und oder aber auch nur noch schon nicht kein keine keinen
keinem keiner nichts niemand nie ich wir ihr sie er es man mich uns dieser diese dieses diesem diesen jener jede jeder
jedes alle alles beide andere anderen ist sind war waren sein hat haben hatte hatten wird werden wurde wurden worden
kann konnte konnen soll sollte muss musste darf in im an am auf aus bei beim mit von vom zu zum zur fur uber unter um
durch gegen ohne seit bis wahrend zwischen je pro als wie wenn dass ob weil denn da dort hier jetzt nun derzeit aktuell
weiterhin immer wieder erneut zuletzt letzte letzten letzter letztes erste ersten erster neueste etwa rund genau mehr
weniger sehr ganz dann also jedoch statt laut zeigt zeigen sagt sagen nennt nennen meldet melden steht stehen gibt geht
gehen kommt kommen kam macht machte liegt lag lauft liefert lieferte antwortet antwortete antwort antworten anfrage
anfragen versuch versuche versuchen versuchs schritt schritte schritten lauf laufe laufen stichprobe stichproben prufung
prufungen plan vorfall vorfalls dienst dienste dienstes metrik protokoll protokolle log logs logzeilen zeile zeilen wert
werte zeit mal minute minuten sekunde sekunden stunde stunden uhr status urteil zustand ergebnis ergebnisse anteil
rate dabei davon dazu damit darin was wer wo wann warum welche welcher welches begann beginn

le la les l un une des du de d au aux et ou mais ni que qu qui quoi dont ce c cet cette ces cela ca il elle ils elles on
nous vous je j me se s son sa ses leur leurs est sont etait etaient ete etre a ont avait avaient avoir sera seront peut
peuvent doit doivent fait faits font dans en sur sous par pour avec sans entre vers chez depuis pendant jusqu jusque
comme si ne n pas plus moins aucun aucune rien jamais toujours encore deja aussi seulement tres trop tout tous toute
toutes meme autre autres chaque premier premiere dernier derniere derniers dernieres nouveau nouvelle maintenant
actuellement environ alors donc puis ici y lieu selon montre montrent dit disent indique indiquent signale signalent
affiche repond repondent repondu reponse reponses requete requetes essai essais tentative tentatives etape etapes
execution executions echantillon echantillons verification plan incident service metrique journal journaux ligne lignes
valeur valeurs temps fois minute minutes seconde secondes heure heures statut verdict resultat resultats taux part

el los las lo uno una unos unas del al y e o u pero que quien cual cuales cuando donde como este esta estos estas ese
esa eso aquel su sus se le les me nos yo es son era eran fue fueron ser sido esta estan estaba estado hay ha han habia
haber tiene tienen puede pueden debe deben hace hacen por para con sin entre desde hasta durante sobre segun hacia no
ni nada nadie nunca ningun ninguna ya aun todavia sigue siguen tambien solo muy mas menos mucho todo todos toda todas
otro otra otros otras mismo misma cada primer primera primero ultimo ultima ultimos ultimas nuevo nueva ahora
actualmente unos aproximadamente entonces aqui muestra muestran dice dicen indica indican informa responde responden
respondio respuesta respuestas solicitud solicitudes peticion peticiones intento intentos paso pasos ejecucion
ejecuciones muestras prueba pruebas comprobacion plan incidente servicio metrica registro registros linea lineas valor
valores tiempo vez veces minuto minutos segundo segundos hora horas min estado veredicto resultado resultados tasa

o os as um uma uns umas do da dos das no na nos nas ao aos num numa pelo pela mas nem quem qual quais quando onde como
este esta isto esse essa isso aquele seu sua seus suas ele ela eles elas eu sao era eram foi foram sido sera esta estao
estava tem tinha pode podem deve devem faz por para com sem entre desde ate durante sobre segundo nao nada ninguem nunca
nenhum nenhuma ja ainda continua continuam tambem apenas so muito mais menos todo todos outra outro mesmo cada primeiro
ultima ultimo novo agora atualmente cerca entao aqui mostra mostram diz dizem indica responde respondeu resposta
respostas pedido pedidos tentativa tentativas passo passos etapa etapas execucao execucoes amostra amostras plano
incidente servico metrica registo registro registros linha linhas valor valores tempo vez vezes minuto minutos segundo
segundos hora horas estado veredito resultado resultados taxa

il lo gli i un uno una di del dello della dei degli delle a al allo alla ai agli alle da dal dalla dai in nel nella nei
nelle su sul sulla con per tra fra e ed o ma ne che chi cui quale quali quando dove come questo questa questi queste
quello quella suo sua suoi sue si ci vi io noi e sono era erano stato stata stati state essere ha hanno aveva puo
possono deve devono fa non niente nulla nessuno nessuna mai gia ancora anche solo molto piu meno tutto tutti tutta tutte
altro altra altri altre stesso ogni primo prima ultimo ultima nuovo nuova ora adesso attualmente circa allora quindi qui
mostra mostrano dice dicono indica indicano risponde rispondono risposto risposta risposte richiesta richieste tentativo
tentativi passo passi fase esecuzione esecuzioni campione campioni verifica piano incidente servizio metrica registro
riga righe valore valori tempo volta volte minuto minuti secondo secondi ora ore stato verdetto risultato risultati
tasso

de het een en of maar ook dat dit deze die wie wat welke wanneer waar waarom hoe hij zij ze wij we ik je u zijn is was
waren wordt worden werd werden geweest heeft hebben had hadden kan kunnen moet moeten mag in op aan bij met van voor uit
om door over onder tegen zonder sinds tot tijdens tussen per als dan zo niet geen niets niemand nooit nog al steeds weer
opnieuw alleen zeer meer minder alle alles beide andere elke eerste laatste nieuwe nu momenteel ongeveer hier er
volgens toont tonen zegt zeggen meldt staat antwoordt antwoord antwoorden verzoek verzoeken poging pogingen stap stappen
uitvoering uitvoeringen steekproef plan incident dienst metriek log logs regel regels waarde waarden tijd keer minuut
minuten seconde seconden uur status oordeel resultaat resultaten blijft
"""
NEUTRAL = frozenset(unaccented(word) for word in _NEUTRAL.split())

_MEANINGS = {
    "login": "logins?|anmeld\\w*|connexions?|ログイン|登录|登錄|로그인",
    "fail": "fail(?:s|ed|ing|ure|ures)?|bad|broke|broken|reject\\w*|refus\\w*|fehl|fehlgeschlagen|schlagt|schlagen|"
    "schlug|"
    "scheiter\\w*|echou\\w*|echec\\w*|fallando|falhando|falla|fallan|fallo|fallado|fallos|falh\\w*|fallisc\\w*|"
    "fallit\\w*|mislukt\\w*|"
    "faalt|gefaald|outside|失败|失敗|실패",
    "error": "err(?:or)?s?|fehler\\w*|erreurs?|errore|errori|errores?|erros?|fouten|fout|错误|出错|エラー|오류|에러|"
    "fail(?:s|ed|ing|ure|ures)?|exception",
    "pass": "pass(?:es|ed|ing)?|good|correct[oa]s|exitos\\w*|funciona\\w*|"
    "funktionier\\w*|fonctionn\\w*|funzion\\w*|fine|healthy|unaffected|work(?:s|ed|ing)?|succe\\w*|bestand\\w*|besteht|"
    "reuss\\w*|superad\\w*|"
    "superat\\w*|passou|"
    "aprovad\\w*|"
    "geslaagd|slaagt|通过|成功|合格|통과|성공",
    "deploy": "deploy\\w*|deploi\\w*|releas\\w*|rollout|ship(?:s|ped)?|ausgeroll\\w*|ausgeliefert\\w*|ausrollen|"
    "despleg\\w*|desplieg\\w*|implant\\w*|rilasci\\w*|uitgerold|uitrol|部署|发布|上线|デプロイ|リリース|배포",
    "rollback": "rollback|revert\\w*|undone|zuruckgeroll\\w*|zuruckgenommen|annul\\w*|revertid\\w*|ripristin\\w*|"
    "teruggedraaid|回滚|ロールバック|롤백",
    "change": "chang\\w*|modif\\w*|geander\\w*|anderung\\w*|cambi\\w*|mudanc\\w*|mudou|wijzig\\w*|gewijzigd|veranderd|"
    "变更|更改|変更|변경|deploy|flag|rollback|config\\w*",
    "before": "before|earlier|prior|previous\\w*|preced\\w*|vor|vorher|zuvor|davor|fruher|avant|antes|anterior\\w*|"
    "precedent\\w*|voor|eerder|ago|之前|以前|前|이전|전",
    "after": "after\\w*|later|subsequent\\w*|nach|nachdem|danach|spater|nachher|apres|despues|tras|depois|apos|dopo|"
    "nadat|daarna|之后|以后|後|后|이후|후",
    "expect": "expect\\w*|erwartet\\w*|attend\\w*|esperad\\w*|attes\\w*|verwacht\\w*|should|must|"
    "where|期望|预期|期待|예상",
    "limit": "limit\\w*|minimum|target|threshold\\w*|slo|tolerated|grenz\\w*|schwell\\w*|seuil\\w*|umbral\\w*|"
    "limiar\\w*|soglia|"
    "drempel|"
    "阈值|上限|限|しきい値|閾値|한도|임계",
    "inside": "inside|within|below|under|innerhalb|unter|inferieur\\w*|sous|dentro|abaixo|sotto|binnen|onder",
    "latency": "latenc\\w*|latenz\\w*|latenza|p|ms",
    "outside": "outside|bad|fail(?:s|ed|ing)?|above|over|exceed\\w*|high\\w*|uber|ausserhalb|superieur\\w*|"
    "depass\\w*|dessus|fuera|encima|"
    "super[ao]|acima|sopra|boven|hoch|hoog|alta|elev\\w*|超过|超え|초과",
    "reproduce": "reproduc\\w*|reproduz\\w*|riprodo\\w*|reprodu\\w*|fail(?:s|ed)?|再现|再現|재현",
    "resolve": "resolv\\w*|solved|gelost|resolu\\w*|resuelt\\w*|risolt\\w*|opgelost|closed|ended",
    "go on": "going|goes|running|runs|progress|ongoing|lauft|laufend|cours|curso|corso|bezig|进行|実行|진행",
    "undecided": "undecided|decid\\w*|open|pending|offen|entschied\\w*|decid\\w*|abert\\w*|apert\\w*",
    "alarm": "trigger(?:s|ed|ing)?|fir(?:es?|ed|ing)|alarm\\w*|ausgelost|declench\\w*|dispar\\w*|発報|触发",
    "worst": "worst|lowest|peak\\w*|max\\w*|highest|spik(?:e|es|ed)|hochst\\w*|pic|pico|picco|最大|最悪|最高|최대",
    "enabled": "enabled?|activat\\w*|eingeschaltet|aktiviert|activé\\w*|activad\\w*",
    "disabled": "off|disabled?|deactivat\\w*|ausgeschaltet|deaktiviert|désactiv\\w*|desactivad\\w*",
    "timeout": "timeouts?|timed|timing|超时|タイムアウト|타임아웃",
    "commonest": "commonest|common|frequent\\w*|haufigst\\w*",
    "log": "log(?:s|ged|line|lines)?|journal\\w*|protokoll\\w*|regist\\w*|日志|ログ|로그",
    "delay": "delay\\w*|lag|verzogerung\\w*|ruckstand\\w*|retards?|retrasos?|atrasos?|ritard[oi]|vertraging\\w*",
    "memory": "memory|speicher\\w*|memoire|memoria|geheugen",
    "order": "orders?|bestellung\\w*|commandes?|pedidos?|ordin[ei]|bestelling\\w*",
    "refund": "refund\\w*|ruckerstattung\\w*|erstattung\\w*|remboursement\\w*|reembolso\\w*|rimbors\\w*|"
    "terugbetaling\\w*",
    "user": "users?|nutzer\\w*|benutzer\\w*|utilisateur\\w*|usuari\\w*|utent[ei]|gebruikers?",
    "queue": "queue\\w*|warteschlange\\w*|colas?|wachtrij\\w*",
    "traffic": "traffic|verkehr\\w*|trafic|trafico|traffico|verkeer",
    "mismatch": "mismatch\\w*|abweichung\\w*|ecarts?|discrepanc\\w*",
    "sale": "sales?|verkauf\\w*|ventes?|ventas?|vendas?|vendit[ae]",
    "seat": "seats?|sitz\\w*|sieges?|asientos?",
    "invoice": "invoices?|rechnung\\w*|factures?|facturas?|faturas?|fattur[ae]|facturen",
    "slow": "slow\\w*|langsam\\w*|lente?s?|lentement|lent[oa]s?|traag",
    "double": "doubles?|doubled|doppel\\w*|doble\\w*|dupl[oa]s?|doppi\\w*|dubbele?",
    "pay": "pay\\w*|paid|bezahl\\w*|zahl\\w*|paiement\\w*|pag\\w*|betal\\w*|支付|付款|支払\\w*|決済|결제",
}
THINGS = frozenset(
    (
        *("delay", "memory", "order", "refund", "user", "queue", "traffic", "mismatch", "sale", "seat", "invoice"),
        *("double", "pay", "slow"),
    )
)
"""Meanings that are things, in several languages: what is told of them may be denied like what is told of any word."""
MEANINGS = {name: re.compile(forms) for name, forms in _MEANINGS.items()}
"""Words that mean the same in evidence: one of them in the sentence wants one of them in what it cites."""


@lru_cache(maxsize=4_096)
def meanings_of(word: str) -> tuple[str, ...]:
    """The names of a word's meanings, the closest first."""
    return tuple(name for name, forms in MEANINGS.items() if forms.fullmatch(word))


CAUSAL = re.compile(
    r"caus\w*|lead|leads|led|trigger\w*|introduc\w*|reason\w*|result\w*|responsib\w*|blame|culprit|ursache|"
    r"verursach\w*|"
    r"ausgelost|provoqu\w*|provoc\w*|debid\w*|devid\w*|dovut\w*|oorzaak|veroorzaak\w*|likely|probabl\w*|possib\w*|"
    r"perhaps|"
    r"maybe|suspect\w*|candidate|hypothes\w*|vielleicht|moglich\w*|wahrscheinlich|vermut\w*|konnte\w*|zusammen\w*|tun|"
    r"peut|etre|pourrait|cause|quiza\w*|podria\w*|posib\w*|talvez|poderia|possiv\w*|forse|potrebbe\w*|possibil\w*|"
    r"misschien|mogelijk\w*|waarschijnlijk|zou|原因|可能|関係|원인|connect\w*|point|points|suggest\w*|explain\w*|"
    r"fit|fits"
)
"""In a sentence that says "may", these claim nothing: the reservation is already there."""

ASIAN = re.compile(r"[\u3005\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3]+")
ASIAN_NEUTRAL = re.compile(
    r"ステップ|手順|テスト|サンプル|チェック|リクエスト|レスポンス|ステータス|コード|サービス|メトリクス?|"
    r"インシデント|アラート|"
    r"検証|実行|回目|回中|今|現在|最新|最初|最後|直近|時点|時刻|時間|秒|分|件|回|番|目|結果|値|率|応答|返し|返す|"
    r"返答|示し|示す|"
    r"表示|確認|記録|言|見|出|通|内容|理由|証拠|状態|本番|私|何|誰|次|同|以下|方|場合|必要|開始|発生|"
    r"第|步骤|步|运行|次|样本|尝试|请求|响应|返回|状态码|状态|服务|指标|事件|事故|告警|检查|测试|计划|显示|表明|"
    r"说明|仍然|仍|"
    r"还|目前|当前|现在|最近|最后|第一|一个|一次|这个|那个|这|那|的|了|是|在|和|与|有|也|都|就|又|再|把|被|对|为|从|"
    r"到|其|它|该|"
    r"于|以及|及|但|而|个|中|时|着|上|下|里|内|没|不|未|无|已|已经|会|能|可|请|我|们|吗|呢|发生|开始|小时|分钟|秒钟|"
    r"结果|值|率|"
    r"단계|실행|검증|샘플|시도|요청|응답|상태|코드|서비스|지표|인시던트|알림|확인|결과|값|현재|지금|아직|여전히|"
    r"계속|다시|처음|"
    r"마지막|최근|에서|으로|에게|에는|에|은|는|이|가|을|를|의|도|와|과|로|만|중|번|개|회|초|분|시간|시작|발생|"
    r"있습니다|입니다|"
    r"했습니다|합니다|됩니다|되었습니다|않았습니다|않습니다|있음|있다|이다|한다|했다|된다|하고|하며|않|없|것|수|그|"
    r"저|모두|각|다"
)
_KANA = re.compile(r"[\u3041-\u309f\u30fc]+")


def asian_words(run: str) -> tuple[list[str], list[str]]:
    """Of a run of Chinese, Japanese or Korean: the names of its meanings, and what is left that no list knows."""
    meant = []
    for name, forms in MEANINGS.items():
        found = [each for each in forms.findall(run) if not each.isascii()]
        if found:
            meant.append(name)
            for each in found:
                run = run.replace(each, " ")
    rest = _KANA.sub(" ", ASIAN_NEUTRAL.sub(" ", run))
    return meant, rest.split()
