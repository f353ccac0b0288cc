"""Cards and their versions: the cases of tests/cases/versions_of_cards.yaml, and publishing."""

from datetime import date
from pathlib import Path

import pytest
import yaml
from card_folders import write_card, write_cards

from pauta.engine.host import Host
from pauta.engine.loading.catalog import Catalog
from pauta.engine.loading.publish import publish
from pauta.engine.model.scorecard import Scorecard
from pauta.engine.problems import Severity

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "versions_of_cards.yaml").read_text(encoding="utf-8"))
DAY = date(2026, 3, 1)


@pytest.fixture(scope="module")
def host():
    return Host(installed=False)


def errors(problems):
    return [problem.code for problem in problems if problem.severity is Severity.ERROR]


def codes(problems):
    return [problem.code for problem in problems]


def outcome(catalog, asked):
    name, _, day = asked.partition(" on ")
    card_id, _, wanted = name.partition("@")
    found = catalog.resolve(card_id, wanted or None, date.fromisoformat(day) if day else None)
    return found.version if isinstance(found, Scorecard) else found.code


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_versions(case, host, tmp_path):
    catalog = Catalog([write_cards(tmp_path, case["cards"])], host)
    assert errors(catalog.problems) == case.get("problems", []), "\n".join(map(str, catalog.problems))
    said = "\n".join(map(str, catalog.problems))
    assert [words for words in case.get("says", []) if words not in said] == []
    assert {asked: outcome(catalog, asked) for asked in case.get("resolved", {})} == case.get("resolved", {})
    parents = {card.id: card.parent for card in catalog.cards if card.parent}
    assert parents | case.get("parents", {}) == parents


def test_in_effect_gives_one_version_of_each_card(host, tmp_path):
    cards = {
        "a1.yaml": {"version": "1.0.0"},
        "a2.yaml": {"version": "1.1.0", "effective": {"from": "2026-03-01"}},
        "b1.yaml": {"scorecard": "b", "version": "1.0.0"},
        "b2.yaml": {"scorecard": "b", "version": "1.1.0", "scoring": {"pass_mark": "high"}},
        "c.yaml": {"scorecard": "c", "status": "draft"},
    }
    catalog = Catalog([write_cards(tmp_path, cards)], host)
    assert [card.name for card in catalog.in_effect(date(2026, 2, 1))] == ["a@1.0.0"]
    assert [card.name for card in catalog.in_effect(date(2026, 3, 1))] == ["a@1.1.0"]
    assert catalog.ids == ["a", "b", "c"]
    assert [card.name for card in catalog.cards] == ["a@1.0.0", "a@1.1.0", "b@1.0.0", "c@1.0.0"]
    document = catalog.document(catalog.cards[0])
    assert document is not None
    assert document["version"] == "1.0.0"
    assert catalog.document(Scorecard("z", "1.0.0", ())) is None


def test_a_parent_is_found_beside_a_single_file_and_where_the_operation_has_its_cards(host, tmp_path):
    write_cards(tmp_path, {
        "beside/base.yaml": {"scorecard": "base"},
        "beside/child.yaml": {"scorecard": "child", "extends": "base@1", "sections": None},
        "else/far.yaml": {"scorecard": "far"},
        "beside/grandchild.yaml": {"scorecard": "grandchild", "extends": "far@1", "sections": None},
        "beside/broken.yaml": "scorecard: [",
    })  # fmt: skip
    assert errors(Catalog([tmp_path / "beside" / "child.yaml"], host).problems) == []
    alone = Catalog([tmp_path / "beside" / "grandchild.yaml"], host)
    assert errors(alone.problems) == ["E703"]
    assert "these files could not be read: broken.yaml" in alone.problems[0].hint
    both = Catalog([tmp_path / "beside" / "grandchild.yaml"], host, parents_in=[tmp_path / "else"])
    assert errors(both.problems) == []


def test_a_missing_file_is_a_problem(host, tmp_path):
    assert codes(Catalog([tmp_path / "gone.yaml"], host).problems) == ["E101"]


def test_an_id_nearly_right_is_named(host, tmp_path):
    catalog = Catalog([write_cards(tmp_path, {"a.yaml": {"scorecard": "retail"}})], host)
    assert catalog.resolve("retial").hint == "did you mean 'retail'?"
    assert Catalog([], host).resolve("retail").hint is None


# Publishing


def published(folder, host, *names, day=DAY):
    catalog = Catalog([folder], host)
    cards = [catalog.resolve(*name.split("@")) for name in names]
    return publish(cards, catalog, day)


def test_publishing_writes_a_line_a_version_and_a_second_time_nothing(host, tmp_path):
    write_cards(
        tmp_path, {"b.yaml": {"scorecard": "b"}, "a2.yaml": {"version": "1.10.0"}, "a1.yaml": {"version": "1.9.0"}}
    )
    done = published(tmp_path, host, "a@1.10.0", "b@1.0.0")
    assert [entry.name for entry in done.published] == ["a@1.10.0", "b@1.0.0"]
    done = published(tmp_path, host, "a@1.9.0", day=date(2026, 4, 1))
    assert codes(done.problems) == ["W702"]
    record = tmp_path / "published.yaml"
    text = record.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    digests = {card.name: card.digest for card in Catalog([tmp_path], host).cards}
    assert lines == [
        "a:",
        f"  1.9.0: {{published: 2026-04-01, digest: sha256:{digests['a@1.9.0']}}}",
        f"  1.10.0: {{published: 2026-03-01, digest: sha256:{digests['a@1.10.0']}}}",
        "b:",
        f"  1.0.0: {{published: 2026-03-01, digest: sha256:{digests['b@1.0.0']}}}",
    ]
    again = published(tmp_path, host, "a@1.10.0", "b@1.0.0", "a@1.9.0", day=date(2027, 1, 1))
    assert (again.published, len(again.already), again.problems) == ((), 3, ())
    assert record.read_text(encoding="utf-8") == text


def test_a_published_version_that_was_changed_is_told_and_scores_nothing(host, tmp_path):
    write_cards(tmp_path, {"a1.yaml": {"version": "1.0.0"}, "a2.yaml": {"version": "1.1.0"}})
    published(tmp_path, host, "a@1.0.0", "a@1.1.0")
    assert errors(Catalog([tmp_path], host).problems) == []
    write_card(tmp_path / "a2.yaml", {"version": "1.1.0", "scoring": {"pass_mark": 50}})
    catalog = Catalog([tmp_path], host)
    assert errors(catalog.problems) == ["E701"]
    (problem,) = (each for each in catalog.problems if each.code == "E701")
    assert problem.place.file.endswith("a2.yaml")
    assert problem.place.line == 2
    assert "published on 2026-03-01" in problem.message
    assert outcome(catalog, "a") == "E701"
    assert catalog.in_effect(DAY) == []
    assert outcome(catalog, "a@1.0.0") == "1.0.0"
    (card,) = (loaded.scorecard for loaded in catalog.loaded if loaded.file.endswith("a2.yaml"))
    assert codes(publish([card], catalog, DAY).problems) == ["E701"]


def test_what_carries_no_meaning_may_change(host, tmp_path):
    path = write_card(tmp_path / "a.yaml", {})
    published(tmp_path, host, "a@1.0.0")
    write_card(path, {"status": "retired", "owner": "qa", "changes": ["x"], "effective": {"until": "2026-05-01"}})
    path.write_text("# a comment\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert errors(Catalog([tmp_path], host).problems) == []


def test_drafts_are_not_published_and_all_or_nothing(host, tmp_path):
    write_cards(tmp_path, {"a.yaml": {}, "b.yaml": {"scorecard": "b", "status": "draft"}})
    done = published(tmp_path, host, "a@1.0.0", "b@1.0.0")
    assert codes(done.problems) == ["E707"]
    assert done.published == ()
    assert not (tmp_path / "published.yaml").exists()


def test_a_published_draft_is_warned_of(host, tmp_path):
    path = write_card(tmp_path / "a.yaml", {})
    published(tmp_path, host, "a@1.0.0")
    write_card(path, {"status": "draft"})
    catalog = Catalog([tmp_path], host)
    assert "W703" in codes(catalog.problems)
    assert outcome(catalog, "a") == "E709"


def test_the_parents_version_is_fixed_with_the_child(host, tmp_path):
    write_cards(tmp_path, {
        "base1.yaml": {"scorecard": "base", "version": "1.0.0"},
        "child.yaml": {"scorecard": "child", "extends": "base@^1", "sections": None},
    })  # fmt: skip
    refused = published(tmp_path, host, "child@1.0.0")
    assert codes(refused.problems) == ["E708"]
    done = published(tmp_path, host, "child@1.0.0", "base@1.0.0")
    assert {entry.name: entry.parent for entry in done.published} == {"child@1.0.0": "base@1.0.0", "base@1.0.0": None}
    write_card(tmp_path / "base2.yaml", {"scorecard": "base", "version": "1.1.0", "scoring": {"pass_mark": 50}})
    write_card(tmp_path / "other.yaml", {"scorecard": "other", "extends": "base@^1", "sections": None})
    catalog = Catalog([tmp_path], host)
    assert errors(catalog.problems) == []
    assert {card.id: card.parent for card in catalog.cards if card.parent} == {
        "child": "base@1.0.0",
        "other": "base@1.1.0",
    }
    write_card(tmp_path / "base1.yaml", {"scorecard": "base", "version": "1.0.0", "scoring": {"pass_mark": 50}})
    assert errors(Catalog([tmp_path], host).problems) == ["E701", "E701"]


def test_a_published_version_without_a_file_is_warned_of(host, tmp_path):
    write_cards(tmp_path, {"a1.yaml": {"version": "1.0.0"}, "a2.yaml": {"version": "1.1.0"}})
    published(tmp_path, host, "a@1.0.0", "a@1.1.0")
    (tmp_path / "a1.yaml").unlink()
    (problem,) = (each for each in Catalog([tmp_path], host).problems if each.code == "W701")
    assert problem.place.line > 1
    assert "W701" not in codes(Catalog([tmp_path / "a2.yaml"], host).problems)


BROKEN_RECORDS = {
    "not YAML": "a: [",
    "marks of a merge": "<<<<<<< ours\na:\n  1.0.0: {published: 2026-03-01}\n",
    "no digest": "a:\n  1.0.0: {published: 2026-03-01}\n",
    "a short digest": "a:\n  1.0.0: {published: 2026-03-01, digest: sha256:abc}\n",
    "no day": f"a:\n  1.0.0: {{published: soon, digest: sha256:{'0' * 64}}}\n",
    "a parent that is a list": f"a:\n  1.0.0: {{published: 2026-03-01, digest: sha256:{'0' * 64}, parent: [x]}}\n",
    "no version": f"a:\n  one: {{published: 2026-03-01, digest: sha256:{'0' * 64}}}\n",
    "no versions": "a: 1.0.0\n",
    "a version twice": f"a:\n  1.0.0: {{published: 2026-03-01, digest: sha256:{'0' * 64}}}\n  1.0.0: {{}}\n",
}


@pytest.mark.parametrize("text", BROKEN_RECORDS.values(), ids=BROKEN_RECORDS)
def test_a_record_that_cannot_be_trusted_stops_its_cards(text, host, tmp_path):
    write_cards(tmp_path, {"here/a.yaml": {}, "there/b.yaml": {"scorecard": "b"}})
    (tmp_path / "here" / "published.yaml").write_text(text, encoding="utf-8")
    catalog = Catalog([tmp_path], host)
    assert set(errors(catalog.problems)) == {"E710"}
    assert (outcome(catalog, "a"), outcome(catalog, "b")) == ("E710", "1.0.0")
    (card,) = (loaded.scorecard for loaded in catalog.loaded if loaded.file.endswith("a.yaml"))
    assert set(codes(publish([card], catalog, DAY).problems)) == {"E710"}


def test_an_empty_record_is_a_record(host, tmp_path):
    write_card(tmp_path / "a.yaml", {})
    (tmp_path / "published.yaml").write_text("# nothing yet\n", encoding="utf-8")
    assert errors(Catalog([tmp_path], host).problems) == []
    assert len(published(tmp_path, host, "a@1.0.0").published) == 1


def test_a_record_that_cannot_be_written(host, tmp_path, monkeypatch):
    write_card(tmp_path / "a.yaml", {})

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pauta.engine.loading.published.WholeFile", full)
    done = published(tmp_path, host, "a@1.0.0")
    assert codes(done.problems) == ["E714"]
    assert "no space left on device" in done.problems[0].message
