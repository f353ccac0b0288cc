"""What the criteria of sales calls listen for, by language, as phrases of the criterion `phrase`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pauta.plugins.packs.hearing import Phrases

NEEDS: Final[Phrases] = {
    "en": [
        "what do you ...3 (use|need|want|like|watch|do|prefer|expect)",
        "what are you ...2 (looking|using|hoping|paying)",
        "what would you ...2 (use|like|need|want|change)",
        "how (many|much|often) ...3 (you|people|devices|lines|home|users)",
        "how do you ...2 use", "what matters", "what is ((most|more)) important", "what ...3 (missing|annoys|bothers)",
        "which ...3 do you (use|need|have|prefer)", "who ...1 uses", "do you need", "do you ...1 use", "what kind of",
        "tell me (a bit|more|something) about (you|your|how)",
    ],
    "es": [
        "(qué|cuál) ...1 (necesita|necesitas|necesitan|busca|buscas|buscan|usa|usan|utiliza|utilizan|prefiere"
        "|prefiere|gusta)",
        "(cuántas|cuántos) ...2 (personas|equipos|líneas|dispositivos|usuarios|son|usan|viven)",
        "para qué ...2 (usa|usan|necesita|quiere|utiliza)",
        "cómo ...2 (usa|usan|utiliza|utilizan)", "qué es lo ...1 importante", "qué tipo de",
        "cuánto ...1 (usa|gasta|paga|consume)",
        "quién ...2 usa", "qué le (falta|molesta)",
    ],
    "pt": [
        "(o) que ...3 (precisa|precisam|procura|procuram|usa|usam|prefere|gosta|gostam|busca)",
        "(quantas|quantos) ...2 (pessoas|aparelhos|linhas|dispositivos|usuários|são|usam|moram)",
        "para que ...3 (usa|usam|precisa|quer)", "como ...3 (usa|usam|utiliza|utilizam)", "o que é ...1 importante",
        "que tipo de", "quanto ...2 (usa|gasta|paga)",
        "quem ...2 usa", "o que (falta|incomoda|faria)",
    ],
}  # fmt: skip
"""An agent asks what the customer needs."""

OFFERS: Final[Phrases] = {
    "en": [
        "(i|we) (can|could) offer", "(i|i'd|i would|we|we'd) (recommend|suggest)",
        "our ...4 (plan|package|bundle|offer|promotion)",
        "special (offer|deal|price|promotion)", "(would|might|will|should) ...1 (suit|fit) you",
        "the ...3 (plan|package|bundle) (is|costs|comes|gives|would)",
        "sign (you) up for", "we have (a|an) ...3 (plan|package|bundle|offer|promotion|deal)",
    ],
    "es": [
        "(le|te) (puedo ofrecer|ofrezco|recomiendo|recomendaría|propongo|conviene|sugiero|tengo)",
        "(nuestro|nuestra) ...3 (plan|paquete|oferta|promoción)",
        "tenemos (un|una) ...2 (plan|paquete|oferta|promoción)",
        "tengo (un|una) ...2 (plan|paquete|oferta|promoción)",
        "(el|la) ...1 (plan|paquete|promoción) ...2 (cuesta|trae|incluye|vale|sale|queda)",
    ],
    "pt": [
        "(posso|consigo) ...1 (oferecer|propor)", "(eu) (recomendo|sugiro|ofereço|proponho)",
        "(nosso|nossa) ...3 (plano|pacote|oferta|promoção)",
        "(tenho|temos) (um|uma) ...2 (plano|pacote|oferta|promoção)",
        "(o|a) ...1 (plano|pacote|promoção) ...3 (custa|sai|inclui|vem|serve|é)",
    ],
}  # fmt: skip
"""An agent offers something."""

PRODUCTS: Final[Mapping[str, str]] = {
    "en": r"\b(?<!your )(?<!current )(?:plan|package|bundle|subscription)\b",
    "es": r"\b(?<!su )(?<!tu )(?:plan|paquete|promocion)\b",
    "pt": r"\b(?<!seu )(?<!atual )(?:plano|pacote|promocao)\b",
}
"""What is offered when its price stands in the same turn: folded words."""

ASKS_CONSENT: Final[Phrases] = {
    "en": [
        "do you ...1 (agree|accept|consent|confirm|authorise|authorize)",
        "do you (want|wish) to (go ahead|proceed|continue)", "do you say yes",
        "(shall|should|can|may) (i|we) (go ahead|proceed|book|activate|process|put it through|place the order"
        "|sign you up)",
        "(shall|should) (i|we) confirm", "can i confirm (the|your) (order|sale|booking|purchase)",
        "would you like (me) to (go ahead|proceed|take it|sign up|place the order)",
        "(do i|may i) have your (consent|permission|agreement|authorisation|authorization)",
        "are you (happy|okay|ok|willing) to (go ahead|proceed|accept|agree)",
    ],
    "es": [
        "(acepta|aceptas|aceptan)", "(está|estás|están) de acuerdo", "(autoriza|autorizas)",
        "(confirma|confirmas) (que|la|el|su)",
        "(da|me da|nos da) su (consentimiento|autorización|aprobación)",
        "(procedo|procedemos|continuamos|continúo|seguimos) con",
        "(desea|quiere|quieres) (continuar|contratar|contratarlo|proceder|que lo active|que la active)",
    ],
    "pt": [
        "(aceita|aceitam)", "(concorda|concordam)", "(está|estão) de acordo", "autoriza", "confirma (a|o|que|então)",
        "(dá|me dá) (o) seu consentimento",
        "posso (confirmar|prosseguir|ativar|fechar|contratar|seguir|finalizar)",
        "(quer|deseja) (fechar|contratar|prosseguir|continuar)",
    ],
}  # fmt: skip
"""An agent asks for consent."""

NOT_TO_THE_SALE: Final[Mapping[str, str]] = {
    "en": r"\b(?:record(?:ed|ing)?|survey|monitored)\b",
    "es": r"\b(?:grab\w+|encuesta|datos personales)\b",
    "pt": r"\b(?:grav\w+|pesquisa|dados pessoais)\b",
}
"""What makes a question for consent one about something else: folded words of its sentence."""

TAKES_BACK: Final[Phrases] = {
    "en": [
        "(changed|change) my mind", "cancel (it|that|the order|everything)", "(don't|do not) want it",
        "leave it (then|after all)", "forget (it|about it)",
    ],
    "es": [
        "(cambié|cambio) de (opinión|idea)", "(mejor) no lo quiero", "ya no (lo|la) quiero", "cancél*",
        "mejor (no|déjelo|dejémoslo)", "me arrepent*",
    ],
    "pt": [
        "mudei de ideia", "não quero mais", "(pode) cancela*", "melhor não", "deixa (pra lá|para lá)", "desisto",
        "me arrependi",
    ],
}  # fmt: skip
"""A customer takes consent back."""

TERMS: Final[Mapping[str, Phrases]] = {
    "duration": {
        "en": [
            "(contract|agreement|term|commitment|subscription) (is|lasts|runs|of|for) ...3 (month|months|year"
            "|years)",
            "(month|months|year|years|yearly|monthly) (contract|term|commitment|agreement|subscription)",
            "for ...2 (months|years)", "no ((minimum|fixed)) (term|contract|commitment)",
            "cancel (at) any (time|month)", "stop at the end of any",
        ],
        "es": [
            "(permanencia|contrato|plazo|compromiso) (es|mínima|mínimo|de|dura|por) ...3 (mes|meses|año|años)",
            "(por|durante) ...2 (mes|meses|año|años)",
            "sin ((cláusula de)) (permanencia|plazo|contrato)", "cancelar (en cualquier momento|cuando quiera)",
        ],
        "pt": [
            "(fidelidade|contrato|prazo) (é|mínimo|mínima|de|dura|por) ...3 (mês|meses|ano|anos)",
            "(por|durante) ...2 (meses|anos)",
            "sem (fidelidade|prazo|contrato|multa)", "cancelar (quando quiser|a qualquer momento)",
        ],
    },
    "withdrawal": {
        "en": ["change your mind", "cooling off", "(right|days|entitled) to (cancel|withdraw|return)", "money back"],
        "es": ["retract*", "arrepent*", "desist*", "derecho a (cancelar|devolver)", "devolución (del|de su) dinero"],
        "pt": [
            "se arrepend*", "arrependimento", "desistir", "desistência", "direito de (cancelar|devolver)",
            "dinheiro de volta",
        ],
    },
    "conditions": {
        "en": ["terms and conditions", "(the|those|these) (terms|conditions)", "terms (are|of)"],
        "es": [
            "términos y condiciones", "(los|estos) términos", "(las|estas|esas) condiciones",
            "condiciones (son|del)",
        ],
        "pt": ["termos e condições", "(os|estes|esses) termos", "(as|estas|essas) condições", "condições (são|do)"],
    },
}  # fmt: skip
"""What terms are about, and how agents say so. The price is told by its amount."""
