"""`phrase`: cases, a slow plain reference, faults of phrases, batches of any size."""

import subprocess
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import jsonschema
import pytest
from criterion_cases import QUESTION, cases, check, host_of
from hypothesis import given, settings, strategies as st

from pauta import Call, CallBatch, Evidence, Finding, Turn, Verdict
from pauta.engine.problems import ProblemsFound
from pauta.plugins.criteria.phrase import Phrase
from pauta.plugins.criteria.phrases.finding import MOST_EVIDENCE
from pauta.plugins.criteria.phrases.language import phrase_problem

HOST = host_of("phrase")


@pytest.mark.parametrize("case", cases("phrase"))
def test_case(case):
    jsonschema.Draft202012Validator(Phrase.options).validate(case["criterion"]["phrase"])
    assert Phrase.check(case["criterion"]["phrase"]) == []
    check(HOST, case)


def call(*turns: Turn | str, **fields: object) -> Call:
    return Call("c", turns=tuple(Turn("agent", each) if isinstance(each, str) else each for each in turns), **fields)


FAULTS = {
    "": "has no words",
    " ": "has no words",
    "!?": "has no words",
    "...": "has no words",
    "(please)": "has no words but those that may be left out",
    "(a) (b|)": "has no words but those that may be left out",
    "thank you (for calling": "opens a bracket that it never closes",
    "(a|b": "opens a bracket that it never closes",
    "thank you) for": "closes a bracket that it never opened",
    "this|that": "has a bar outside brackets",
    "a (b) | c": "has a bar outside brackets",
    "a () b": "has a bracket without words",
    "a (|) b": "has a bracket without words",
    "cancel(led)": "has a bracket in the middle of a word",
    "(un)frozen": "has a bracket in the middle of a word",
    "(you)'ll see": "has a bracket in the middle of a word",
    "frustrat*(ed)": "has a bracket in the middle of a word",
    "* name": "has a star that does not end a word",
    "fru*ted": "has a star that does not end a word",
    "fru**": "has a star that does not end a word",
    "... your name": "has a gap with nothing (that must be said) on one side of it",
    "your ...": "has a gap with nothing (that must be said) on one side of it",
    "your ... (name)": "has a gap with nothing (that must be said) on one side of it",
    "your ...0 name": "has a gap of 0 words; 1 to 20 are possible",
    "your ...99 name": "has a gap of 99 words; 1 to 20 are possible",
    "a ... b ... c ... d ... e ... f": "can be filled in too many ways",
    " ".join(f"(w{n})" for n in range(9)) + " x": "stands for more than 500 wordings",
    "(" * 6 + "a" + ")" * 6 + " b": "has brackets inside brackets more than 5 deep",
    "(" * 400: "has brackets inside brackets more than 5 deep",
    "word " * 101: "is 505 characters long; 500 is the most",
    "re:": "there is no pattern after 're:'",
    "re:(": "cannot be used",
    "re:a*": "is found in an empty text",
    "re:(a{1000}){1000}": "cannot be used",
}


@pytest.mark.parametrize(("text", "sentence"), FAULTS.items(), ids=[text[:30] for text in FAULTS])
def test_a_malformed_phrase_is_a_sentence(text, sentence):
    problem = phrase_problem(text)
    assert problem is not None
    assert sentence in problem
    assert Phrase.check({"any": ["fine", text]}) == [(("any", 1), problem)]
    with pytest.raises(ProblemsFound) as raised:
        Phrase({"any": ["fine", text]}, QUESTION)
    assert [(each.code, each.message) for each in raised.value.problems] == [("E362", problem)]


@pytest.mark.parametrize(
    ("options", "path", "sentence"),
    [
        ({}, (), "needs one of `any`, `all` and `none`"),
        ({"speaker": "agent", "within": {"first": "3 turns"}}, (), "needs one of"),
        ({"all": ["a"], "at_least": 1}, ("at_least",), "there is no `any`"),
        ({"any": ["a", "A!"], "at_least": 2}, ("at_least",), "asks for 2 different phrases, and `any` has 1"),
        ({"any": {"en": ["a", "b"], "es": ["c"]}, "at_least": 2}, ("at_least",), "has 1 in 'es'"),
        ({"any": ["a"], "within": {"first": "soon"}}, ("within",), "'soon' is no stretch of a call"),
        ({"any": ["a"], "within": {"first": "0 s"}}, ("within",), "above 0, and turns and words are whole"),
        ({"any": ["a"], "within": {"last": "1.5 turns"}}, ("within",), "above 0, and turns and words are whole"),
        ({"any": ["a"], "within": {}}, ("within",), "takes one of `first` and `last`"),
        ({"none": {"en": ["a"], "es": ["b", "c)"]}}, ("none", "es", 1), "closes a bracket"),
    ],
)
def test_options_that_cannot_be_meant(options, path, sentence):
    ((at, said),) = Phrase.check(options)
    assert at == path
    assert sentence in said


# A slow, plain reference: it is handed the pieces of a phrase, never its text, and tries everything.


@dataclass(frozen=True)
class Word:
    text: str


@dataclass(frozen=True)
class Stem:
    text: str


@dataclass(frozen=True)
class Gap:
    most: int | None


@dataclass(frozen=True)
class Bracket:
    alternatives: tuple[tuple[object, ...], ...]


def written(pieces: Sequence[object]) -> str:
    parts = []
    for piece in pieces:
        match piece:
            case Word(text):
                parts.append(text)
            case Stem(text):
                parts.append(f"{text}*")
            case Gap(most):
                parts.append("..." if most is None else f"...{most}")
            case Bracket(alternatives):
                parts.append(f"({'|'.join(written(each) for each in alternatives)})")
    return " ".join(parts)


def plain(text: str) -> str:
    """Folding for the few letters of these tests."""
    kept = unicodedata.normalize("NFC", text).lower().replace("ё", "е").replace("й", "@").replace("’", "")
    marked = unicodedata.normalize("NFD", kept)
    return "".join(each for each in marked if not unicodedata.combining(each)).replace("@", "й")


def endings(pieces: Sequence[object], words: Sequence[str], at: int) -> Iterator[int]:
    """Where the pieces can end that begin at a word, what is preferred first."""
    if not pieces:
        yield at
        return
    piece, rest = pieces[0], pieces[1:]
    match piece:
        case Word(text):
            if at < len(words) and words[at] == plain(text):
                yield from endings(rest, words, at + 1)
        case Stem(text):
            if at < len(words) and words[at].startswith(plain(text)):
                yield from endings(rest, words, at + 1)
        case Gap(most):
            for left_out in range((5 if most is None else most) + 1):
                if at + left_out <= len(words):
                    yield from endings(rest, words, at + left_out)
        case Bracket(alternatives):
            for alternative in alternatives if len(alternatives) > 1 else (*alternatives, ()):
                yield from endings((*alternative, *rest), words, at)


def places(pieces: Sequence[object], tokens: Sequence[str]) -> list[tuple[int, int]]:
    """[start, stop) in the text made of the tokens, for words from left to right and apart."""
    words, found, at = [plain(token) for token in tokens], [], 0
    starts = [sum(map(len, tokens[:n])) + n for n in range(len(tokens))]
    while at < len(words):
        end = next(endings(pieces, words, at), None)
        if end is not None:
            found.append((starts[at], starts[end - 1] + len(tokens[end - 1])))
        at = at + 1 if end is None else end
    return found


VOCABULARY = ["a", "b", "ab", "año", "ano", "ё", "е", "й", "и", "да", "don’t", "abc"]
word = st.sampled_from(VOCABULARY)
simple = st.one_of(word.map(Word), word.map(Word), st.sampled_from(["a", "añ", "д", "b"]).map(Stem))
gap = st.sampled_from([None, 1, 2]).map(Gap)
alternatives = st.lists(st.lists(simple, min_size=1, max_size=2).map(tuple), min_size=1, max_size=3).map(tuple)
piece = st.one_of(simple, simple, gap, alternatives.map(Bracket))
phrases = (
    st.lists(piece, min_size=1, max_size=5).map(tuple).filter(lambda pieces: phrase_problem(written(pieces)) is None)
)
turns = st.lists(st.sampled_from([*VOCABULARY, "Año", "AB", "Й", "an\u0303o", "И\u0306"]), max_size=14)


def said(tokens: Sequence[str]) -> str:
    return " ".join(tokens)


@settings(max_examples=100, deadline=None)
@given(st.lists(phrases, min_size=1, max_size=4), st.lists(turns, min_size=1, max_size=4))
def test_the_reference_agrees(asked, spoken):
    record = call(*map(said, spoken))
    made = Phrase.bind_all([({"any": [written(pieces)]}, QUESTION) for pieces in asked])
    together = Phrase({"none": [written(pieces) for pieces in asked]}, QUESTION).answer(record)
    everything = set()
    for pieces, phrase in zip(asked, made):
        expected = [(n, *place) for n, tokens in enumerate(spoken) for place in places(pieces, tokens)]
        finding = phrase.answer(record)
        assert [(each.turn, each.start, each.stop) for each in finding.evidence] == expected
        assert all(each.quote == record.turns[each.turn].text[each.start : each.stop] for each in finding.evidence)
        if any(spoken):
            assert finding.verdict is (Verdict.MET if expected else Verdict.NOT_MET)
        everything |= set(expected)
    assert [(each.turn, each.start, each.stop) for each in together.evidence] == sorted(everything)


OPTIONS = [
    {"any": ["a (b|c)", "abc"]},
    {"all": ["a ... b", "añ*"], "speaker": "agent"},
    {"none": ["re:[áñ]", "й"], "within": {"first": "4 words"}},
    {"any": ["a", "b", "ab"], "at_least": 2, "within": {"last": "2 turns"}},
    {"any": ["a"], "within": {"first": "3 s"}, "speaker": "customer"},
    {"any": ["a"], "within": {"last": "3 s"}},
    {"any": {"en": ["a b"], "es": ["año", "ab"]}, "none": ["и"]},
]
times = st.one_of(st.none(), st.integers(0, 9).map(float))
spoken_turns = st.builds(Turn, st.sampled_from(["agent", "customer", "system", "other"]), turns.map(said), times, times)
calls = st.lists(
    st.builds(
        lambda spoken, language: Call("c", turns=tuple(spoken), language=language),
        st.lists(spoken_turns, max_size=5),
        st.sampled_from([None, "en", "es-MX", "ru"]),
    ),
    max_size=6,
)


@settings(max_examples=25, deadline=None)
@given(calls, st.randoms())
def test_batches_of_any_size_and_order_say_the_same(records, random):
    alone = [[Phrase(options, QUESTION).answer(each) for each in records] for options in OPTIONS]
    order = list(range(len(records)))
    random.shuffle(order)
    batch = CallBatch(size=len(records), calls=[records[n] for n in order])
    for phrase, expected in zip(Phrase.bind_all([(options, QUESTION) for options in OPTIONS]), alone):
        findings = phrase.answer_batch(batch)
        assert [findings[row] for row in range(len(records))] == [expected[n] for n in order]
        assert all(finding.reason for finding in expected)


@settings(deadline=None)
@given(calls)
def test_words_of_a_window_lie_in_it(records):
    """The first and the last words of a call, counted one by one."""
    for record in records:
        counted = [(n, at) for n, turn in enumerate(record.turns) for at in range(len(turn.text.split()))]
        for end, window in (("first", counted[:3]), ("last", counted[-3:])):
            finding = Phrase({"any": ["a"], "within": {end: "3 words"}}, QUESTION).answer(record)
            expected = [(n, at) for n, at in window if record.turns[n].text.split()[at] == "a"]
            assert [
                (each.turn, record.turns[each.turn].text[: each.start].count(" ")) for each in finding.evidence
            ] == expected


def test_one_pass_serves_all_uses_of_a_plan():
    made = Phrase.bind_all([(options, QUESTION) for options in OPTIONS])
    batch = CallBatch(size=1, calls=[call("a b", language="en")])
    for phrase in made:
        phrase.answer_batch(batch)
    assert sum(key[0] == "phrase.scan" for key in batch._once if isinstance(key, tuple)) == 1


def test_a_batch_without_records_is_unverified():
    findings = Phrase({"any": {"en": ["a"]}}, QUESTION).answer_batch(CallBatch(size=2))
    assert [findings[row].verdict for row in range(2)] == [Verdict.UNVERIFIED] * 2
    assert len(Phrase({"any": ["a"]}, QUESTION).answer_batch(CallBatch(size=0))) == 0


def test_a_pattern_that_takes_too_long_costs_its_call():
    evil = call("fine", "a" * 40 + "!")
    findings = Phrase({"any": [r"re:^(\w|\w\w)+$", "fine"]}, QUESTION).answer_batch(
        CallBatch(size=2, calls=[evil, call("fine")])
    )
    assert findings[0] == Finding(Verdict.UNVERIFIED, r"the pattern 're:^(\w|\w\w)+$' took more than 0.1 s in turn 2")
    assert findings[1].verdict is Verdict.MET


def test_a_call_has_a_budget_for_patterns(monkeypatch):
    monkeypatch.setattr("pauta.plugins.criteria.phrases.search.CALL_SECONDS", 0.0)
    finding = Phrase({"any": ["re:x+", "fine"]}, QUESTION).answer(call("fine", "xx"))
    assert finding == Finding(Verdict.UNVERIFIED, "the pattern 're:x+' took more than 0.0 s in the call")


def test_evidence_is_kept_within_reason():
    finding = Phrase({"any": ["no"]}, QUESTION).answer(call("no " * 120))
    assert len(finding.evidence) == MOST_EVIDENCE
    assert finding.evidence[-1] == Evidence(0, 147, 149, "no")
    assert finding.reason == 'said: "no" (120 places; the first 50 are kept)'


def test_a_reason_names_three_phrases_and_counts_the_rest():
    finding = Phrase({"any": list("abcde")}, QUESTION).answer(call("z"))
    assert finding.reason == 'not said: "a", "b", "c" and 2 more'


def test_many_phrases_take_the_small_automaton(monkeypatch):
    monkeypatch.setattr("pauta.plugins.criteria.phrases.matcher.LARGE", 1)
    assert Phrase({"any": ["b c"]}, QUESTION).answer(call("a b c")).verdict is Verdict.MET


def test_long_turns_with_many_readings_end():
    phrase = Phrase({"any": ["a ... a ... a ... a ... b"]}, QUESTION)
    assert phrase.answer(call("a " * 2000 + "c c c c c c b")).verdict is Verdict.NOT_MET


def test_reading_options_loads_nothing_heavy():
    program = (
        "import sys; from pauta.plugins.criteria.phrase import Phrase;"
        "assert Phrase.check({'any': ['a (b)', 'x ...'], 'within': {'first': '3 turns'}});"
        "print([name for name in ('numpy', 'ahocorasick_rs', 'sqlite_utils') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
