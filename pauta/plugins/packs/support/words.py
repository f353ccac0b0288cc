"""What the criteria of support calls listen for, by language, as phrases of the criterion `phrase`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pauta.plugins.packs.hearing import Phrases
from pauta.plugins.packs.plain import word_set

RESTATES: Final[Phrases] = {
    "en": [
        "so (you are|you're|your|you have|you've|you want|you need|you would like|you'd like|you were|you can't"
        "|you cannot)",
        "if i understand",
        "let me (make sure|see if|check) ...1 i (understand|have|got)", "to (confirm|clarify|make sure)",
        "(you are|you're) saying", "you (said|mentioned|told me)",
        "what i (hear|understand|am hearing|'m hearing)", "i understand (that) ...1 (you|your)", "in other words",
        "it sounds like", "the (problem|issue) is",
        "i see (that) (you|your)", "(i am|i'm) sorry (that|to hear) ...2 (you|your)",
    ],
    "es": [
        "si ((le|lo|te)) (entiendo|entendí)", "si no (entiendo|entendí) mal", "o sea que", "es decir",
        "entiendo que", "entonces ...1 (usted|su|tu|el|la|lo|no|le)",
        "(me|usted) (dice|comenta|indica|cuenta|comentaba) que", "(para|déjeme) confirmar",
        "lo que (pasa|sucede|ocurre) es", "su (problema|inconveniente|consulta) es", "veo que",
    ],
    "pt": [
        "se ((eu)) entendi", "então ...1 (o|a|você|seu|sua|não)", "ou seja", "(entendo|entendi) que",
        "(o senhor|a senhora|você) (disse|falou|comentou|está dizendo|mencionou) que",
        "só para (confirmar|eu entender)", "deixa eu (confirmar|ver se entendi)", "o (seu) problema é", "vejo que",
    ],
}  # fmt: skip
"""How an agent begins to say again what the customer said."""

EMPTY: Final[Mapping[str, frozenset[str]]] = {
    "en": word_set(
        "hello thank thanks please could would should can will have with that this there they them then your yours "
        "youre help need want like just from about what when where which while were been some make sure know okay "
        "good morning afternoon evening today name call calling sorry does didnt dont cant isnt wont really very "
        "much also into over more only even back still here because well yeah right check look number account"
    ),
    "es": word_set(
        "hola gracias favor puede puedo quiero quisiera necesito tengo tiene hace hacer para porque pero como cuando "
        "donde cual esta este esto estos estas esos esas buenos buenas dias tardes noches usted ustedes ayuda ayudar "
        "nombre llama llamo llamar numero cuenta bien algo nada todo toda mucho muchas muchos desde hasta sobre "
        "tambien ahora aqui entonces pues"
    ),
    "pt": word_set(
        "obrigado obrigada favor pode posso quero queria preciso tenho fazer para porque como quando onde qual esta "
        "este isso isto esse essa estou senhor senhora voce voces ajuda ajudar nome ligo ligar numero conta tudo "
        "nada algo muito muita desde ate sobre tambem agora aqui entao mais boa tarde noite dia"
    ),
}
"""Words that say nothing about a problem, folded."""

_EN_DO: Final = (
    "(click|press|open|restart|reboot|unplug|plug|switch|turn|type|enter|select|go|tap|hold|reset|install|download"
    "|check|look|scroll|log|sign"
    "|remove|disconnect|connect|close|choose|run|clear|try)"
)
_ES_DO: Final = (
    "(reiniciar|apagar|prender|encender|abrir|conectar|desconectar|desenchufar|presionar|probar|revisar|mirar"
    "|verificar|entrar|ingresar|escribir"
    "|seleccionar|instalar|cerrar|poner|colocar|reiniciarlo|apagarlo)"
)
_PT_DO: Final = (
    "(colocar|abrir|desligar|ligar|reiniciar|testar|verificar|tirar|clicar|acessar|apertar|conectar|desconectar"
    "|digitar|selecionar|instalar|olhar"
    "|entrar|reconectar)"
)
INSTRUCTS: Final[Phrases] = {
    "en": [
        f"(please|now|then) {_EN_DO}", f"(could|can|would) you (please) {_EN_DO}",
        f"(i need you to|i'd like you to|i want you to|go ahead and) {_EN_DO}",
        "(click|press|unplug|reboot|restart|tap|hold) (on|the|your|it|down)", "go (to|into) (the|your|settings)",
        "(turn|switch) (it|the|your) ...3 (off|on)",
        "check the (light|lights|cable|cables|box|router|settings)",
    ],
    "es": [
        f"(puede|podría|intente|trate de|necesito que|me ayuda a|vamos a) {_ES_DO}", "(haga|haz|dele|den) (clic|click)",
        "(presione|oprima|pulse|reinicie|desconecte|desenchufe|enchufe|apague|encienda|prenda|seleccione|vaya a"
        "|entre a|ingrese a|mantenga|instale|descargue|cierre|abra|escriba|pruebe|conecte|elija|borre)",
        "(presiona|reinicia|desconecta|apaga|enciende|selecciona|descarga) (el|la|los|las|tu|su)",
    ],
    "pt": [
        f"(consegue|pode|poderia|tente|preciso que|vamos) {_PT_DO}",
        "(clique|aperte|pressione|abra|reinicie|desligue|conecte|desconecte|selecione|digite|acesse|toque|segure"
        "|retire|instale|baixe|escolha|feche)",
        "(entre|vá) (em|na|no|nas|nos|até|para)",
        "(ligue|tire|tira|coloque|coloca|teste) (o|a|os|as|e|de novo|novamente)",
    ],
}  # fmt: skip
"""An agent tells the customer to do something."""

NO_ORDER_AFTER: Final[Mapping[str, frozenset[str]]] = {
    "en": word_set("i we they he she to and before"),
    "es": word_set("que cuando si quien lo la antes"),
    "pt": word_set("que quando se quem antes"),
}
"""Words before a verb that make its form no order: "before I go to the", "antes de que abra"."""

CONFIRMS: Final[Phrases] = {
    "en": [
        "(it's|its|it is|that's|that is|they are|they're) ...1 (working|on|open|back|done|better|up|fixed|green"
        "|white|blinking|connected|loading)",
        "(it|that) (works|worked|helped|did)",
        "i (did it|have done|'ve done|have it|see it|found it|got it)", "(it|that) (has|does)", "done", "got it",
        "fixed",
    ],
    "es": [
        "listo", "hecho", "ya (está|lo hice|quedó|funciona|funcionó|abrió|entré|salió|apareció|prendió)",
        "(funciona|funcionó|prendió|encendió|apareció|conectó|salió|abrió|sirvió)", "ya",
    ],
    "pt": [
        "(pronto|feito)",
        "(funcionou|deu certo|apareceu|acendeu|conectou|coloquei|abriu|voltou|fiz|cliquei|liguei|desliguei|subiu"
        "|tirei|consegui|entrou)",
        "já (está|fiz|foi)",
    ],
}  # fmt: skip
"""A customer says that it is done, or that it works."""

CHECKS: Final[Phrases] = {
    "en": [
        "(is|are) (it|that|this|everything|things|they) ...2 (working|fixed|resolved|solved|sorted)",
        "(is|are) (it|everything|they) ...1 (back|better)",
        "(has|have|did|does|do) (that|this|it|i|we|everything) ...1 (help|helped|work|worked|solve|solved|resolve"
        "|resolved|fix|fixed|answer|answered|sort|sorted|come back)",
        "(is|was) (your|the) (problem|issue|question) ...2 (resolved|solved|fixed|gone|answered)",
        "(has|have) (your|the) (problem|issue) ...1 been (resolved|solved|fixed)",
        "can you ...3 now (see|use|open|log in|connect)", "are you (satisfied|happy) with",
    ],
    "es": [
        "(quedó|queda|está|quedaron) ...2 (resuelto|resuelta|solucionado|solucionada|claro|clara|funcionando"
        "|arreglado)",
        "(le|te) (funciona|funcionó|sirvió|resolví|solucioné|quedó)",
        "(se) (solucionó|resolvió|arregló)", "(ya) (pudo|puede) (entrar|ver|navegar|ingresar|abrir|usar)",
        "pude (resolver|ayudar|solucionar|ayudarle|ayudarlo)", "ya (funciona|funcionó|prendió|tiene)",
    ],
    "pt": [
        "(ficou|está|foi|ficaram) ...2 (resolvido|resolvida|solucionado|solucionada|claro|clara|funcionando|certo)",
        "(funcionou|deu certo|resolveu|voltou|funciona)",
        "consegui (resolver|ajudar|esclarecer)", "(conseguiu|consegue) (acessar|entrar|abrir|ver|navegar|usar)",
    ],
}  # fmt: skip
"""An agent asks whether the problem is gone. In es and pt only the question mark tells it from a statement."""

ANYTHING_ELSE: Final[Phrases] = {
    "en": ["(anything|something) else", "any other question*"],
    "es": ["algo (más|adicional)", "alguna otra (consulta|duda|cosa|pregunta)"],
    "pt": ["(algo|alguma coisa) mais", "mais alguma (coisa|dúvida)", "outra dúvida"],
}
"""An agent asks whether there is anything else."""

CLOSES: Final[Phrases] = {
    "en": ["goodbye", "bye", "have a ...2 (good|great|nice|lovely|wonderful)", "take care"],
    "es": [
        "que (tenga|tengas|pase|esté) ...2 (día|tarde|noche|bien)",
        "hasta (luego|pronto)",
        "feliz (día|tarde|noche)",
    ],
    "pt": ["tenha (um|uma)", "até (logo|mais)", "tchau"],
}
"""An agent says goodbye."""
