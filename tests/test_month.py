"""The month of a small centre that docs/follow-up.md tells is what happens when it is run."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent / "month"))

import story


def test_the_month_in_the_page_is_what_happens(tmp_path):
    stands = story.PAGE.read_text(encoding="utf-8").split(story.MARK)[1]
    told = story.story(tmp_path)
    assert stands.strip().splitlines() == "\n".join(told).strip().splitlines(), (
        "run: python tests/month/story.py --write"
    )
