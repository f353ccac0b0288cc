"""The folders that `pauta demo` and `pauta init` make: whole, sound, and with the faults that were written in."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pauta.demo import make_demo
from pauta.engine.endpoints import calls_in, evaluations_in, files_of
from pauta.engine.evaluation.evaluate import evaluate
from pauta.engine.evaluation.plan import compile_plan
from pauta.engine.evaluation.records import records
from pauta.engine.host import Host
from pauta.engine.loading.load import load_card
from pauta.engine.loading.operation import load_operation
from pauta.engine.model.calls import Call, HumanEvaluation, batch_of
from pauta.engine.model.conditions import holds
from pauta.engine.model.scorecard import Scorecard
from pauta.engine.problems import ProblemsFound
from pauta.schemas import schema
from pauta.starting import make_operation, operation_id, write_new

CRITICAL = {
    "en-collections-02": {"recording_notice"},
    "en-collections-04": {"no_threats"},
    "en-collections-06": {"promise_date"},
    "en-sales-04": {"no_pressure", "terms_before_consent", "withdrawal"},
    "en-support-05": {"identity"},
    "en-support-06": {"secrets"},
    "es-collections-02": {"no_threats"},
    "es-collections-04": {"recording_notice", "third_party"},
    "es-collections-06": {"calling_hours"},
    "es-sales-02": {"terms_before_consent", "withdrawal"},
    "es-sales-04": {"no_pressure"},
    "es-support-04": {"identity"},
    "es-support-06": {"secrets"},
    "pt-collections-02": {"who_calls", "recording_notice", "right_person"},
    "pt-sales-03": {"withdrawal"},
    "pt-sales-06": {"no_pressure"},
    "pt-support-06": {"identity"},
}
"""The critical faults that were written into the calls and that words and times alone can show. No others are."""


def calls_of(path: Path, host: Host) -> list[Call]:
    return [each for each in calls_in(files_of([path], host)[0], host) if isinstance(each, Call)]


@pytest.fixture(scope="module")
def host() -> Host:
    return Host(installed=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("demo")
    make_demo(made)
    return made


@pytest.fixture(scope="module")
def calls(folder: Path, host: Host) -> list[Call]:
    return calls_of(folder / "calls/calls.jsonl", host)


@pytest.fixture(scope="module")
def people(folder: Path, host: Host) -> list[HumanEvaluation]:
    files, _ = files_of(sorted((folder / "answers").iterdir()), host)
    return [each for each in evaluations_in(files, host) if isinstance(each, HumanEvaluation)]


@pytest.fixture(scope="module")
def evaluations(
    folder: Path, host: Host, calls: list[Call], people: list[HumanEvaluation]
) -> dict[tuple[str, str], dict[str, Any]]:
    """(call, evaluator) -> record, the engine's and the people's."""
    found = {}
    for name in ("support", "collections", "sales"):
        card = load_card(folder / f"scorecards/{name}.yaml", host).scorecard
        assert isinstance(card, Scorecard)
        assert card.applies_to is not None
        claimed = {
            call.call_id: call
            for call in calls
            if holds(card.applies_to, lambda subject, call=call: call.value(subject.removeprefix("call.")))
        }
        heard = [human for human in people if human.call_id in claimed]
        batch = batch_of(
            [*claimed.values(), *(claimed[human.call_id] for human in heard)], [*(None for _ in claimed), *heard]
        )
        results = evaluate(compile_plan(card, host), batch)
        assert [str(problem) for problem in results.problems] == []
        found.update({(record["call_id"], record["evaluator"]): record for record in records(results)})
    return found


def test_every_record_is_sound(folder: Path, host: Host):
    operation, problems = load_operation(folder / "pauta.yaml")
    assert [str(problem) for problem in problems] == []
    assert operation is not None
    for targets, read, count in ((operation.calls, calls_in, 60), (operation.answers, evaluations_in, 24)):
        files, missing = files_of(targets, host)
        found = list(read(files, host))
        assert missing == []
        assert [str(each) for each in found if not isinstance(each, Call | HumanEvaluation)] == []
        assert len(found) == count


def test_the_calls_are_as_varied_as_promised(calls: list[Call]):
    assert len({call.call_id for call in calls}) == 60
    assert Counter(call.language for call in calls) == {"en": 20, "es": 20, "pt": 20}
    assert Counter(call.call_type for call in calls) == {"support": 24, "collections": 18, "sales": 18}
    assert Counter(call.channel for call in calls) == {"voice": 48, "chat": 12}
    assert {call.direction for call in calls} == {"inbound", "outbound"}
    assert {call.team: 0 for call in calls}.keys() == {"atlas", "brisa", "cais"}
    assert len({call.agent for call in calls}) == 8
    assert len({call.customer_segment for call in calls}) == 3
    for call in calls:
        assert 8 <= len(call.turns) <= 20, call.call_id
        assert re.match(r"2026-(09|10)-\d\dT\d\d:\d\d:\d\d[+-]\d\d:00$", call.started_at or ""), call.call_id
        starts = [turn.start for turn in call.turns]
        assert None not in starts
        assert starts == sorted(starts, key=float), call.call_id
        assert (call.channel == "chat") <= all(turn.end is None for turn in call.turns), call.call_id
        assert all(turn.end is None or turn.end <= (call.duration_s or 0) for turn in call.turns), call.call_id


def test_no_two_turns_of_an_agent_are_the_same_speech(calls: list[Call]):
    """Each call was written for itself: what repeats is short."""
    said = Counter(turn.text for call in calls for turn in call.turns)
    assert [text for text, count in said.items() if count > 1 and len(text.split()) > 7] == []


def test_people_answer_what_is_asked_of_calls_that_are_there(
    people: list[HumanEvaluation], calls: list[Call], folder: Path, host: Host
):
    agents = {call.call_id: call.agent for call in calls}
    for human in people:
        card = load_card(folder / f"scorecards/{human.scorecard}.yaml", host).scorecard
        assert card is not None
        assert agents[human.call_id] == human.agent
        assert set(human.answers) <= set(card.by_id), human.call_id
    heard = Counter(human.call_id for human in people)
    assert {human.evaluator for human in people} == {"ines.vidal", "marc.oduya"}
    assert [call for call, count in heard.items() if count == 2] == ["en-support-08"]


def test_the_engine_finds_the_faults_that_were_written_in(evaluations: dict[tuple[str, str], dict[str, Any]]):
    found = {}
    for (call, evaluator), record in evaluations.items():
        failed = {each["question"] for each in record["answers"] if each["error"] and each["error"]["critical"]}
        if evaluator == "engine" and failed:
            found[call] = failed
    assert found == CRITICAL


def test_what_people_answered_is_whole_but_for_one_that_was_begun(evaluations: dict[tuple[str, str], dict[str, Any]]):
    by_people = {key: record for key, record in evaluations.items() if key[1] != "engine"}
    assert [key for key, record in by_people.items() if record["status"] != "complete"] == [
        ("pt-support-07", "marc.oduya")
    ]
    two = [by_people["en-support-08", evaluator] for evaluator in ("ines.vidal", "marc.oduya")]
    assert [record["passed"] for record in two] == [False, False]
    assert two[0]["raw_score"] != two[1]["raw_score"]


def test_every_quote_is_in_the_call_at_the_time_it_says(
    evaluations: dict[tuple[str, str], dict[str, Any]], calls: list[Call]
):
    turns = {call.call_id: call.turns for call in calls}
    quotes = 0
    for (call, _), record in evaluations.items():
        for answer in record["answers"]:
            for each in answer["evidence"]:
                if each["turn"] is not None:
                    turn = turns[call][each["turn"]]
                    assert turn.text[each["span"][0] : each["span"][1]] == each["quote"]
                    assert (each["start"], each["end"]) == (turn.start, turn.end)
                    quotes += 1
    assert quotes > 400


def test_a_second_time_writes_nothing_and_overwrites_nothing(tmp_path: Path):
    made = make_demo(tmp_path)
    times = {path: path.stat().st_mtime_ns for path in made}
    assert make_demo(tmp_path) == made
    assert {path: path.stat().st_mtime_ns for path in made} == times
    card = tmp_path / "scorecards/sales.yaml"
    card.write_text("mine", encoding="utf-8")
    (tmp_path / "README.md").unlink()
    with pytest.raises(ProblemsFound) as found:
        make_demo(tmp_path)
    assert [problem.code for problem in found.value.problems] == ["E741"]
    assert str(card) in found.value.problems[0].message
    assert card.read_text(encoding="utf-8") == "mine"
    assert not (tmp_path / "README.md").exists()


def test_a_folder_in_the_place_of_a_file_is_in_the_way(tmp_path: Path):
    (tmp_path / "a").mkdir()
    with pytest.raises(ProblemsFound, match="E741"):
        write_new(tmp_path, {"a": "text"})


@pytest.mark.parametrize(
    ("name", "made"),
    [("My Centre", "My-Centre"), ("cobranza", "cobranza"), ("Atención 24 h", "Atención-24-h"), ("..", "operation"),
     ("a/b: c", "a-b-c"), ("x" * 80, "x" * 64)],
)  # fmt: skip
def test_an_operation_has_an_id_made_of_its_name(name: str, made: str, tmp_path: Path):
    assert operation_id(name) == made
    make_operation(tmp_path, name)
    operation, problems = load_operation(tmp_path / "pauta.yaml")
    assert [str(problem) for problem in problems] == []
    assert operation is not None
    assert operation.id == made


def test_a_new_operation_has_schemas_that_know_the_plugins_and_calls_that_are_sound(tmp_path: Path, host: Host):
    make_operation(tmp_path, "new")
    made = json.loads((tmp_path / "schemas/scorecard.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(made)
    assert "criteria.phrase" in made["$defs"]
    assert json.loads((tmp_path / "schemas/cases.schema.json").read_text(encoding="utf-8")) == schema("cases")
    found = calls_of(tmp_path / "calls/sample.jsonl", host)
    assert len(found) == 3
    card = load_card(tmp_path / "scorecards/first-card.yaml", host).scorecard
    assert card is not None
    bands = [record["band"] for record in records(evaluate(compile_plan(card, host), batch_of(found)))]
    assert bands == ["excellent", "needs_coaching", "excellent"]


def test_every_modeline_leads_to_a_schema_in_the_folder(tmp_path: Path):
    for path in [*make_operation(tmp_path / "op", "new"), *make_demo(tmp_path / "demo")]:
        target = re.match(r"# yaml-language-server: \$schema=(\S+)\n", path.read_text(encoding="utf-8"))
        assert bool(target) == (path.suffix == ".yaml"), path
        if target:
            assert (path.parent / target[1]).resolve().is_file(), path


def test_the_plugin_in_the_readme_works(tmp_path: Path):
    make_operation(tmp_path, "new")
    readme = (tmp_path / "plugins/README.md").read_text(encoding="utf-8")
    code = re.search(r"```python\n(.*?)```", readme, re.DOTALL)
    assert code
    (tmp_path / "plugins/spelled_out.py").write_text(code[1], encoding="utf-8")
    host = Host(folder=tmp_path / "plugins", installed=False)
    assert [str(problem) for problem in host.problems] == []
    card = tmp_path / "scorecards/spelling.yaml"
    card.write_text(
        "scorecard: spelling\nversion: 1.0.0\nsections:\n  - section: only\n    questions:\n      - question: spelled\n"
        "        text: Was it spelled?\n        answers: yes_no\n        criterion: {spelled_out: {letters: 4}}\n",
        encoding="utf-8",
    )
    scorecard = load_card(card, host).scorecard
    assert scorecard is not None
    turns = [{"speaker": "agent", "text": "That is B, R, A, D."}, {"speaker": "agent", "text": "That is Brad."}]
    lines = [json.dumps({"call_id": str(number), "turns": [turn]}) for number, turn in enumerate(turns)]
    write_new(tmp_path, {"calls/two.jsonl": "\n".join(lines)})
    found = calls_of(tmp_path / "calls/two.jsonl", host)
    made = list(records(evaluate(compile_plan(scorecard, host), batch_of(found))))
    assert [record["score"] for record in made] == [100.0, 0.0]
    assert made[0]["answers"][0]["evidence"][0]["quote"] == "B, R, A, D"
