"""What the criteria of verification listen for, by language, as phrases of the criterion `phrase`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pauta.plugins.packs.hearing import Phrases
from pauta.plugins.packs.plain import word_set

DETAILS: Final[Mapping[str, Phrases]] = {
    "name": {
        "en": [
            "(your|the) ((full|first|last|complete)) name", "your (first and last|name and)",
            "(who am i|whom am i) (speaking|talking) (to|with)", "(have|get|take) ...2 name",
        ],
        "es": ["(su|tu|el) nombre", "nombre (completo|y apellido)", "(con quién|a quién) tengo el gusto"],
        "pt": ["(seu|o|o seu) nome", "nome completo", "com quem (eu) falo"],
    },
    "birth": {
        "en": ["date of birth", "birth date", "birthday", "when were you born"],
        "es": ["fecha de nacimiento", "(cuándo|qué día) nació"],
        "pt": ["data de nascimento", "(quando|que dia) nasceu"],
    },
    "account": {
        "en": ["(account|customer|client|policy|member|membership|order|reference|booking) (number|id)"],
        "es": ["número de (cuenta|cliente|póliza|contrato|pedido|socio)"],
        "pt": ["número (da conta|do cliente|da apólice|do contrato|do pedido)"],
    },
    "address": {
        "en": ["(postcode|post code|postal code|zip code|zip)", "(your|the|billing|home) address", "email (address)"],
        "es": ["código postal", "(dirección|domicilio)", "correo (electrónico)"],
        "pt": ["cep", "endereço", "e mail"],
    },
    "document": {
        "en": [
            "(social security|driver's license|licence|passport|id) (number)",
            "last (four|three|4|3) ((digits|numbers))",
        ],
        "es": ["(documento|cédula|dni|rut|curp|nif|pasaporte)", "últimos (cuatro|tres|4|3) (dígitos|números)"],
        "pt": ["(cpf|rg|documento|passaporte)", "últimos (quatro|três|4|3) (dígitos|números)"],
    },
    "secret": {
        "en": [
            "security (question|answer|word)", "(your|a|the) (pin|password|passphrase|memorable word)",
            "mother's maiden name",
        ],
        "es": ["pregunta de seguridad", "palabra clave", "(su|tu|el) pin"],
        "pt": ["pergunta de segurança", "palavra chave", "(sua|a) senha de atendimento"],
    },
}  # fmt: skip
"""Details by which a customer is known, and how agents ask for them."""

GIVES: Final[Mapping[str, Phrases]] = {
    "name": {
        "en": ["my name is", "this is ...3 (speaking|calling)", "my name's"],
        "es": ["mi nombre es", "me llamo", "le habla"],
        "pt": ["meu nome é", "me chamo", "aqui é (o|a)"],
    },
    "birth": {
        "en": ["born (on|in)", "my date of birth"],
        "es": ["nací (el|en)", "mi fecha de nacimiento"],
        "pt": ["nasci (em|no|dia)", "minha data de nascimento"],
    },
    "account": {
        "en": ["(my|the) (account|customer|policy|order|member) number", "my account is"],
        "es": ["mi número de (cuenta|cliente|póliza)", "cliente número"],
        "pt": ["(minha conta|meu número) é", "(o|meu) número da conta"],
    },
    "address": {
        "en": ["my (postcode|zip code|address) is"],
        "es": ["mi (dirección|código postal) es", "vivo en"],
        "pt": ["meu (cep|endereço) é", "moro na"],
    },
    "document": {
        "en": ["my (passport|social|licence|license)"],
        "es": ["mi (documento|cédula|dni|rut) ((es|número))", "(la|con) cédula"],
        "pt": ["meu (cpf|rg)"],
    },
    "secret": {
        "en": ["(my|the|and) (pin|password|security answer) is"],
        "es": ["mi (pin|palabra clave) es"],
        "pt": ["minha palavra chave é"],
    },
}
"""How a customer gives a detail unasked."""

REQUESTS: Final[Mapping[str, str]] = {
    "en": r"\?|\b(?:can|could|may|might|please|confirm|verify|tell|give|provide|need|what|whats|which|who|when|have"
    r"|let me get|type|spell|share)\b",
    "es": r"\?|\b(?:puede|podria|por favor|confirm\w+|indi\w+|diga\w*|dame|deme|regal\w+|necesito|cual|valid\w+"
    r"|verific\w+|brind\w+|facilit\w+)\b",
    "pt": r"\?|\b(?:pode|poderia|por favor|confirm\w+|inform\w+|diga|diz|me passa|preciso|qual|valid\w+|fala)\b",
}
"""What makes the naming of a detail a request: folded words of its sentence. A sentence of nothing else is one, too."""

DISCLOSES: Final[Phrases] = {
    "en": [
        "your ((current|available|account|outstanding|remaining)) balance (is|of|was|stands|comes)",
        "you (owe|still owe)", "(amount|balance) due (is|of)", "your ...2 (is|are) overdue",
        "your last (payment|transaction|order|bill|purchase) (was|is|of)",
        "(i|we) (can) see ...2 (on|in) your (account|file|profile|record)",
        "your account (shows|has|is|was|currently)",
        "(address|email|phone|number) (we have|i have|on file|on record) ...4 is", "(card|account) ending (in|with)",
        "your (next|monthly) (payment|bill|instalment) (is|of)", "your (bill|invoice) (is|was|comes)",
        "your (order|booking|appointment|policy|contract|plan) (was|ends|shows|expires|is due)",
        "you (have|had) ...3 (transactions|payments|orders|bills)",
    ],
    "es": [
        "su saldo ...2 (es|de|está)", "(usted|me) (debe|adeuda|aparece que debe)",
        "tiene (una deuda|un saldo|una factura|un pago|una cuota)",
        "su (última|último) (factura|pago|compra|transacción|consumo|pedido) ...1 (fue|es|de|por)",
        "(veo|aparece|figura|tengo) ...3 en su (cuenta|perfil|sistema)",
        "su cuenta (está|tiene|registra|presenta|aparece)", "(tarjeta|cuenta) (terminada|que termina) en",
        "su (factura|cuota|recibo) ...1 (es|de|está|vence|por)",
        "(dirección|correo|teléfono) que (tenemos|tengo|aparece|figura) ...3 es",
        "(factura|deuda|saldo) (vencida|vencido|pendiente)",
        "su (pedido|contrato|póliza|plan) (es|está|vence|tiene)",
    ],
    "pt": [
        "(seu|o seu) saldo ...2 (é|de|está)", "(o senhor|a senhora|você) (deve|está devendo)",
        "(tem|possui) (uma dívida|um saldo|uma fatura|um débito|uma parcela)",
        "(sua|seu) (última|último) (fatura|pagamento|compra|transação|pedido) ...1 (foi|é|de)",
        "(vejo|consta|aparece|tenho) ...3 (na|no) (sua|seu) (conta|cadastro|perfil)",
        "(sua|a sua) conta (está|tem|apresenta|consta)", "(cartão|conta) (com final|que termina|final|terminado)",
        "(sua|a) fatura ...2 (é|de|está|vence)",
        "(endereço|email|telefone) que (temos|tenho|consta) ...3 é",
        "(fatura|dívida|saldo|débito) (vencida|em aberto|em atraso)",
        "(seu|sua) (pedido|contrato|apólice|plano) (é|está|vence|tem)",
    ],
}  # fmt: skip
"""An agent tells what only the holder of the account may know."""

CARRIES: Final = word_set(
    "tell give say share discuss disclose access see show until unless know you your it decir decirle dar darle ver "
    "mostrar revelar informar informarle dizer dar ver mostrar informar passar falar lhe"
)
"""More words that a negation passes over: "I cannot tell you your balance"."""

_EN_GIVE: Final = "(tell|give|read|send|forward|share|confirm|repeat|provide)"
ASKS_CODE: Final[Phrases] = {
    "en": [
        f"{_EN_GIVE} (me|us) ...6 (code|passcode|otp)", f"{_EN_GIVE} (it|out|back) ...3 (code|passcode|otp)",
        f"(can|could|would|will) you (please) {_EN_GIVE} ...4 (code|passcode|otp)",
        "ask ...1 for ...4 (code|passcode|otp)", "(i|we) (will) (need|want|require) ...4 (code|passcode|otp)",
        "(what is|what was|what's) ...5 (code|passcode|otp)",
        "(what|which) (code|passcode|otp)", "(can|could|may) i (have|get|take) ...3 (code|passcode|otp)",
        r"re:\band the (code|passcode|otp)( please)?\s*\?",
    ],
    "es": [
        "(dígame|deme|dame|dime|indíqueme|léame|páseme|pásame|envíeme|mándeme|confírmeme|díctame|dícteme|comparta"
        "|repítame) ...4 (código|clave dinámica|token)",
        "me (da|dice|indica|lee|pasa|envía|manda|confirma|dicta|regala|comparte|puede dar|podría dar|puede decir"
        "|podría decir|puede indicar|puede leer|puede confirmar) ...4 (código|clave dinámica|token)",
        "(necesito|pedirle|pediremos|pedimos|pido|solicito|solicitamos|solicitarle) ...5 (código|clave dinámica|token)",
        "(cuál|qué) (es|fue) ...4 (código|clave dinámica|token)", "(cuál|qué) (código|token)",
        "(darme|decirme|indicarme|leerme|dictarme|pasarme|confirmarme) ...4 (código|clave dinámica|token)",
    ],
    "pt": [
        "me (diga|diz|passa|passe|fala|fale|informa|informe|manda|mande|envia|envie|confirma|confirme|lê|leia|dita|dite"
        "|repete|repita) ...4 (código|token)",
        "(diga|passe|fale|informe|mande|envie|confirme|leia|dite) (me|pra mim|para mim) ...4 (código|token)",
        "(pode|poderia|consegue) ((me)) (passar|dizer|informar|falar|ler|confirmar|enviar|mandar|ditar)"
        " ...4 (código|token)",
        "(preciso|precisamos|pedir|pedimos|pediremos|solicito|solicitamos|solicitar) ...5 (código|token)",
        "qual (é|foi) ...3 (código|token)", "(qual|que) (código|token)",
    ],
}  # fmt: skip
"""An agent asks the customer to say a code."""

TYPED: Final = (
    r"\b(?:type|enter|put|insert|key|ingres\w+|escrib\w+|digit\w+|teclear?|coloc\w+|insir\w+|inserir|preench\w+)\b"
    r"|\b(?:in|into|on|en|por|no|na|pelo|pela) (?:the |our |your |la |el |su |o |a )?(?:app|aplica\w+|web\w*|site|sitio"
    r"|page|pagina|link|enlace|form|formulario|keypad|teclado|screen|pantalla|tela)\b"
)
"""What makes a code one that the customer types somewhere, and says to nobody: folded words of its sentence."""

NAMES_CODE: Final[Phrases] = {
    "en": ["(code|passcode|otp)"],
    "es": ["(código|clave dinámica|token)"],
    "pt": ["(código|token)"],
}
"""A code is named."""

OTHER_CODE: Final[Mapping[str, str]] = {
    "en": r"(?:post|zip|area|dial\w*|country|error|promo\w*|discount|voucher|coupon|product|item|model|sort|swift|bar"
    r"|qr|colou?r|dress|order|reference"
    r"|booking|tracking|gate|door|wifi|wi-fi|referral|source|tax|class|status|case|ticket|customer|client|pickup"
    r"|city|airport|postal)",
    "es": r"(?:postal|de (?:area|error|barras|producto|cliente|descuento|pais|articulo|pedido|reserva|referencia"
    r"|modelo|vestimenta|ciudad|proveedor)|promocional|qr|swift"
    r"|civil|fuente)",
    "pt": r"(?:postal|de (?:area|erro|barras|desconto|pais|rastreio|rastreamento|reserva|defesa|vestimenta)"
    r"|do (?:produto|cliente|pedido|pais|artigo|boleto|banco|convenio)|promocional|qr"
    r"|swift|para (?:copiar|pagar|pagamento)|pix)",
}
"""Codes that are no secret: the word before "code", or what follows "código"."""

ONE_TIME: Final[Mapping[str, str]] = {
    "en": r"\b(?:one[ -]time|verification|verify|security|authenticat\w+|authoris\w+|authoriz\w+|access|login|log-in"
    r"|sms|text(?:ed)?|otp|passcode|temporary|(?:six|four|6|4)[ -]digit"
    r"|sent|send(?:ing)? you|received?|got)\b",
    "es": r"\b(?:verificacion|seguridad|acceso|unico|unica|autenticacion|autorizacion|sms|mensaje|temporal|dinamica"
    r"|token|envie|enviamos|envio|llego|llega|recibio|recibe|mande|mandamos)\b",
    "pt": r"\b(?:verificacao|seguranca|acesso|unico|autenticacao|autorizacao|sms|mensagem|temporario|token|enviei"
    r"|enviamos|mandei|mandamos|chegou|chega|recebeu|recebe)\b",
}
"""What makes a code one for one time: folded words of the turn, or of an earlier one of the agent's that names one."""
