"""The packs by call type: what each criterion hears and does not hear, as cases; laws; cards; sample calls."""

import json
import random
import re
import subprocess
import sys
from functools import cache
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
import yaml
from criterion_cases import CASES, QUESTION
from hypothesis import given, settings, strategies as st

from pauta import Call, CallBatch, Findings, Turn, Verdict, call_from, findings_of
from pauta.engine.contracts import CompositeCriterion
from pauta.engine.host import Host
from pauta.engine.loading.catalog import Catalog
from pauta.engine.loading.load import load_cases
from pauta.engine.model.calls import batch_of
from pauta.plugins.packs.amounts import amounts_in
from pauta.plugins.packs.days import days_in
from pauta.plugins.packs.numerals import LANGUAGES, LEXICA, numerals_in
from pauta.plugins.packs.plain import plain_of
from pauta.plugins.packs.replies import reply_to
from pauta.plugins.packs.verification.card_numbers import Heard, card_numbers_in, kind_of_card, passes_luhn
from pauta.testing import run_examples

PACKS = ("collections", "sales", "support", "verification")
MODULES = [f"pauta.plugins.packs.{pack}" for pack in PACKS]
STARTERS = files("pauta") / "scorecards"
REAL_CALLS = Path(__file__).parents[1].parent / "shared" / "data" / "calls"


def host_of_packs() -> Host:
    host = Host(installed=False)
    for module in MODULES:
        if module not in {plugin.name for plugin in host}:
            host.register(sys.modules.get(module) or __import__(module, fromlist=["_"]), module, version="0")
    assert host.problems == []
    return host


HOST = host_of_packs()


@cache
def made(written: str):
    """A use of a criterion, made once, with its parts."""
    ((name, options),) = json.loads(written).items()
    criterion = HOST.criteria[name](options, QUESTION)
    parts = criterion.parts() if isinstance(criterion, CompositeCriterion) else ()
    return criterion, [made(json.dumps(part)) for part in parts]


def ask(bound, batch: CallBatch) -> Findings:
    criterion, parts = bound
    if parts:
        return criterion.combine(batch, [ask(part, batch) for part in parts])
    if hasattr(criterion, "answer_batch"):
        return criterion.answer_batch(batch)
    return findings_of([criterion.answer(call) for call in batch.calls])


def found(use, calls) -> Findings:
    """What a use of a criterion says about calls."""
    return ask(made(json.dumps(use)), batch_of(calls))


CRITERIA = sorted(name for name in HOST.criteria if name.partition(".")[0] in PACKS)


def folder(pack: str) -> Path:
    return Path(str(files(f"pauta.plugins.packs.{pack}")))


def calls_of(path: Path) -> list[Call]:
    return [call_from(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def written_cases() -> list[object]:
    written = [
        case
        for file in sorted((CASES / "packs").glob("*.yaml"))
        for case in yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)
    ]
    marks = [pytest.mark.xfail(reason=case["gap"]) if "gap" in case else () for case in written]
    return [pytest.param(case, id=case["case"], marks=mark) for case, mark in zip(written, marks)]


def call_of(case) -> Call:
    said = [line.partition(": ") for line in case["said"]]
    return Call("c", language=case.get("language", "en"), turns=tuple(Turn(who, text) for who, _, text in said))


def use_of(case):
    """The criterion of a case, as a bare name or with options that its schema takes."""
    criterion = case["criterion"]
    if isinstance(criterion, str):
        return {criterion: {}}
    for name, options in criterion.items():
        jsonschema.Draft202012Validator(HOST.criteria[name].options).validate(options)
    return criterion


@pytest.mark.parametrize("case", written_cases())
def test_case(case):
    finding = found(use_of(case), [call_of(case)])[0]
    expect = case["expect"]
    assert finding.verdict.name.lower() == expect["verdict"], finding
    assert expect.get("reason", "") in finding.reason
    assert finding.reason
    if "quotes" in expect:
        assert [each.quote for each in finding.evidence] == expect["quotes"]


def test_every_criterion_has_cases_that_are_met_and_not_met_and_says_what_it_misses():
    seen = {name: set() for name in CRITERIA}
    for parameter in written_cases():
        (case,) = parameter.values
        (name,) = use_of(case)
        seen[name] |= {case["expect"]["verdict"]} | ({"gap"} if "gap" in case else set())
    assert {name: kinds for name, kinds in seen.items() if not {"met", "not_met", "gap"} <= kinds} == {}


# What holds for every criterion, whatever is said.

SPOKEN = (
    "we will not take you to court call your boss pay $120 on friday four one one one yes i agree okay no the code is "
    "482913 su saldo es sí acepto não vou tentar plan 4111 1111 1111 1111 restart it is working bye . ? ! , 🙂 \u0301 ﷽"
)
WORDS = re.split(" ", SPOKEN)
texts = st.one_of(st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join), st.text(max_size=60))
spoken = st.builds(Turn, st.sampled_from(["agent", "customer", "system", "other"]), texts)
any_call = st.builds(
    lambda turns, language: Call("c", language=language, turns=tuple(turns)),
    st.lists(spoken, max_size=6),
    st.sampled_from([None, "en", "es-MX", "pt_BR", "fr"]),
)
without_surrogates = any_call.filter(lambda call: all(turn.text.isprintable() or turn.text for turn in call.turns))


@pytest.mark.parametrize("name", CRITERIA)
@settings(max_examples=15, deadline=None)
@given(st.lists(without_surrogates, max_size=5))
def test_a_batch_says_what_its_calls_say_alone_and_quotes_what_is_there(name, calls):
    together = found({name: {}}, calls)
    assert len(together) == len(calls)
    for row, call in enumerate(calls):
        finding = together[row]
        assert finding == found({name: {}}, [call])[0]
        assert finding.reason
        for place in finding.evidence:
            assert place.quote == call.turns[place.turn].text[place.start : place.stop]
            assert place.quote


HOSTILE = {
    "nothing": [],
    "empty": ["", "", ""],
    "emoji": ["🙂🙃🙂", "👍🏽", "4️⃣1️⃣1️⃣1️⃣"],
    "digits": ["4" * 10_000, "1 " * 5_000, "4111 " * 2_000],
    "number words": ["four one " * 3_000, "oh " * 5_000, "a hundred and " * 2_000, "double " * 3_000],
    "one letter": ["a" * 10_000, "é" * 10_000, "e\u0301" * 5_000],
    "signs": ["." * 10_000, "?!" * 5_000, "$" * 10_000, "\n" * 5_000, "'" * 10_000],
    "negations": ["not " * 3_000 + "take you to court", "no one " * 3_000, "you will never " * 1_500],
    "offers": ["our plan " * 2_000, "you owe $5 on friday " * 800],
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("language", LANGUAGES)
def test_hostile_text_is_answered(kind, language):
    turns = [Turn(("agent", "customer")[n % 2], text) for n, text in enumerate(HOSTILE[kind] * 2)]
    calls = [Call("c", language=language, turns=tuple(turns))]
    for name in CRITERIA:
        finding = found({name: {}}, calls)[0]
        assert all(place.quote == turns[place.turn].text[place.start : place.stop] for place in finding.evidence)


@pytest.mark.parametrize("name", CRITERIA)
def test_a_criterion_is_a_page(name):
    offered = HOST.criteria[name]
    doc = offered.__doc__ or sys.modules[offered.__module__].__doc__
    page = doc if "not met" in doc else sys.modules[offered.__module__].__doc__
    assert " met " in page
    assert "not met" in page
    assert "criterion: " in page
    assert name in page
    jsonschema.Draft202012Validator.check_schema(offered.options)
    assert offered.options["additionalProperties"] is False
    assert all(option.get("description") for option in offered.options["properties"].values())
    assert offered.purpose.endswith(".")


def test_loading_the_packs_loads_no_numpy():
    code = f"import sys, {', '.join(MODULES)}; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# Luhn, number words, amounts, days.

digits = st.text("0123456789", min_size=1, max_size=19)


@given(digits)
def test_exactly_one_digit_completes_a_number(number):
    assert sum(passes_luhn(number + digit) for digit in "0123456789") == 1


@given(digits.filter(passes_luhn), st.data())
def test_luhn_notices_a_wrong_digit_and_most_exchanged_ones(number, data):
    at = data.draw(st.integers(0, len(number) - 1))
    other = data.draw(st.sampled_from([each for each in "0123456789" if each != number[at]]))
    assert not passes_luhn(number[:at] + other + number[at + 1 :])
    if at + 1 < len(number) and number[at] != number[at + 1] and {number[at], number[at + 1]} != {"0", "9"}:
        assert not passes_luhn(number[:at] + number[at + 1] + number[at] + number[at + 2 :])


@pytest.mark.parametrize("text", ["", "4111a", "４１１１", " 4111", "-1"])
def test_luhn_takes_figures_only(text):
    assert passes_luhn(text) is (text == "４１１１" and passes_luhn("4111"))


@pytest.mark.parametrize(
    ("number", "scheme"),
    [
        ("4111111111111111", "Visa"), ("4222222222222", "Visa"), ("5555555555554444", "Mastercard"),
        ("2223003122003222", "Mastercard"), ("378282246310005", "American Express"), ("30569309025904", "Diners Club"),
        ("6011111111111117", "Discover"), ("3530111333300000", "JCB"), ("6304000000000000", "Maestro"),
        ("4111111111111112", None), ("0000000000000000", None), ("79927398713", None),
    ],
)  # fmt: skip
def test_what_card_numbers_look_like(number, scheme):
    assert kind_of_card(number) == scheme


def card_number(prefix: str, length: int, body: str) -> str:
    number = (prefix + body)[: length - 1]
    return number + next(digit for digit in "0123456789" if passes_luhn(number + digit))


cards = st.builds(
    card_number, st.sampled_from(["4", "51", "2221"]), st.just(16), st.text("0123456789", min_size=16, max_size=16)
)


def in_words(number: str, language: str) -> str:
    words = {value: word for word, value in LEXICA[language].small.items() if word not in ("un", "una", "uma", "duas")}
    return " ".join(words[int(digit)] for digit in number)


@settings(deadline=None)
@given(cards, st.sampled_from(LANGUAGES), st.lists(st.integers(1, 5), min_size=1, max_size=6), st.booleans())
def test_a_card_number_is_found_however_it_is_said(number, language, cuts, spelt):
    """In groups of any size, as figures or words, in one turn or in several with somebody's hum between."""
    groups, rest = [], number
    for size in cuts * 16:
        groups, rest = [*groups, rest[:size]] if rest else groups, rest[size:]
    said = [in_words(group, language) if spelt else group for group in groups]
    one = [Heard(0, "agent", f"it is {', '.join(said)} thanks")]
    several = [Heard(n, "agent", text) for n, text in enumerate(said)]
    several = [each for turn in several for each in (turn, Heard(len(said), "customer", "mm"))]
    for turns in (one, several):
        found_there = list(card_numbers_in(turns, "agent", language))
        assert [each.digits for each in found_there] == [number]
        assert not list(card_numbers_in(turns, "customer", language))


@settings(deadline=None)
@given(cards, st.sampled_from(LANGUAGES), st.booleans())
def test_the_reason_never_repeats_a_card_number(number, language, spelt):
    said = in_words(number, language) if spelt else number
    finding = found({"verification.no_card_numbers": {}}, [Call("c", language=language, turns=(Turn("agent", said),))])[
        0
    ]
    assert finding.verdict is Verdict.NOT_MET
    assert [place.quote for place in finding.evidence] == [said]
    assert said not in finding.reason
    assert max(map(len, re.findall(r"\d+", finding.reason))) == 4


@settings(deadline=None)
@given(cards, st.sampled_from("0123456789"))
def test_what_does_not_pass_is_not_found(number, digit):
    wrong = number[:-1] + digit
    found_there = list(card_numbers_in([Heard(0, "agent", wrong)], "agent", "en"))
    assert bool(found_there) is (wrong == number)


EN_TENS = ("", "", *LEXICA["en"].tens)


def spelt_en(n: int) -> str:
    if n < 20:
        return list(LEXICA["en"].small)[n]
    if n < 100:
        return EN_TENS[n // 10] + (f"-{spelt_en(n % 10)}" if n % 10 else "")
    if n < 1000:
        return f"{spelt_en(n // 100)} hundred" + (f" and {spelt_en(n % 100)}" if n % 100 else "")
    rest = n % 1000
    return f"{spelt_en(n // 1000)} thousand" + (f" {'and ' if rest < 100 else ''}{spelt_en(rest)}" if rest else "")


def spelt_latin(n: int, language: str) -> str:
    """Spanish or Portuguese, the plain masculine forms."""
    lexicon = LEXICA[language]
    others = ("un", "una", "uma", "duas", "veintiun", "veintiuna")
    small = {value: word for word, value in lexicon.small.items() if word not in others}
    tens = {value: word for word, value in lexicon.tens.items()}
    hundreds = {value: word for word, value in lexicon.hundreds.items() if not word.endswith("as")}
    hundred, exact = ("ciento", "cien") if language == "es" else ("cento", "cem")
    joined = " e " if language == "pt" else " "
    if n in small:
        return small[n]
    if n < 100:
        return tens[n - n % 10] + (f" {lexicon.joiner} {small[n % 10]}" if n % 10 else "")
    if n == 100:
        return exact
    if n < 1000:
        word = hundred if n < 200 else hundreds[n - n % 100]
        return word + (f"{joined}{spelt_latin(n % 100, language)}" if n % 100 else "")
    thousands = "mil" if n < 2000 else f"{spelt_latin(n // 1000, language)} mil"
    return thousands + (f"{joined if n % 1000 < 100 else ' '}{spelt_latin(n % 1000, language)}" if n % 1000 else "")


@given(st.integers(0, 999_999), st.sampled_from(LANGUAGES))
def test_a_number_in_words_is_read_as_the_number(number, language):
    text = spelt_en(number) if language == "en" else spelt_latin(number, language)
    assert [each.value for each in numerals_in(plain_of(text), language)] == [number], text
    assert [each.value for each in numerals_in(plain_of(f"¡{text.upper()}!"), language)] == [number]


@given(st.text("0123456789", min_size=1, max_size=12), st.sampled_from(LANGUAGES))
def test_digits_in_words_are_read_as_digits(number, language):
    read = numerals_in(plain_of(in_words(number, language)), language)
    assert "".join(each.digits for each in read) == number


@given(st.text(max_size=80), st.sampled_from(LANGUAGES))
def test_places_are_those_of_the_original(text, language):
    plain = plain_of(text)
    for each in [*numerals_in(plain, language), *amounts_in(plain, language), *days_in(plain, language)]:
        start, stop = plain.place(each.start, each.stop)
        assert 0 <= start < stop <= len(text)
        assert plain.text[each.start : each.stop] in plain_of(text[start:stop]).text
    reply = reply_to(text, language)
    assert 0 <= reply.start <= reply.stop <= len(text)


AMOUNTS = [
    ("en", "$120", [120]), ("en", "120 dollars", [120]), ("en", "USD 1,200.50", [1200.5]), ("en", "twenty bucks", [20]),
    ("en", "£1.2k or 3 thousand pounds", [1200, 3000]), ("en", "pay 3 instalments", []), ("en", "pay 50%", []),
    ("en", "ring 555 1234", []), ("en", "pay 120 or 3 times 40 euros", [120, 40]), ("es", "150 euros", [150]),
    ("es", "$ 240.000", [240000]), ("es", "ciento veinte mil pesos", [120000]), ("es", "300 mil pesos", [300000]),
    ("es", "pago 80 el lunes", [80]), ("es", "pago en 3 cuotas", []), ("es", "un millón de pesos", [1000000]),
    ("pt", "R$ 80", [80]), ("pt", "R$ 1.200,50", [1200.5]), ("pt", "oitenta reais", [80]),
    ("pt", "mil e duzentos reais", [1200]),
    ("pt", "pago em 2 vezes", []), ("pt", "cem euros e cinquenta reais", [100, 50]),
]  # fmt: skip


@pytest.mark.parametrize(("language", "text", "values"), AMOUNTS, ids=[text for _, text, _ in AMOUNTS])
def test_amounts(language, text, values):
    assert [each.value for each in amounts_in(plain_of(text), language)] == values


DAYS = [
    ("en", "on Friday", ["on friday"]), ("en", "the 15th", ["the 15th"]), ("en", "the fifteenth", ["the fifteenth"]),
    ("en", "next week", ["next week"]), ("en", "March 15", ["march 15"]), ("en", "may I pay", []), ("en", "24/7", []),
    ("en", "in ten days", ["in ten days"]), ("en", "the second instalment", []), ("en", "soon", []),
    ("en", "last Friday", []),
    ("en", "overdue since the 3rd", []), ("en", "by the end of the month", ["the end of the month"]),
    ("en", "15/03", ["15/03"]),
    ("es", "el viernes", ["el viernes"]), ("es", "el 15 de marzo", ["el 15 de marzo"]),
    ("es", "el quince", ["el quince"]),
    ("es", "mañana", ["manana"]), ("es", "por la mañana", []), ("es", "el 15 %", []),
    ("es", "la semana que viene", ["la semana que viene"]),
    ("es", "a fin de mes", ["a fin de mes"]), ("es", "venció el 3", []), ("es", "el viernes pasado", []),
    ("pt", "dia 20", ["dia 20"]), ("pt", "na sexta", ["na sexta"]), ("pt", "a segunda parcela", []),
    ("pt", "amanhã", ["amanha"]),
    ("pt", "semana que vem", ["semana que vem"]), ("pt", "segunda-feira", ["segunda-feira"]),
    ("pt", "venceu dia 5", []),
]  # fmt: skip


@pytest.mark.parametrize(("language", "text", "said"), DAYS, ids=[text for _, text, _ in DAYS])
def test_days(language, text, said):
    plain = plain_of(text)
    assert [plain.text[each.start : each.stop] for each in days_in(plain, language)] == said


# Cards and sample calls.


@pytest.fixture(scope="module", params=PACKS)
def pack(request):
    return request.param


def card_of(pack: str):
    catalog = Catalog([folder(pack) / "scorecards"], HOST, parents_in=[Path(str(STARTERS))])
    assert [str(problem) for problem in catalog.problems] == []
    (loaded,) = catalog.loaded
    return loaded.scorecard, Path(loaded.file)


def test_the_card_checks_without_a_warning_and_every_case_comes_out(pack):
    card, file = card_of(pack)
    examples, problems = load_cases(file.with_name(f"{file.stem}.cases.yaml"), card)
    assert [str(problem) for problem in problems] == []
    outcomes, results = run_examples(card, HOST, examples)
    assert {each.example.name: [str(one) for one in each.differences] for each in outcomes if not each.passed} == {}
    assert [str(problem) for problem in results.problems] == []
    ends = {each.id for each in card.escalations if {use.name for use in each.do} & {"coach", "recognise"}}
    assert [each.example.name for each in outcomes if not ends & set(each.record["escalations"])] == []
    used = {each.criterion.use.name for each in card.questions if each.criterion}
    assert used & set(CRITERIA)


def test_the_sample_calls_are_good_and_bad_in_three_languages(pack):
    calls = calls_of(folder(pack) / "calls.jsonl")
    assert 6 <= len(calls) <= 10
    assert {call.language for call in calls} == set(LANGUAGES)
    for name in (name for name in CRITERIA if name.startswith(f"{pack}.")):
        findings = found({name: {}}, calls)
        verdicts = {findings[row].verdict for row in range(len(calls))}
        assert {Verdict.MET, Verdict.NOT_MET} <= verdicts, name
        assert Verdict.UNVERIFIED not in verdicts, name


def test_the_card_tells_good_sample_calls_from_bad_ones(pack):
    from pauta.engine.evaluation.evaluate import evaluate
    from pauta.engine.evaluation.plan import compile_plan
    from pauta.engine.evaluation.records import records

    card, _ = card_of(pack)
    results = evaluate(compile_plan(card, HOST), batch_of(calls_of(folder(pack) / "calls.jsonl")))
    scored = {record["call_id"]: record for record in records(results)}
    good = {name for name, record in scored.items() if "recognition" in record["escalations"]}
    bad = {name for name, record in scored.items() if "critical-error" in record["escalations"]}
    assert good | bad == set(scored)
    assert {record["score"] >= 95 for name, record in scored.items() if name in good} == {True}
    assert {scored[name]["passed"] for name in bad if pack != "verification"} <= {False}
    assert len(good) >= 3
    assert len(bad) >= 3


REAL_FINDINGS = {
    "collections.no_threats": {"MET": 323},
    "verification.no_card_numbers": {"MET": 323},
    "verification.no_codes": {"MET": 323},
    "collections.promise_to_pay": {"NOT_MET": 323},
}
"""Of 323 real chats and calls, none about debts, none with a card number: every other verdict is a false alarm."""


@pytest.mark.skipif(not REAL_CALLS.is_dir(), reason="the real calls are not beside the project")
@pytest.mark.parametrize("name", REAL_FINDINGS)
def test_real_calls_raise_no_false_alarm(name):
    calls = [call for path in sorted(REAL_CALLS.glob("*.calls.jsonl")) for call in calls_of(path)]
    findings = found({name: {}}, calls)
    seen: dict[str, int] = {}
    for row in range(len(calls)):
        verdict = findings[row].verdict.name
        seen[verdict] = seen.get(verdict, 0) + 1
    assert seen == REAL_FINDINGS[name]


@pytest.mark.slow
@pytest.mark.skipif(not REAL_CALLS.is_dir(), reason="the real calls are not beside the project")
def test_the_order_of_calls_changes_nothing():
    calls = [call for path in sorted(REAL_CALLS.glob("*.calls.jsonl")) for call in calls_of(path)][:60]
    shuffled = random.Random(5).sample(calls, len(calls))
    for name in CRITERIA:
        straight, mixed = (found({name: {}}, each) for each in (calls, shuffled))
        by_id = {call.call_id: straight[row] for row, call in enumerate(calls)}
        assert all(mixed[row] == by_id[call.call_id] for row, call in enumerate(shuffled))


@pytest.mark.parametrize("name", CRITERIA)
@pytest.mark.parametrize("given", [["some words"], {"es": ["some words"]}, {"fr": ["some words"]}], ids=str)
def test_words_of_a_card_make_parts_that_phrase_takes(name, given):
    offered = HOST.criteria[name]
    for option, schema in offered.options["properties"].items():
        if schema.get("type") == ["array", "object"]:
            jsonschema.Draft202012Validator(offered.options).validate({option: given})
            for part in offered({option: given}, QUESTION).parts():
                ((inner, options),) = part.items()
                jsonschema.Draft202012Validator(HOST.criteria[inner].options).validate(options)
                HOST.criteria[inner](options, QUESTION)
