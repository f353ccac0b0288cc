"""The report: which evaluations count, what is counted of them, and a page that nothing in a call can break."""

import base64
import hashlib
import json
import random
import re
import shutil
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from hypothesis import given, strategies as st

from pauta.engine.host import Host
from pauta.engine.loading.load import card_from_text
from pauta.engine.model.scorecard import Harm, Scorecard
from pauta.reports import phrasebook
from pauta.reports.counted import counted
from pauta.reports.figures import figures
from pauta.reports.html import report_html
from pauta.reports.phrasebook import LANGUAGES, Words

CARD = """
scorecard: small
version: 1.0.0
title: {en: Small card, es: Pauta chica}
scoring: {pass_mark: 80}
bands: [{band: good, from: 80, title: {en: Good, es: Buena}}, {band: fair, from: 50}, {band: poor, from: 0}]
sections:
  - section: only
    title: Only
    questions:
      - {question: greeting, text: {en: Greeted, es: Saludó}, answers: yes_no, error: non_critical}
      - {question: identity, text: Identified, answers: yes_no, error: {critical: compliance}}
      - {question: respect, text: Respected, answers: yes_no, error: {critical: customer}}
      - {question: fit, text: Fitted, answers: {scale: {from: 0, to: 4}}}
      - {question: praise, text: Praised, answers: yes_no, bonus: true}
      - {question: topic, text: Topic, answers: [bill, fault]}
"""
HOSTILE = (
    "<script>document.title='pwned'</script>",
    "</title><script>document.title='pwned'</script>",
    "</style><script>document.title='pwned'</script>",
    "<img src=x onerror=\"document.title='pwned'\">",
    "\"><svg onload=document.title='pwned'>",
    "javascript:document.title='pwned'",
    "{{ 7 * 7 }}{% raw %}",
    "STYLE-HASH",
    "\u202e\u0000\ud800 \x1b[31m reversed",
    "x" * 5000,
)
CRITICAL_ERROR = {"critical": "compliance", "fails": "card"}
SMALL_ERROR = {"critical": None, "fails": "nothing"}


@pytest.fixture(scope="module")
def cards() -> dict[str, Scorecard]:
    card = card_from_text(CARD, Host(built_in=(), installed=False)).scorecard
    assert card is not None
    return {"small@1.0.0": card}


def answer(question: str, state: str = "answered", **given: Any) -> dict[str, Any]:
    plain = {"answer": "yes", "points": 1.0, "out_of": 1.0, "weight": 1.0, "credit": 1.0} if state == "answered" else {}
    return {
        "question": question, "state": state, "answer": None, "points": None, "credit": None, "error": None,
        "fault": None, "answered_by": "criterion", "evidence": [], "reason": None, "criterion_answer": None,
        **plain, **given,
    }  # fmt: skip


def missed(question: str, error: object, fault: str = "agent", **given: Any) -> dict[str, Any]:
    return answer(question, answer="no", points=0.0, credit=0.0, error=error, fault=fault, **given)


def evaluation(call: str = "c1", **given: Any) -> dict[str, Any]:
    return {
        "evaluation_id": f"{call}-{given.get('evaluator', 'engine')}", "call_id": call, "agent": "ana", "team": "north",
        "started_at": "2026-09-01T10:00:00Z", "scorecard": "small", "version": "1.0.0", "evaluator": "engine",
        "evaluated_at": None, "status": "complete", "score": 90.0, "raw_score": 90.0, "agent_score": 92.0,
        "coverage": 0.5, "band": "good", "passed": None, "critical_errors": 0,
        "critical_by_class": {"customer": 0, "business": 0, "compliance": 0}, "non_critical_errors": 0,
        "accumulated": False, "scores_by": {"tags": {}, "aims": {}}, "answers": [], **given,
    }  # fmt: skip


def human(call: str, at: str | None, evaluator: str = "eva", **given: Any) -> dict[str, Any]:
    return evaluation(call, evaluator=evaluator, evaluated_at=at, **given)


# Which evaluations count


@pytest.mark.parametrize(
    ("given", "counts"),
    [
        ([evaluation()], [0]),
        ([evaluation(), human("c1", "2026-09-02T10:00:00Z")], [1]),
        ([human("c1", "2026-09-02T10:00:00Z"), evaluation()], [0]),
        ([human("c1", "2026-09-02T10:00:00Z"), human("c1", "2026-09-01T10:00:00Z", "max")], [0]),
        ([human("c1", "2026-09-02T01:00:00+05:00"), human("c1", "2026-09-01T21:00:00Z", "max")], [1]),
        ([evaluation(), human("c1", "2026-09-02T10:00:00Z", status="incomplete")], [0]),
        ([human("c1", None, status="incomplete")], [0]),
        ([human("c1", None), human("c1", None, "max")], [1]),
        ([evaluation(), evaluation(agent="ben"), evaluation(scorecard="other"), evaluation("c2")], [0, 1, 2, 3]),
        ([evaluation(version="1.0.0"), evaluation(version="1.1.0")], [1]),
        ([], []),
    ],
)
def test_of_several_evaluations_of_a_call_one_counts(given: list[dict[str, Any]], counts: list[int]):
    assert list(counted(given)) == [given[index] for index in counts]
    assert list(counted(iter(given))) == [given[index] for index in counts]


@given(st.permutations(range(6)))
def test_the_order_of_the_stream_changes_nothing(order: list[int]):
    given = [
        evaluation("a"),
        human("a", "2026-09-02T10:00:00Z"),
        human("a", "2026-09-03T10:00:00Z", "max"),
        human("a", "2026-09-04T10:00:00Z", "kim", status="incomplete"),
        evaluation("b"),
        human("b", "2026-09-02T10:00:00Z", status="incomplete"),
    ]
    assert {each["evaluation_id"] for each in counted(given[index] for index in order)} == {"a-max", "b-engine"}


def test_a_stream_is_not_held_in_memory(cards: dict[str, Scorecard]):
    """A stream that is read once is kept in a file; at no time are more than a few evaluations alive."""
    alive: set[int] = set()

    class Seen(dict[str, Any]):
        def __del__(self) -> None:
            alive.discard(id(self))

    def stream() -> Iterator[dict[str, Any]]:
        for number in range(500):
            each = Seen(evaluation(f"c{number}"))
            alive.add(id(each))
            assert len(alive) < 5
            yield each

    assert figures(stream(), cards).total.evaluations == 500


# What is counted


def test_headline_figures(cards: dict[str, Scorecard]):
    made = figures(
        [
            evaluation("a", score=90.0, passed=True),
            human(
                "b", "2026-09-03T10:00:00Z", score=40.0, agent_score=60.0, band="poor", passed=False, critical_errors=2
            ),
            evaluation("c", score=80.0, coverage=1.0),
            evaluation("d", status="not_scored", score=None, agent_score=None, band=None, coverage=0.0),
            human("e", None, status="incomplete", score=10.0, critical_errors=5, started_at="2026-10-01T00:00:00Z"),
        ],
        cards,
    )
    total = made.total
    assert (total.evaluations, total.by_person, total.complete, total.incomplete, total.not_scored) == (5, 2, 3, 1, 1)
    assert total.score.value == 70.0
    assert total.agent_score.value == pytest.approx((92 + 60 + 92) / 3)
    assert total.coverage.value == 0.5
    assert (total.passed, total.failed, total.open, total.pass_rate) == (1, 1, 2, 0.5)
    assert (total.critical, made.with_critical) == (2, 1)
    assert (made.first, made.last) == ("2026-09-01", "2026-10-01")


def test_accuracies_are_never_blended(cards: dict[str, Scorecard]):
    """Critical per evaluation, whatever the number in it; non-critical per opportunity."""
    fine = [answer("greeting"), answer("identity"), answer("fit", answer=4)]
    made = figures(
        [
            evaluation("a", answers=fine),
            evaluation("b", critical_errors=3, critical_by_class={"compliance": 3, "customer": 0}, answers=fine),
            evaluation("c", answers=[missed("greeting", SMALL_ERROR), answer("identity")], non_critical_errors=1),
            evaluation("d", answers=[answer("greeting", "not_applicable"), answer("identity", "unverified")]),
            human("e", None, status="incomplete", critical_by_class={"customer": 1}, answers=fine),
        ],
        cards,
    ).cards[0]
    shares = {harm: accuracy.share for harm, accuracy in made.accuracy.items()}
    assert shares == {Harm.CUSTOMER: 1.0, Harm.BUSINESS: 1.0, Harm.COMPLIANCE: 0.75}
    assert made.errors[Harm.COMPLIANCE] == 3
    small = made.non_critical_accuracy
    assert (small.looked_at, small.with_error) == (3, 1)


def test_without_the_card_opportunities_are_those_of_questions_seen_to_err():
    answers = [missed("greeting", SMALL_ERROR), answer("identity")]
    made = figures([evaluation("a", answers=answers), evaluation("b", answers=[answer("greeting")])], {}).cards[0]
    small = made.non_critical_accuracy
    assert (small.looked_at, small.with_error) == (2, 1)


def test_questions_worst_first(cards: dict[str, Scorecard]):
    made = figures(
        [
            evaluation(
                "a",
                answers=[
                    missed("greeting", SMALL_ERROR, fault="system"),
                    answer("identity"),
                    answer("fit", answer=2, credit=0.5, fault="agent"),
                    answer("praise", answer="no", credit=0.0),
                    answer("topic", answer="bill", credit=None, points=None),
                    answer("respect", "unverified"),
                ],
            ),
            evaluation(
                "b",
                answers=[
                    answer("greeting"),
                    missed("identity", [CRITICAL_ERROR, SMALL_ERROR]),
                    answer("fit", answer=1, credit=0.25, fault="agent"),
                    answer("praise", "not_asked"),
                    answer("topic", "missing"),
                    answer("respect", "not_applicable"),
                ],
            ),
        ],
        cards,
    ).cards[0]
    questions = made.worst_first()
    assert [(each.id, each.missed_share) for each in questions] == [
        ("fit", 1.0), ("greeting", 0.5), ("identity", 0.5), ("respect", None),
    ]  # fmt: skip
    by_id = {each.id: each for each in questions}
    assert by_id["greeting"].not_the_agents == 1
    assert (by_id["identity"].critical_share, by_id["identity"].non_critical) == (0.5, 1)
    assert (by_id["respect"].asked, by_id["respect"].unverified, by_id["respect"].not_applicable) == (2, 1, 1)


def test_histogram_holds_every_score(cards: dict[str, Scorecard]):
    scores = [0.0, 4.99, 5.0, 99.99, 100.0, 107.5, -3.0]
    made = figures([evaluation(str(n), score=score) for n, score in enumerate(scores)], cards).cards[0]
    assert made.histogram == [3, 1, *[0] * 17, 3]


def test_agents_and_versions_stand_apart(cards: dict[str, Scorecard]):
    made = figures(
        [evaluation("a"), evaluation("b", agent="ben", version="2.0.0"), evaluation("c", agent=None, team=None)], cards
    )
    assert [each.agent for each in made.agents] == ["", "ana", "ben"]
    assert [each.name for each in made.cards] == ["small@1.0.0", "small@2.0.0"]


def test_the_worst_are_kept_and_no_more(cards: dict[str, Scorecard]):
    given = [evaluation(str(n), critical_errors=n % 4, raw_score=float(n)) for n in range(40)]
    made = figures(given, cards, worst=3)
    assert made.with_critical == 30
    assert [record["call_id"] for record in made.worst] == ["3", "7", "11"]
    assert figures(given, cards, worst=0).worst == []


def test_aims_and_tags(cards: dict[str, Scorecard]):
    scores = {"tags": {"law": 50.0, "tone": None}, "aims": {"process": 80.0}}
    made = figures([evaluation("a", scores_by=scores), evaluation("b", scores_by={"tags": {"law": 100.0}})], cards)
    assert {name: mean.value for name, mean in made.tags.items()} == {"law": 75.0, "tone": None}
    assert {name: mean.value for name, mean in made.aims.items()} == {"process": 80.0}


# The page


def fabricated(hostile: bool = False) -> list[dict[str, Any]]:
    """Forty evaluations of every kind; hostile ones say in every text of theirs what must not be run."""
    dice = random.Random(7)
    bad = iter(HOSTILE * 100)

    def text(plain: str) -> str:
        return next(bad) if hostile else plain

    made = []
    for number in range(40):
        errors = number % 3
        quote = {"turn": 1, "span": [0, 5], "quote": text("your full name"), "start": 13.0, "end": 15.0}
        answers = [
            missed("greeting", SMALL_ERROR, text("process"), comment=text("no hello"))
            if number % 2
            else answer("greeting"),
            missed("identity", CRITICAL_ERROR, evidence=[quote] * 6, reason=text("one of two details"), comment=None)
            if errors
            else answer("identity"),
            answer("fit", answer=3, credit=0.75, fault="agent"),
            answer(text("respect"), "unverified"),
        ]
        made.append(
            evaluation(
                text("call-") + str(number),
                agent=text(dice.choice(["ana", "ben"])),
                team=text("north"),
                answers=answers,
                evaluator=text("eva") if number % 5 == 0 else "engine",
                status="not_scored" if number == 9 else "complete",
                score=None if number == 9 else 100.0 - 7 * errors,
                band=None if number == 9 else text("good"),
                scorecard=text("other") if number % 4 == 0 else "small",
                version="1.0.0",
                critical_errors=errors,
                critical_by_class={"customer": 0, "business": 0, "compliance": errors},
                accumulated=number % 7 == 0,
                passed=(True, False, None)[errors],
                scores_by={"tags": {text("law"): 50.0}, "aims": {text("process"): 80.0}},
            )
        )
    return made


class Page(HTMLParser):
    """What a page is made of: elements, attributes, open elements, and the words people read."""

    VOID = frozenset({"meta", "br", "img", "link", "input", "hr"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("hostile", [False, True])
def test_the_page_is_whole_and_holds_nothing_that_could_run(language: str, hostile: bool, cards: dict[str, Scorecard]):
    title = HOSTILE[1] if hostile else "September"
    html = report_html(iter(fabricated(hostile)), cards, title=title, language=language)
    page = Page(html)
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "img", "iframe", "object", "embed", "link", "a", "form", "base", "foreignobject"}
    attributes = [(name, value) for _, attrs in page.elements for name, value in attrs.items()]
    assert [name for name, _ in attributes if name.startswith("on") or name in ("style", "href", "src")] == []
    assert [value for name, value in attributes if name != "content" and "script" in (value or "")] == []
    html.encode()
    assert not re.search("[\x00-\x08\x0b-\x1f\ud800-\udfff]", html)
    if not hostile:
        assert "September" in " ".join(page.words)


def test_the_policy_allows_the_style_sheet_and_nothing_else(cards: dict[str, Scorecard]):
    html = report_html(fabricated(hostile=True), cards, title="STYLE-HASH")
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    sheet = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert policy
    assert sheet
    digest = base64.b64encode(hashlib.sha256(sheet[1].encode()).digest()).decode()
    assert policy[1] == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert html.index("Content-Security-Policy") < html.index("<title>")
    assert html.count("<style>") == 1


def test_every_table_and_drawing_can_be_listened_to(cards: dict[str, Scorecard]):
    html = report_html(fabricated(), cards, title="September")
    assert html.count("<table") == html.count("<caption")
    cells = re.findall(r"<th\b[^>]*>", html)
    assert cells
    assert all("scope=" in cell for cell in cells)
    for drawing in re.findall(r"<svg\b.*?</svg>", html, re.DOTALL):
        assert 'aria-hidden="true"' in drawing or ('role="img"' in drawing and "<title>" in drawing)
    assert '<html lang="en">' in html


def test_the_page_says_what_was_found(cards: dict[str, Scorecard]):
    quote = {"turn": 0, "span": [0, 4], "quote": "No names here", "start": 75.2, "end": 77.0}
    told = [
        missed("identity", CRITICAL_ERROR, "policy", evidence=[quote], comment="It was the tool.", reason="one of two"),
        answer("greeting"),
    ]
    made = [
        evaluation(
            "c-77",
            answers=told,
            critical_errors=1,
            critical_by_class={"compliance": 1},
            score=0.0,
            raw_score=91.5,
            band="poor",
            passed=False,
            evaluator="eva",
        ),
        evaluation("c-78", answers=[missed("greeting", SMALL_ERROR)], score=None, status="not_scored", band=None),
    ]
    said = " ".join(" ".join(Page(report_html(made, cards, title="Week 36")).words).split())
    for words in (
        "Week 36",
        "2026-09-01",
        "Small card",
        "c-77",
        "Identified",
        "no",
        "(fault: policy)",
        "It was the tool.",
        "one of two",
        "1:15",
        "No names here",
        "score 0.00 , 91.50 before errors",
        "1 of 2 with one",
        "1 in 2 opportunities",
        "eva",
    ):
        assert words.replace(" ,", ",") in said.replace(" ,", ","), words
    spanish = " ".join(Page(report_html(made, cards, title="Semana 36", language="es-MX")).words)
    for words in ("Pauta chica", "Saludó", "nota 0,00", "causa: política"):
        assert words in spanish, words


def test_no_evaluations_are_said_to_be_none():
    page = Page(report_html([], {}, title="Nothing"))
    assert any("no evaluations" in words for words in page.words)


def test_the_same_evaluations_make_the_same_bytes(cards: dict[str, Scorecard]):
    made = fabricated()
    assert report_html(made, cards, title="A") == report_html(iter(made), cards, title="A")


def test_only_so_many_calls_are_listed(cards: dict[str, Scorecard]):
    html = report_html(fabricated(), cards, title="A", critical_shown=5)
    assert html.count("<article") == 5
    assert "The 5 gravest of 26." in html


def test_every_word_is_in_every_language_with_the_same_numbers_put_in():
    def fields(text: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    for name, texts in phrasebook._WORDS.items():
        assert len(texts) == len(LANGUAGES), name
        assert len({frozenset(fields(text)) for text in texts}) == 1, name
        assert all(texts), name


@pytest.mark.parametrize(
    ("language", "share", "said"),
    [("en", 0.5, "50 %"), ("es", 0.125, "12 %"), ("en", 0.9999, "99 %"), ("en", 0.0001, "1 %"), ("en", 1, "100 %"),
     ("fr", 0, "0 %"), ("pt-BR", None, "–")],
)  # fmt: skip
def test_a_share_is_never_rounded_to_all_or_none(language: str, share: float | None, said: str):
    assert Words(language).percent(share) == said.replace(" ", "\u202f")


def test_numbers_are_written_as_the_language_writes_them():
    assert [Words(language).number(75.25) for language in ("en", "es", "pt-BR", "xx")] == [
        "75.2",
        "75,2",
        "75,2",
        "75.2",
    ]


# In a browser

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)


def browsed(path: Path, tmp_path: Path) -> tuple[str, list[str]]:
    """The page's DOM after it was shown, and what the console said."""
    assert CHROMIUM
    command = [
        CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
        "--enable-logging=stderr", "--v=0", "--virtual-time-budget=3000", "--dump-dom", path.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=100, check=True)
    return done.stdout, [line for line in done.stderr.splitlines() if ":CONSOLE" in line]


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_nothing_runs_in_a_browser_and_the_console_stays_silent(tmp_path: Path, cards: dict[str, Scorecard]):
    path = tmp_path / "report.html"
    path.write_text(report_html(fabricated(hostile=True), cards, title=HOSTILE[1]), encoding="utf-8")
    dom, console = browsed(path, tmp_path)
    assert console == []
    assert "<title>&lt;/title&gt;&lt;script&gt;" in dom
    assert "<script" not in dom


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_the_browser_would_tell(tmp_path: Path):
    """The witness of the test above: a page that runs a script is seen to, and one that is kept from it complains."""
    open_page, kept = tmp_path / "open.html", tmp_path / "kept.html"
    script = f"<title>quiet</title>{HOSTILE[0]}"
    open_page.write_text(f"<!doctype html>{script}", encoding="utf-8")
    policy = "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'\">"
    kept.write_text(f"<!doctype html>{policy}{script}", encoding="utf-8")
    assert "<title>pwned</title>" in browsed(open_page, tmp_path)[0]
    dom, console = browsed(kept, tmp_path)
    assert "<title>quiet</title>" in dom
    assert len(console) == 1


def test_a_record_that_went_through_json_is_the_same(cards: dict[str, Scorecard]):
    made = fabricated()
    again = [json.loads(json.dumps(each)) for each in made]
    assert report_html(made, cards, title="A") == report_html(again, cards, title="A")
