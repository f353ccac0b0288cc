"""Folders of cards for tests of the catalogue and the pipeline."""

from pathlib import Path

import yaml

PLAIN = {
    "scorecard": "a",
    "version": "1.0.0",
    "sections": [{"section": "s", "questions": [{"question": "good", "text": "Was it good", "answers": "yes_no"}]}],
    "examples": [{"example": "one", "answers": {"good": "yes"}, "expect": {"score": 100}}],
}


def write_card(path: Path, said: object) -> Path:
    """A card's file: what is said over a plain card, null leaves out; anything that is no map is written as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = said
    if isinstance(said, dict):
        document = {key: value for key, value in {**PLAIN, **said}.items() if value is not None}
        if "operation" in said or "broken" in said:
            document = said
        text = yaml.safe_dump(document, allow_unicode=True, sort_keys=False)
    path.write_text(str(text), encoding="utf-8")
    return path


def write_cards(folder: Path, cards: dict[str, object]) -> Path:
    """Several of them."""
    for name, said in cards.items():
        write_card(folder / name, said)
    return folder
