"""What `pauta try` shows: hits, and turns in which a phrase stands but for one thing."""

import pytest

from pauta import Call, Turn
from pauta.plugins.criteria.phrases.near_misses import distance, try_phrase


def tried(phrase: str, *turns: str, **options: object) -> list[tuple[int, str, str | None]]:
    call = Call("c", turns=tuple(Turn("agent", text, 10.0 * n, 10.0 * n + 5) for n, text in enumerate(turns)))
    return [(hit.turn, hit.quote, hit.near) for hit in try_phrase(phrase, [call], **options)]


@pytest.mark.parametrize(
    ("phrase", "text", "expected"),
    [
        ("your full name", "May I have your full name?", ("your full name", None)),
        ("your full name", "May I have your name?", ("your name", "without 'full'")),
        ("your full name", "Your full legal name, please", ("Your full legal name", "'legal' stands in between")),
        ("your full name", "Your full nmae, please", ("Your full nmae", "'nmae', not 'name'")),
        ("your full name", "a full name", ("full name", "without 'your'")),
        ("your full name", "your full", ("your full", "without 'name'")),
        ("frustrated", "so frustrating", ("frustrating", "'frustrating', not 'frustrated'")),
        ("Contraseña nueva", "la contrasenia nueva", ("contrasenia nueva", "'contrasenia', not 'Contraseña'")),
        ("договор закрыт", "договоры закрыт", ("договоры закрыт", "'договоры', not 'договор'")),
        ("frustrat*", "frustated", ("frustated", "'frustated', not 'frustrat'")),
        ("your ... name", "your own full naem", ("your own full naem", "'naem', not 'name'")),
        ("how (can|may) i help", "how could i help", ("how could i help", "'could', not 'can'")),
        ("how (can|may) i help", "how i help", ("how i help", "without 'can'")),
        ("your full name", "name your full", ("your full", "without 'name'")),
    ],
)
def test_one_thing_is_wrong(phrase, text, expected):
    assert tried(phrase, text) == [(0, *expected)]


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("your full name", "your address"),
        ("thank you", "thank them"),
        ("yes", "yet"),
        ("re:name", "nmae"),
        ("a b c", "c b a"),
    ],
)
def test_two_things_are_wrong_or_words_are_too_short(phrase, text):
    assert tried(phrase, text) == []


def test_the_nearest_miss_of_a_turn_is_shown():
    assert tried("your full name", "your name, or your full names") == [
        (0, "your full names", "'names', not 'name'"),
    ]


def test_hits_and_misses_come_in_the_order_of_the_call():
    assert tried("good bye", "good by", "bye", "Good bye, good bye") == [
        (2, "Good bye", None),
        (2, "good bye", None),
    ]


def test_the_wrong_speaker_and_the_wrong_place_are_near():
    turns = (Turn("customer", "refund", 0, 1), Turn("agent", "refund", 5, 6), Turn("agent", "a refund", 30, 31))
    hits = list(try_phrase("refund", [Call("c", turns=turns)], speaker="agent", within={"first": "20 s"}))
    assert [(hit.turn, hit.near) for hit in hits] == [
        (0, "said by 'customer'"),
        (1, None),
        (2, "not in the first 20 s"),
    ]
    assert hits[1].at == 5
    untimed = Call("u", turns=(Turn("agent", "refund"),))
    assert [hit.near for hit in try_phrase("refund", [untimed], within={"last": "20 s"})] == [
        "turns of the call have no times"
    ]


def test_the_words_around_are_shown():
    text = "x" * 50 + " your name " + "y" * 50
    (hit,) = try_phrase("your name", [Call("c", turns=(Turn("agent", text, 1.5),))])
    assert (hit.call_id, hit.speaker, hit.at, hit.before, hit.quote, hit.after) == (
        "c", "agent", 1.5, "x" * 39 + " ", "your name", " " + "y" * 39,
    )  # fmt: skip


def test_more_calls_than_are_looked_at_at_once(monkeypatch):
    monkeypatch.setattr("pauta.plugins.criteria.phrases.near_misses.AT_ONCE", 2)
    calls = [Call(f"c{n}", turns=(Turn("agent", "hello"),)) for n in range(5)]
    assert [hit.call_id for hit in try_phrase("hello", iter(calls))] == [f"c{n}" for n in range(5)]


def test_a_malformed_phrase_is_told_before_a_call_is_read():
    with pytest.raises(ValueError, match="opens a bracket"):
        try_phrase("(a", [])
    with pytest.raises(ValueError, match="no stretch of a call"):
        try_phrase("a", [], within={"first": "soon"})


@pytest.mark.parametrize(
    ("one", "other", "steps"),
    [("name", "name", 0), ("name", "nmae", 1), ("name", "names", 1), ("abc", "", 3), ("kitten", "sitting", 3)],
)
def test_distance(one, other, steps):
    assert distance(one, other) == distance(other, one) == steps
