"""Contact Lens: the cases, and files that somebody broke."""

import json
import tempfile
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings, strategies as st
from source_cases import CASES, cases, check, written
from source_mutations import broken, held

from pauta.engine.endpoints import calls_in, files_of
from pauta.engine.host import Host
from pauta.engine.model.calls import Call, HumanEvaluation
from pauta.engine.problems import Problem
from pauta.plugins.sources.contact_lens import ContactLens

SAMPLES = list(yaml.safe_load((CASES / "contact_lens.yaml").read_text(encoding="utf-8"))["templates"].values())


@pytest.mark.parametrize("case", cases("contact_lens.yaml"))
def test_contact_lens(case, tmp_path):
    check(case, ContactLens, written(case, tmp_path, "c.json"))


@settings(max_examples=250, deadline=None)
@given(broken(SAMPLES), st.sampled_from(({}, {"name_agent": True, "scorecards": {"d-1": "x"}})))
def test_broken_files_never_raise(document, options):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        calls, humans = list(ContactLens(options).calls(str(path))), list(ContactLens(options).evaluations(str(path)))
    assert calls
    assert humans
    assert all(isinstance(each, Call | Problem) for each in calls)
    assert all(isinstance(each, HumanEvaluation | Problem) for each in humans)
    assert held(calls)
    if any(isinstance(each, Call) and not each.turns for each in calls):
        assert "W540" in [each.code for each in calls if isinstance(each, Problem)]


def test_a_folder_of_calls_without_words_is_told_once(tmp_path):
    document = {**SAMPLES[0], "Transcript": []}
    for number in range(9):
        document["CustomerMetadata"] = {"ContactId": f"k-{number}"}
        (tmp_path / f"{number}.json").write_text(json.dumps(document), encoding="utf-8")
    host = Host(installed=False)
    found = list(calls_in(files_of([tmp_path], host)[0], host))
    problems = [each for each in found if isinstance(each, Problem)]
    assert len(found) - len(problems) == 9
    assert [each.code for each in problems] == ["W540"] * 4
    assert problems[-1].message.startswith("6 more like this one: ")
    assert not any("more like" in each.message for each in problems[:3])
