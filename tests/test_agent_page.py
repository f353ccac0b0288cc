"""The page for a coaching session: what is on it, what is not held against the agent, and that it can be read."""

import json
import re
from datetime import UTC
from html.parser import HTMLParser

import pytest
from agents_seen import HOSTILE, LONG, folder_of, with_duties
from click.testing import CliRunner
from postgres_server import fresh_url
from results_made import evaluation

from pauta.cli import main
from pauta.commands.agent import OF_AGENT
from pauta.reports.agent import AgentPage, agent_page
from pauta.reports.agent_words import _WORDS, LANGUAGES, AgentWords
from pauta.store import PostgresStore, Store

VOID = {"meta", "br", "img", "input"}
QUOTE = {"turn": 1, "span": [0, 4], "quote": "I will not tell you", "start": 65.2, "end": 70.0}


class Tags(HTMLParser):
    """Checks that tags close in order, and gathers names, ids and references."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.names, self.ids, self.refers, self.loads = [], [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        found = dict(attrs)
        self.ids += [found["id"]] if "id" in found else []
        self.refers += [found["aria-labelledby"]] if "aria-labelledby" in found else []
        self.loads += [found[name] for name in ("src", "href", "style", "onclick", "onload") if name in found]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.names.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def run(folder, monkeypatch, *given):
    monkeypatch.chdir(folder)
    return CliRunner().invoke(main, ["agent", *given])


def answer(question, *, credit=1.0, fault=None, error=None, **more):
    return {"question": question, "answer": "yes" if credit else "no", "state": "answered", "points": credit,
            "out_of": 1.0, "weight": 1.0, "share": 0.5, "credit": credit, "error": error, "fault": fault,
            "answered_by": "person", "comment": None, "at": None, "evidence": [], "reason": None,
            "criterion_answer": None, **more}  # fmt: skip


def page_of(*records):
    made = AgentPage("ana", "Ana", "north")
    return agent_page(made, records, lambda *whole: None, language="en", zone=UTC)


def told(place, *answers, **more):
    return evaluation(f"e{place}", call_id=f"c-{place}", started_at=f"2026-03-{place + 1:02}T10:00:00Z",
                      answers=list(answers), **{"agent_score": 80.0, **more})  # fmt: skip


@pytest.mark.parametrize("count", [0, 1, 5, 200])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_of_any_size_in_any_language_is_whole(tmp_path, monkeypatch, count, language):
    folder = folder_of(tmp_path, count, language=language)
    done = run(folder, monkeypatch, "ana", "--format", "html")
    assert done.exit_code == 0, done.output
    tags = Tags(done.output)
    assert len(set(tags.ids)) == len(tags.ids)
    assert set(tags.refers) <= set(tags.ids)
    assert tags.loads == []
    assert "script" not in tags.names
    assert tags.names.count("h1") == 1
    assert f'<html lang="{language}">' in done.output
    assert ("<polyline" in done.output) is (count > 1)
    assert AgentWords(language)("page") in run(folder, monkeypatch, "ana").output


def test_the_style_is_allowed_by_its_hash_alone(tmp_path, monkeypatch):
    html = run(folder_of(tmp_path, 2), monkeypatch, "ana", "--format", "html").output
    assert re.search(r"default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'", html)
    assert "http" not in html.replace("http-equiv", "")


def test_hostile_words_and_long_names_stay_words(tmp_path, monkeypatch):
    folder = with_duties(folder_of(tmp_path, 40, name=LONG.strip(), hostile=True), words=HOSTILE.replace("\x00", ""))
    html = run(folder, monkeypatch, "ana", "--format", "html").output
    tags = Tags(html)
    assert "script" not in tags.names
    assert "&lt;script&gt;" in html
    assert "\u202e" not in html
    assert "\x00" not in html
    assert LONG.strip() in html
    assert "w" * 200 not in html.replace(HOSTILE[-300:], "")
    text = run(folder, monkeypatch, "ana").output
    assert "\u202e" not in text
    assert "\x00" not in text


def test_strengths_come_first_then_misses_then_the_rest(tmp_path, monkeypatch):
    folder = with_duties(folder_of(tmp_path, 200))
    for form in ("text", "html"):
        text = run(folder, monkeypatch, "ana", "--format", form).output
        text = text[text.index("Ana Mora</h1>") if form == "html" and "Ana Mora</h1>" in text else 0 :]
        order = ["What goes well", "What to work on", "Not held against you", "How it goes", "Open plan",
                 "Last agreements", "To be done"]  # fmt: skip
        places = [text.index(each) for each in order]
        assert places == sorted(places)
        for said in (
            "95 % of calls", "50 before, 90 since", "Greet before anything else", "I forget it when they shout",
            "Luis Paz", "overdue", "critical for compliance", "1:01",
        ):  # fmt: skip
            assert said in text, said


def test_misses_that_are_not_the_agents_are_not_held_against_them():
    made = page_of(
        told(0, answer("offer", credit=0.0, fault="process"), answer("name", credit=0.0, fault="agent"), score=10.0),
        told(1, answer("offer"), answer("name", credit=0.0, fault="system", error={"critical": "customer"}), score=0.0),
    )
    assert made.mean == 80.0
    assert made.critical == 0
    assert [(each.title, each.missed, each.asked) for each in made.misses] == [("name", 1, 1)]
    assert made.elsewhere == {("process", "offer"): 1, ("system", "name"): 1}
    assert [(each.title, each.met, each.asked) for each in made.strengths] == [("offer", 1, 1)]


def test_a_miss_shows_the_latest_calls_with_quote_time_and_comment():
    grave = {"critical": "compliance", "fails": "card"}
    made = page_of(
        *(told(place, answer("name", credit=0.0, fault="agent", error=grave, evidence=[QUOTE], comment=f"no {place}"))
          for place in range(4))
    )  # fmt: skip
    miss = made.misses[0]
    assert [call.call for call in miss.calls] == ["c-3", "c-2"]
    assert miss.calls[0].quotes == [("I will not tell you", 65.2)]
    assert miss.calls[0].comment == "no 3"
    assert miss.classes == {"compliance"}
    assert made.critical == 4


def test_incomplete_evaluations_are_counted_as_such_and_nowhere_else():
    made = page_of(told(0, answer("name", credit=0.0, fault="agent"), status="incomplete", agent_score=0.0))
    assert (made.calls, made.incomplete, made.scores, made.misses) == (0, 1, [], [])


def test_what_got_better_is_a_strength_and_what_is_critical_is_none():
    course = [False, False, False, True, True, True, True, True]
    grave = {"critical": "customer", "fails": "card"}
    made = page_of(
        *(told(place, answer("name", credit=float(good), fault=None if good else "agent"),
               answer("identity", credit=float(place > 0), fault=None if place else "agent",
                      error=None if place else grave))
          for place, good in enumerate(course))
    )  # fmt: skip
    assert [(each.title, each.improved) for each in made.improved] == [("name", (3, 0))]
    assert made.strengths == []


def test_halves_and_the_line_of_the_trend():
    made = page_of(*(told(place, agent_score=float(place)) for place in range(6)))
    assert made.halves == (1.0, 4.0)
    assert made.smooth() == [0.0, 0.5, 1.0, 1.5, 2.0, 3.0]


def test_the_period_and_the_file(tmp_path, monkeypatch):
    folder = folder_of(tmp_path, 60)
    few = json.loads(run(folder, monkeypatch, "ana", "--format", "json", "--until", "2026-03-10").output)
    later = json.loads(run(folder, monkeypatch, "ana", "--format", "json", "--from", "2026-03-11").output)
    assert few["calls"] + later["calls"] == 60
    assert (few["last"], later["first"]) == ("2026-03-10", "2026-03-11")
    assert run(folder, monkeypatch, "ana", "--to", "page.html").exit_code == 0
    assert (folder / "page.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert "E799" in run(folder, monkeypatch, "ana", "--to", "no/page.html").output
    assert run(folder, monkeypatch, "ana", "--from", "soon").exit_code == 2
    assert run(folder, monkeypatch, "Ana Mora", "--format", "json").output


def test_the_language_is_the_agents_and_cards_speak_it(tmp_path, monkeypatch):
    text = run(folder_of(tmp_path, 30, language="es"), monkeypatch, "ana").output
    assert "Lo que sale bien" in text
    assert "Saludó al cliente" in text
    assert "What goes well" in run(tmp_path, monkeypatch, "ana", "--language", "en").output
    assert "What goes well" in run(tmp_path, monkeypatch, "ana", "--language", "fr").output


def test_every_word_is_there_in_every_language_with_the_same_gaps():
    for name, said in _WORDS.items():
        assert len(said) == len(LANGUAGES)
        assert len({frozenset(re.findall(r"{(\w)}", each)) for each in said}) == 1, name
        assert all(said), name


def plan_of(store, explain):
    cells = store.read_cells(f"{explain} {OF_AGENT.format('?, ?, ?')}", ("ana", "Ana", "Ana Mora"))
    return "\n".join(str(row[-1]) for row in cells)


def test_an_agents_evaluations_are_found_by_their_index(tmp_path):
    with Store(tmp_path / "p.db") as store:
        plan = plan_of(store, "EXPLAIN QUERY PLAN")
        assert "SEARCH e USING INDEX idx_evaluations_agent (agent=?)" in plan
        assert "SCAN e" not in plan


def test_an_agents_evaluations_are_found_by_their_index_in_postgresql():
    with PostgresStore(fresh_url()) as store:
        store.write([evaluation(f"e{n}", call_id=f"c{n}", agent=f"a{n % 200}") for n in range(1000)])
        with store.transaction():
            store.write_one("ANALYZE evaluations")
            store.write_one("SET LOCAL enable_seqscan = off")  # a small table is scanned whatever indexes there are
            plan = plan_of(store, "EXPLAIN")
        assert "evaluations_agent_idx" in plan, plan
        assert "Seq Scan on evaluations" not in plan
