"""Every real file of other programs: it loads, or is refused in one sentence; none comes out silently empty."""

from fnmatch import fnmatch
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import pytest
import yaml
from source_cases import CASES

from pauta.engine.endpoints import calls_in, evaluations_in, files_of
from pauta.engine.host import Host
from pauta.engine.loading.operation import Feed
from pauta.engine.model.calls import Call, HumanEvaluation
from pauta.engine.problems import Problem

FORMATS = Path(__file__).parents[1].parent / "shared" / "data" / "formats"
REAL = pytest.mark.skipif(not FORMATS.is_dir(), reason="the real files are not beside this checkout")
WANTED = yaml.safe_load((CASES / "real_files.yaml").read_text(encoding="utf-8"))
FILES = sorted(str(path.relative_to(FORMATS)) for path in FORMATS.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def host():
    return Host(installed=False)


def came(host, feed):
    return list(calls_in([feed], host))


@REAL
@pytest.mark.parametrize("name", FILES)
def test_what_comes_of_a_real_file(host, name):
    (wanted,) = [said for pattern, said in WANTED.items() if fnmatch(name, pattern)]
    found = came(host, Feed(str(FORMATS / name)))
    shown = [f"{len(each.turns)} turns" if isinstance(each, Call) else f"{each.code} {each.message}" for each in found]
    parts = wanted.split(", ")
    assert len(shown) == len(parts), shown
    for got, part in zip(shown, parts, strict=True):
        code, _, words = part.partition(" ")
        assert got == part or (got.startswith(f"{code} ") and words in got), got
        assert "\n" not in got


@REAL
def test_all_of_a_folder_is_looked_at(host):
    files, problems = files_of([FORMATS], host)
    assert problems == []
    assert sorted(str(Path(each.target).relative_to(FORMATS)) for each in files) == FILES
    assert [pattern for pattern in WANTED if not any(fnmatch(name, pattern) for name in FILES)] == []


OPTIONS = {
    "first_party_is": "customer",
    "first_speaker": "agent",
    "paragraphs_take_turns": True,
    "timezone": "America/New_York",
    "speakers": {"0": "agent"},
}


@REAL
@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("vcon/")])
def test_options_give_every_vcon_with_words_its_turns(host, name):
    found = came(host, Feed(str(FORMATS / name), "vcon", OPTIONS))
    calls = [each for each in found if isinstance(each, Call)]
    wordless = ("ab.vcon", "ext_rec.vcon", "amended.vcon", "int_rec.vcon", "simple-vcon.vcon")
    if name.endswith(wordless):
        assert not any(call.turns for call in calls)
        assert any(isinstance(each, Problem) for each in found)
    else:
        assert [each for each in found if isinstance(each, Problem)] == []
        assert calls[0].turns
        assert calls[0].started_at
        assert calls[0].agent


@REAL
def test_an_exported_evaluation_is_a_persons_answers(host):
    (human,) = evaluations_in([Feed(str(FORMATS / "contact-lens" / "evaluation-export.json"))], host)
    assert isinstance(human, HumanEvaluation)
    assert (human.scorecard, human.evaluator, len(human.answers)) == ("compliance-evaluation-form", "jane", 3)


class Shouting:
    name = "shouting"
    endings = (".json", ".shout.json")
    options: ClassVar = {"type": "object"}

    def __init__(self, options):
        pass

    @classmethod
    def recognises(cls, head):
        if head == b"fail":
            raise RuntimeError("no voice")
        return head.isupper()

    def calls(self, target):
        yield Call("SHOUTED")


def test_files_of_one_ending_go_to_the_source_that_knows_them(tmp_path):
    host = Host(installed=False)
    plugin = SimpleNamespace(register_sources=lambda register: register(Shouting))
    assert host.register(plugin, "shouting").failure is None
    contents = {
        "a.json": b"LOUD",
        "b.json": b'{"uuid": "b", "parties": [], "dialog": [{"type": "text", "body": "x"}]}',
        "c.json": b'{"Participants": [{"ParticipantId": "AGENT"}], "Transcript": []}',
        "d.json": b'{"Transcript": [{"LoudnessScores": []}]}',
        "e.json": b'{"version": 3}',
        "f.json": b"fail",
        "g.shout.json": b"quiet",
        "h.vcon.json": b"LOUD",
        "i.vcon": b'{"payload": "", "signatures": []}',
        "j.json": b'{"payload": "", "signatures": [{}]}',
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    files, _ = files_of([tmp_path], host)
    found = {Path(file.target).name: came(host, file)[-1] for file in files}
    assert {name: each.call_id if isinstance(each, Call) else each.code for name, each in found.items()} == {
        "a.json": "SHOUTED",
        "b.json": "b",
        "c.json": "c",
        "d.json": "d",
        "e.json": "E515",
        "f.json": "E621",
        "g.shout.json": "SHOUTED",
        "h.vcon.json": "E501",
        "i.vcon": "E541",
        "j.json": "E541",
    }
    (problem,) = came(host, Feed(str(tmp_path / "gone.json")))
    assert problem.code in ("E510", "E621")


def test_a_folder_of_a_named_source_holds_what_it_reads(host, tmp_path):
    for name in ("a.vtt", "b.vcon", "c.csv"):
        (tmp_path / name).write_text("", encoding="utf-8")
    files, _ = files_of([Feed(str(tmp_path), "webvtt")], host)
    assert [Path(file.target).name for file in files] == ["a.vtt"]


def test_the_page_of_sources_names_every_source_and_option(host):
    page = (Path(__file__).parents[1] / "docs" / "sources.md").read_text(encoding="utf-8")
    missing = [
        f"{name}: {each}"
        for name, source in host.sources.items()
        for each in (f"`{name}`", *(ending for ending in source.endings if ending not in (".ndjson", ".xlsm")))
        if each not in page
    ]
    missing += [
        f"{name}: {option}"
        for name, source in host.sources.items()
        for option in source.options["properties"]
        if f"{option}:" not in page and f"`{option}`" not in page
    ]
    assert missing == []
