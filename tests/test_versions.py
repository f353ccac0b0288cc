"""Versions and ranges: what holds what, the order of versions, and what is none."""

import pytest
from hypothesis import given, strategies as st

from pauta.engine.loading.versions import Version, range_from, version_from

RANGES = [
    ("1.2.0", "1.2.0", "1.2.1 1.1.9 1.2.0-a 1.2.1-a"),
    ("=1.2.0", "1.2.0", "1.2.1"),
    ("1.2", "1.2.0 1.2.9", "1.3.0 1.1.0 1.3.0-a"),
    ("1.x", "1.0.0 1.9.0", "2.0.0 0.9.0"),
    ("1.2.*", "1.2.3", "1.3.0"),
    ("1", "1.0.0 1.9.9", "2.0.0"),
    ("*", "0.0.0 9.0.0", "1.0.0-a"),
    ("x", "1.0.0", "1.0.0-a"),
    ("^1.2", "1.2.0 1.9.0", "2.0.0 1.1.9 2.0.0-a 1.5.0-b"),
    ("^0.2.3", "0.2.3 0.2.9", "0.3.0 0.2.2"),
    ("^0.0.3", "0.0.3", "0.0.4"),
    ("^0", "0.0.1 0.9.0", "1.0.0"),
    ("^0.0", "0.0.1 0.0.9", "0.1.0"),
    ("~1.2.3", "1.2.3 1.2.9", "1.3.0 1.2.2"),
    ("~1.2", "1.2.0 1.2.9", "1.3.0"),
    ("~1", "1.0.0 1.9.0", "2.0.0"),
    (">=1.0.0 <2", "1.0.0 1.9.9", "2.0.0 2.0.0-a 0.9.0"),
    (">= 1.0", "1.0.0 7.0.0", "0.9.9"),
    (">1.2", "1.3.0 2.0.0", "1.2.9"),
    (">1.2.3", "1.2.4", "1.2.3 1.2.4-a"),
    ("<=1.2", "1.2.9 0.1.0", "1.3.0"),
    ("<=1.2.3", "1.2.3", "1.2.4"),
    ("<*", "", "0.0.0 1.0.0"),
    (">1 <1", "", "1.0.0"),
    ("1.0.0-beta.1", "1.0.0-beta.1", "1.0.0 1.0.0-beta.2 1.0.0-beta.1.0.0"),
    (">=1.0.0-beta.1", "1.0.0 1.0.0-beta.2 1.0.0-rc 2.0.0", "1.0.0-alpha 2.0.0-a"),
    (">1.0.0-a", "1.0.0-b 1.0.0-a.1 1.0.0", "1.0.0-a"),
    ("^1.0.0-beta", "1.0.0 1.0.0-beta 1.5.0", "2.0.0 1.1.0-a 1.0.0-alpha"),
    ("<1.0.0-rc", "0.9.0 1.0.0-beta", "1.0.0-rc 1.0.0"),
]
NO_RANGE = [
    "", " ", "1.2.3.4", "v1.2", "1..2", "^", "abc", "latest", "1.2.3-", "01.2.0", "1.2.0+build", ">=1.0,<2",
    "1.2.3 junk", "1.2.3a", "=>1", "٣.1.0", "1.2 - 2.0", "9" * 200,
]  # fmt: skip
NO_VERSION = [
    "1.2",
    "1",
    "1.2.3.4",
    "01.2.3",
    "1.2.3-",
    "1.2.3-01",
    "1.2.3+b",
    "1.2.3\n",
    "1.2.x",
    "٣.1.0",
    "v1.2.3",
    "9" * 200,
]
IN_ORDER = [
    "0.0.1", "0.9.0", "1.0.0-1", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-alpha-b", "1.0.0-beta",
    "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.2.0", "1.10.0", "2.0.0", "999999999.0.0",
]  # fmt: skip


@pytest.mark.parametrize(("text", "inside", "outside"), RANGES, ids=[each[0] for each in RANGES])
def test_range(text, inside, outside):
    found = range_from(text)
    assert found is not None
    assert [each for each in inside.split() if version_from(each) not in found] == []
    assert [each for each in outside.split() if version_from(each) in found] == []


@pytest.mark.parametrize("text", NO_RANGE)
def test_is_no_range(text):
    assert range_from(text) is None


@pytest.mark.parametrize("text", NO_VERSION)
def test_is_no_version(text):
    assert version_from(text) is None


def test_order_is_that_of_semantic_versioning():
    versions = [version_from(text) for text in IN_ORDER]
    backwards = versions[::-1]
    assert sorted(backwards) == versions
    assert sorted(IN_ORDER, key=lambda text: version_from(text).order) == IN_ORDER


NUMBERS = st.tuples(*[st.integers(0, 999_999_999)] * 3)


@given(NUMBERS, NUMBERS)
def test_order_of_numbers_and_of_texts_agree(one, other):
    assert (Version(one) < Version(other)) == (one < other) == (Version(one).order < Version(other).order)


@given(NUMBERS)
def test_a_version_is_its_text_and_a_range_of_itself(numbers):
    version = Version(numbers)
    assert version_from(str(version)) == version
    assert version in range_from(str(version))
    assert version in range_from(f"^{version}")
    assert version in range_from(f">={version} <={version}")
    assert version not in range_from(f"<{version}")
