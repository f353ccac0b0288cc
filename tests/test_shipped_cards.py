"""The shipped cards are what designers copy: without a warning, in three languages, and proved to the last weight."""

import re
from pathlib import Path

import pytest

import pauta
from pauta import starting
from pauta.engine.host import Host
from pauta.engine.loading.load import card_from_text, load_card, load_cases
from pauta.engine.model.scorecard import Scorecard, Text
from pauta.scorecards import NAMES, card_files
from pauta.testing import run_examples, unreached

PACKAGE = Path(pauta.__file__).parent
LANGUAGES = {"en", "es", "pt"}
WEIGHT = re.compile(r"^( +)weight: ([0-9.]+)", re.MULTILINE)


@pytest.fixture(scope="module")
def host() -> Host:
    return Host(installed=False)


@pytest.fixture(scope="module", params=[*NAMES, "first-card"])
def path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "first-card":
        starting.make_operation(folder, "tested")
        return folder / "scorecards" / "first-card.yaml"
    for name, text in card_files(request.param).items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder / f"{request.param}.yaml"


def card_of(path: Path, host: Host) -> Scorecard:
    loaded = load_card(path, host)
    assert [str(problem) for problem in loaded.problems] == []
    assert loaded.scorecard is not None
    return loaded.scorecard


def cases_of(path: Path) -> Path:
    return path.with_name(f"{path.stem}.cases.yaml")


def test_checks_without_a_warning_and_every_case_comes_out(path: Path, host: Host):
    card = card_of(path, host)
    cases, problems = load_cases(cases_of(path), card)
    assert [str(problem) for problem in problems] == []
    outcomes, results = run_examples(card, host, cases)
    failed = {each.example.name: [str(one) for one in each.differences] for each in outcomes if not each.passed}
    assert failed == {}
    assert [str(problem) for problem in results.problems] == []


def test_its_cases_reach_every_answer_error_condition_band_and_escalation(path: Path, host: Host):
    card = card_of(path, host)
    _, results = run_examples(card, host, load_cases(cases_of(path), card)[0])
    assert [(each.kind, each.what) for each in unreached(card, results)] == []


def test_a_changed_weight_is_noticed_by_a_case(path: Path, host: Host):
    """A weight that could be tripled without a case noticing would be a weight that nothing proves."""
    text = path.read_text(encoding="utf-8")
    unnoticed = []
    for found in WEIGHT.finditer(text):
        changed = f"{text[: found.start()]}{found[1]}weight: {3 * float(found[2]):g}{text[found.end() :]}"
        card = card_from_text(changed, host).scorecard
        assert card is not None
        outcomes, _ = run_examples(card, host, load_cases(cases_of(path), card)[0])
        if all(each.passed for each in outcomes):
            unnoticed.append(f"line {text[: found.start()].count(chr(10)) + 1}: {found[0].strip()}")
    assert unnoticed == []


def test_every_result_ends_in_coaching_or_recognition(path: Path, host: Host):
    card = card_of(path, host)
    outcomes, _ = run_examples(card, host, load_cases(cases_of(path), card)[0])
    ends = {each.id for each in card.escalations if {use.name for use in each.do} & {"coach", "recognise"}}
    for each in outcomes:
        assert each.record is not None
        if each.record["status"] != "incomplete":
            assert ends & set(each.record["escalations"]), each.example.name


@pytest.mark.parametrize("name", NAMES)
def test_speaks_three_languages(name: str, host: Host):
    card = card_from_text(card_files(name)[f"{name}.yaml"], host).scorecard
    assert card is not None
    texts: list[tuple[str, Text]] = [(card.id, card.title)]
    for section in card.sections:
        texts.append((section.id, section.title))
        for question in section.questions:
            texts += [(question.id, question.title), (question.id, question.text)]
            texts += [(question.id, question.guidance)] if question.guidance else []
            texts += [
                (f"{question.id}: {option.id}", option.title) for option in question.answers.options if option.title
            ]
    texts += [(band.id, band.title) for band in card.bands]
    assert [what for what, text in texts if set(text.by_language) != LANGUAGES] == []


@pytest.mark.parametrize("name", NAMES)
def test_its_modeline_leads_to_the_schema(name: str):
    for file, text in card_files(name).items():
        target = re.match(r"# yaml-language-server: \$schema=(\S+)\n", text)
        assert target, file
        assert (PACKAGE / "scorecards" / target[1]).resolve().is_file()


def test_there_is_no_other_card():
    with pytest.raises(KeyError, match="support, collections, sales"):
        card_files("../secrets")
