"""Cases of sources, run: a file as YAML or text, the options, and what must come out of it.

`json` is the document that the file holds, `text` its text, `template` the name of a document of the same file that
`json` lies over. `calls` are the calls that come, each with the fields that matter: turns as `speaker start-end text`.
`evaluations` the same of evaluations. `problems` are codes in their order, `says` what must stand in their sentences.
"""

import json
from pathlib import Path

import pytest
import yaml

from pauta.engine.loading.shape import check_options
from pauta.engine.model.calls import Call, HumanEvaluation
from pauta.engine.problems import Place, Problem

CASES = Path(__file__).parent / "cases" / "sources"


def cases(name):
    loaded = yaml.safe_load((CASES / name).read_text(encoding="utf-8"))
    return [
        pytest.param({**case, "templates": loaded.get("templates", {})}, id=case["case"]) for case in loaded["cases"]
    ]


def laid_over(below, above):
    if not isinstance(below, dict) or not isinstance(above, dict):
        return above
    return below | {key: laid_over(below.get(key), value) for key, value in above.items()}


def written(case, folder, default):
    path = folder / case.get("file", default)
    text = case.get("text")
    if text is None:
        text = json.dumps(laid_over(case["templates"].get(case.get("template"), {}), case["json"]), ensure_ascii=False)
    path.write_bytes(text.encode(case.get("encoding", "utf-8")))
    return path


def moment(value):
    return "" if value is None else f"{value:g}"


def shown(turn):
    times = f" {moment(turn.start)}-{moment(turn.end)}" if turn.start is not None or turn.end is not None else ""
    feeling = f" ({turn.sentiment:g})" if turn.sentiment is not None else ""
    return f"{turn.speaker}{times}{feeling} {turn.text}"


def _plain(value):
    return list(value) if isinstance(value, tuple) else value


def fact(thing, name):
    if name == "turns":
        return [shown(turn) for turn in thing.turns]
    if name == "answers":
        return {
            question: _plain(answer.value) if answer.comment is None else [_plain(answer.value), answer.comment]
            for question, answer in thing.answers.items()
        }
    return getattr(thing, name)


def check(case, source, path):
    """Run a case: everything that comes out, in its order."""
    options = case.get("options", {})
    assert check_options(options, source.options, Place("pauta.yaml"), "source") == []
    target = str(path)
    found = list(source(options).evaluations(target) if "evaluations" in case else source(options).calls(target))
    problems = [each for each in found if isinstance(each, Problem)]
    said = "\n".join(map(str, problems))
    assert [each.code for each in problems] == case.get("problems", []), said
    assert [words for words in case.get("says", []) if words not in said] == [], said
    things = [each for each in found if isinstance(each, Call | HumanEvaluation)]
    wanted = case.get("evaluations", case.get("calls", []))
    assert [{name: fact(thing, name) for name in want} for thing, want in zip(things, wanted, strict=False)] == wanted
    assert len(things) == len(wanted), things
