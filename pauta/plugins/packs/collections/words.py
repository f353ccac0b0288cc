"""What the criteria of collection calls listen for, by language, as phrases of the criterion `phrase`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pauta.plugins.packs.hearing import Phrases

_EN_NAME: Final = (
    r"(?!(?:about|the|your|a|an|regarding|to|in|for|not|why|what|because|it|that|my|our|all|just|very|really|only|urgent"
    r"|important|calling|ringing|phoning|writing|speaking|here|sorry|afraid|glad|happy|from|with|going|trying|looking|on"
    r"|at|no|so|me)\b)[^\W\d_]+"
)
_EN_I_AM: Final = rf"\b(?:this is|i am|i['’]?m|it is|it['’]?s)( uh| um)* {_EN_NAME}(?:[.,]* \w+)?(?:[.,]* \w+)?"
_EN_HELLO: Final = rf"^\W*(?:hello|hi|good (?:morning|afternoon|evening))\W+(?!is\b|am\b|can\b){_EN_NAME}( \w+)?"
_ES_HELLO: Final = (
    r"^\W*(?:hola|buen día|buenos días|buenas tardes|buenas noches)\W+(?!se\b|el\b|la\b|le\b|esto\b|soy\b|es\b)"
    r"[^\W\d_]+( \w+)?,? (?:de|desde)\b"
)
_ES_SPEAKING: Final = (
    r"\bhabla (con )?(?!usted|el\b|la\b|los\b|su\b|qui[eé]n|de\b|del\b)[^\W\d_]+,? ([^\W\d_]+,? )?(de|desde)\b"
)
WHO: Final[Phrases] = {
    "en": [
        "my name is", rf"re:{_EN_I_AM}[ .,]+(calling|from|speaking|with|at|here)\b",
        rf"re:\byou(['’]?re| are) (speaking|talking|chatting) (to|with) {_EN_NAME}",
        r"re:\b(?!i\b)\w+ speaking\b(?! (to|with))", rf"re:{_EN_HELLO} (from|with|at|of)\b",
    ],
    "es": [
        "mi nombre es", "me llamo", "(le|te) (habla|saluda|llama|atiende|escribe)",
        f"re:{_ES_SPEAKING}",
        r"re:\bsoy (?!de\b|del\b|el\b|la\b|yo\b|quien\b)[^\W\d_]+", f"re:{_ES_HELLO}",
    ],
    "pt": [
        "meu nome é", "me chamo", r"re:\baqui (é|fala|quem fala é) (o|a) [^\W\d_]+", "quem fala (aqui) é (o|a)",
        r"re:\bsou (o |a )?(?!da\b|do\b|de\b|eu\b|responsável)[^\W\d_]+ (\w+ )?(da|do|de)\b",
        "(você|o senhor|a senhora) fala com (o|a)",
        r"re:^\W*(olá|oi|alô|bom dia|boa tarde|boa noite)\W+(é a|é o|sou a|sou o|(?!é\b|aqui\b)\w+,? da) ",
    ],
}  # fmt: skip
"""Ways to say one's own name."""

FOR_WHOM: Final[Phrases] = {
    "en": [
        "(calling|ringing|phoning|writing) (you) (from|on behalf of)", "on behalf of", "my name is ...4 (from|with|at)",
        rf"re:{_EN_I_AM}[ .,]+((calling )?from|with|at)\b", "you have reached",
        rf"re:{_EN_HELLO} (from|with|at|of)\b",
    ],
    "es": [
        "de parte de", "en nombre de", "(le|te) (llamo|hablo|escribo) (de|desde)", "(llamamos|llamando) (de|desde)",
        "(le|te) (habla|saluda|llama|atiende|escribe) ...3 (de|desde)", "(soy|mi nombre es|me llamo) ...4 (de|desde)",
        f"re:{_ES_HELLO}", f"re:{_ES_SPEAKING}",
    ],
    "pt": [
        "da parte (da|do|de)", "em nome (da|do|de)", "(aqui é|quem fala é) (o|a) ...3 (da|do|de)",
        "(sou|meu nome é|me chamo) ...4 (da|do|de)", "(ligo|ligando|escrevo) (da|do|de|pela|pelo)",
    ],
}  # fmt: skip
"""Ways to say for whom one calls, where a card does not name the company."""

_EN_FAMILY: Final = (
    "(family|wife|husband|parents|mother|father|mum|mom|dad|children|kids|relatives|neighbours|neighbors|friends"
    "|brother"
    "|sister|partner)"
)
_ES_FAMILY: Final = (
    "(familia|familiares|esposa|esposo|marido|mujer|mamá|papá|madre|padre|padres|hijos|hijo|hija|hermano|hermana"
    "|vecinos"
    "|amigos|referencias)"
)
_PT_FAMILY: Final = (
    "(família|familiares|esposa|esposo|marido|mulher|mãe|pai|pais|filhos|filho|filha|irmão|irmã|vizinhos|amigos"
    "|parentes)"
)
OTHERS: Final[Mapping[str, Phrases]] = {
    "employer": {
        "en": ["your ...1 (employer|boss|manager|workplace|work|job|company|hr)"],
        "es": ["(su|tu|el) (jefe|jefa|empleador|patrón|patrona|trabajo|oficina|empresa)"],
        "pt": ["(seu|sua) ...1 (chefe|patrão|patroa|empregador|trabalho|empresa)"],
    },
    "family": {
        "en": [f"your ...1 {_EN_FAMILY}"],
        "es": [f"(su|tu|sus|tus) ...1 {_ES_FAMILY}"],
        "pt": [f"(seu|sua|seus|suas) ...1 {_PT_FAMILY}"],
    },
}
"""Those whom a threat would tell, by kind; TELLS must stand before them."""

TELLS: Final[Mapping[str, str]] = {
    "en": r"\b(?:call|calling|ring|ringing|phone|phoning|tell|telling|contact|contacting|inform|informing|notify|visit)"
    r"(?: \w+)? $",
    "es": r"\b(?:(?:llam|habl|avis|cont|contact|busc|notific|inform)(?:ar|arle|amos|aremos)|buscaremos)(?: \w+)?"
    r" (?:a|con|en) $",
    "pt": r"\b(?:(?:lig|fal|avis|cont|contat|inform|procur|notific)(?:ar|amos|aremos))(?: \w+){0,2} $",
}
"""How an agent would tell others, in forms that he uses of himself or of the house: folded words right before."""

THREATS: Final[Mapping[str, Phrases]] = {
    "legal": {
        "en": [
            "(take|taking|drag|dragging|bring) you (to|into|in front of) court", "see you in court",
            "(take|taking|start|starting|begin|initiate|initiating|pursue|pursuing) ((immediate|further"
            "|the)) legal (action|proceedings|steps)",
            "(avoid|face|facing|escalate to) ((any|further)) legal (action|proceedings)", "(sue|suing) you",
            "press charges",
            "file (a) lawsuit", "(have|get|getting) you arrested", "(be|get|getting) arrested",
            "(go|going|sent|send you|put you) to (jail|prison)",
            "(seize|seizing|repossess|garnish|garnishing) your", "send (the) (bailiffs|sheriff|police)",
            "ruin your credit",
            "bailiffs (will|are going to)",
            "(hand|pass|passing) ...3 (to|over to) (our|the) (lawyers|solicitors|legal team|legal department)",
        ],
        "es": [
            "(demandar|demandarlo|demandarla|demandarle|demandarte|demandamos|demandaremos)",
            "(poner|ponerle|presentar|interponer|iniciar|instaurar|instaurarle) ...2 demanda", "embargar*",
            "(embargamos|embargaremos|embargarán)",
            "(orden|proceso|medida|medidas) de embargo", "acciones (legales|judiciales)",
            "(cobro|proceso|vía) (judicial|jurídico|jurídica)",
            "(cárcel|prisión)", "(meter|meterlo|meterla|ir|terminar) preso",
            "(denunciar|denunciarlo|denunciarla|denunciamos|denunciaremos)",
            "(mandar|mandarle|enviar|enviarle|llamar a) ...1 (policía|juez|alguacil)",
            "(atenerse|aténgase|atente) a las consecuencias",
        ],
        "pt": [
            "processar (você|o senhor|a senhora)", "(te|lhe|vamos o|vamos a|vou o|vou a) processar", "penhorar*",
            "penhora (de|da|do|dos|dos seus)",
            "(medidas|ações|providências) (judiciais|legais)", "cobrança judicial",
            "entrar (na|com) ...2 (justiça|ação|processo)",
            "(para|pra|na) (a) (cadeia|prisão)", "(ser|vai|ficar) ...1 (preso|presa)",
            "(chamar|mandar|acionar) ...2 (polícia|oficial de justiça)",
            "(arcar com|sofrer|aguentar) as consequências",
        ],
    },
    "employer": {
        "en": [
            "your (employer|boss|company|colleagues) ...1 (would|will|might|should|may) ...3 (know|hear|find out"
            "|interested)",
            "(lose|cost you) your job", "(come|go|show up) (to|at) your (work|workplace|office|job)",
        ],
        "es": [
            "(su|tu) (jefe|jefa|empleador|patrón) ...2 (enterar|entere|sepa|sabrá|va a saber)",
            "(perder|va a perder) (su|el) (trabajo|empleo)",
        ],
        "pt": [
            "(seu|sua) (chefe|patrão|patroa) ...2 (saber|ficar sabendo)",
            "(perder|vai perder) (o|seu|o seu) (emprego|trabalho)",
        ],
    },
    "family": {
        "en": [
            f"your {_EN_FAMILY} ...1 (will|would|should) ...3 (know|hear|find out|pay for)",
        ],
        "es": [
            f"(su|tu) {_ES_FAMILY} ...2 (enterar|entere|sepa|sabrá|responde|responder)",
        ],
        "pt": [
            f"(seu|sua|seus) {_PT_FAMILY} ...2 (saber|sabendo|responder)",
        ],
    },
    "shame": {
        "en": [
            "you should be ashamed", "shame on you", "(are|aren't) you ((not)) ashamed",
            "(tell|telling) (everyone|everybody|the whole)",
            "(everyone|everybody|people) (will|is going to|are going to) (know|find out|hear)",
            "(post|publish) your (name|photo|picture|debt)",
            "(you are|you're) ((just|nothing but)) a (thief|liar|crook|deadbeat|criminal|disgrace)", "people like you",
        ],
        "es": [
            "debería (darle|tener) vergüenza", "no le da (pena|vergüenza)",
            "(todos|todo el mundo|el barrio) ...2 (enterar|enteren|enterarse|sepan|saber)",
            "publicar* ...2 (nombre|foto|deuda)",
            "(usted es|eres|es usted) (un|una) (ladrón|ladrona|sinvergüenza|estafador|estafadora|moroso|morosa"
            "|mentiroso|mentirosa)",
            "gente como usted", "sinvergüenza",
        ],
        "pt": [
            "(deveria|devia) ter vergonha", "não tem vergonha", "(todo mundo|todos) ...2 (saber|sabendo)",
            "publicar ...2 (nome|foto|dívida)",
            "caloteir*", "(é|seu|sua) (ladrão|ladra|safado|safada|vagabundo|vagabunda|mentiroso|mentirosa)",
            "gente como (você|o senhor|a senhora)",
        ],
    },
    "force": {
        "en": [
            "send (someone|somebody|people|men) (round|over|to your)", "know where you (live|work)",
            "(you will|you'll) (regret|be sorry)",
        ],
        "es": [
            "(mandar|mandarle|mandamos|mandaremos) a (alguien|una persona|unos|la gente)",
            "sabemos dónde (vive|trabaja|vives|trabajas)", "se va a arrepentir",
        ],
        "pt": [
            "mandar (alguém|uma pessoa|o pessoal|uns)", "sabemos onde ((você|o senhor|a senhora)) (mora|trabalha)",
            "vai se arrepender",
        ],
    },
}  # fmt: skip
"""What sounds like a threat, by kind: the words from the verb on, so that what stands before them can deny them."""

ASKS_LEAVE: Final[Mapping[str, str]] = {
    "en": r"\b(?:can|could|may|might|would it be (?:ok|okay|possible)|is it (?:ok|okay|all right))(?: if)? (?:i"
    r"|we)\b[^,]{0,12}$",
    "es": r"\b(?:puedo|podria|podemos|podriamos|me permite|le parece si)\b[^,]{0,12}$",
    "pt": r"\b(?:posso|poderia|podemos|poderiamos|me permite)\b[^,]{0,12}$",
}
"""What makes "call your wife" a question: folded words that stand right before. In es and pt the sentence must ask."""

ADVISES: Final[Mapping[str, str]] = {
    "en": r"(?:^|\byou(?:'ll|'d|'ve)? )(?:(?!(?:i|we|they|he|she|some\w+|my|our|the)\b)[\w',]+ )*$",
    "es": r"\b(?:puede|podria|pueda|deberia|debe|debia|quiere|quisiera|intente|trate de|sugiero|recomiendo|pudo"
    r"|logro)\b[^,]{0,12}$",
    "pt": r"\b(?:pode|poderia|possa|deveria|deve|quer|quiser|tente|sugiro|recomendo|conseguiu)\b[^,]{0,12}$",
}
"""What makes "tell your employer" advice to the customer: folded words that stand right before."""

COMMITS: Final[Mapping[str, str]] = {
    "en": r"\bi(?:'?ll|'?d| will| can| could| would| shall|'?m (?:going|able) to| am (?:going|able) to| promise to"
    r"| want to)"
    r"(?: definitely| certainly| gladly| also| still| like to| be able to| love to)* (?:pay|do|make|send|transfer"
    r"|settle|deposit"
    r"|manage|bring|clear|give you)\b|\bi (?:pay|transfer|deposit|promise)\b",
    "es": r"\b(?:pago|pagare|pagaria|abono|abonare|deposito|depositare|transfiero|consigno|consignare|cancelo|cancelare"
    r"|(?:voy a|puedo|podria|quiero|prometo|me comprometo a|le|se lo) (?:pagar|abonar|depositar|transferir|consignar"
    r"|cancelar|hacer|dar|enviar|mandar|pagarle|abonarle|darle|pago|abono|deposito|consigno))\b",
    "pt": r"\b(?:pago|pagarei|deposito|transfiro|quito|acerto|prometo"
    r"|(?:vou|posso|poderia|consigo|quero|da para|me comprometo a) (?:pagar|depositar|transferir|quitar|acertar|fazer"
    r"|mandar|dar|enviar))\b",
}
"""A customer binds himself: folded text."""

PROPOSES: Final[Mapping[str, str]] = {
    "en": r"\b(?:can|could|will|would|shall|let'?s|you'?ll|able|agree\w*|promise|want|like|going|possible|when"
    r"|how)\b (?:\w+ ){0,4}"
    r"(?:pay|make|do|send|transfer|settle|deposit|bring|cover)\b|\b(?:let'?s|shall we|we) say\b|\bpayment (?:of|for"
    r"|on|by|plan|date)\b"
    r"|\bpromise\b|\bi(?:'?ll| will|'?ve| have) (?:note|put|set|mark)\w*|\ball of it\b|\bthe whole\b|\b(?:how"
    r"|what) about\b"
    r"|\b(?:work|suit)s?(?: for)? you\b|\bwhen (?:is|are) you (?:paid|paying)\b|\bexpect (?:it|the|your|\W?\d)",
    "es": r"\b(?:pagar\w*|paga|pagaria|pague|abonar\w*|abona|abono|cancelar\w*|quedamos|quedaria|seria|serian|acuerdo"
    r"|compromiso"
    r"|promesa|registro|registrado|le sirve|le parece|depositar|consignar|dejamos|repito|cuotas?|partes)\b",
    "pt": r"\b(?:pagar\w*|paga|pagaria|pague|pagamento|quitar|acertar|fica|ficou|ficamos|combinado|combinamos|acordo"
    r"|promessa"
    r"|registr\w+|parcel\w+|serve|confirma|marcar|agendar|consegue|vezes|seria|seriam)\b",
}
"""An agent speaks of a payment that is still to come: folded text."""

OWED: Final[Mapping[str, str]] = {
    "en": r"\b(?:owe|owes|owed|owing|overdue|past due|outstanding|(?:was|were|is|are|fell) due|balance (?:is|of)"
    r"|debt)\b",
    "es": r"\b(?:debe|adeuda|deuda|vencid[oa]s?|vencio|vence|saldo pendiente|en mora|atrasad[oa]s?)\b",
    "pt": r"\b(?:deve|divida|vencid[oa]s?|venceu|vence|em aberto|em atraso|atrasad[oa]s?)\b",
}
"""An agent speaks of what is owed: folded text."""

PAID: Final[Mapping[str, str]] = {
    "en": r"\b(?:did|have|had|has) (?:you|it|that|the \w+)(?: \w+)? (?:pay|paid|make|made|been paid)\b"
    r"|\byou(?:'?ve)? (?:paid|made)\b|\bwas paid\b",
    "es": r"\b(?:pago usted|ya pago|usted pago|ha pagado|hizo (?:el|un) pago|pagaste|se pago|fue pagad[oa])\b",
    "pt": r"\b(?:ja pagou|pagou|foi pag[oa]|fez o pagamento)\b",
}
"""An agent speaks of what was paid: folded text."""
