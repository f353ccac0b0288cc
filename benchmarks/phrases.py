"""How fast phrases are found: 300 phrases in 60 questions over generated calls of about 6 KB, one core.

    python benchmarks/phrases.py [--calls 1000] [--runs 3] [--language en|es|ru]

Side by side, the best of some runs in one process, in seconds of the processor (other programs may run beside it):

    pauta       the criterion: verdicts, reasons and evidence with quotes and offsets into the original text
    by hand     an ahocorasick_rs automaton over ' w1 w2 ', call by call, `re` at the hits; folding each call first, the
                way one would write it (translate, split, join); finds (question, place in the folded text) and no more
    by hand, folded   the same, and the folding is not counted
    re, loop    one compiled pattern a phrase, over the folded text; only on some of the calls, for it is slow

The calls are turns of words drawn by Zipf's law, with capitals, commas, apostrophes and accents; the phrases are made
of the 600 commonest words: 240 plain, 40 with a gap of up to three words, 20 that end in a stem.
"""

from __future__ import annotations

import argparse
import random
import re
import time
import unicodedata
from collections.abc import Callable, Sequence

import ahocorasick_rs

from pauta import Call, CallBatch, Findings, Turn, Verdict
from pauta.engine.model.scorecard import Answers, Kind, Question
from pauta.plugins.criteria.phrase import Phrase

ALPHABETS = {
    "en": "eeeaaooiutnshrdlcmwfgypbvk",
    "es": "eeeaaaoooisnrldtcmupbgvyqhfzjñéáíóú",
    "ru": "оеаинтсрвлкмдпуяызьбгчйхжшюцщэфё",
}
QUESTION = Question("q", Answers(Kind.ONE))
PER_GROUP, GROUPS, COMMON = 5, 60, 600


def words(dice: random.Random, language: str, count: int) -> list[str]:
    alphabet = ALPHABETS[language]
    made: dict[str, None] = {}
    while len(made) < count:
        made["".join(dice.choices(alphabet, k=min(2 + len(made) // 400 + dice.randint(0, 4), 12)))] = None
    return list(made)


def calls(dice: random.Random, vocabulary: Sequence[str], count: int) -> list[Call]:
    weights = [1 / (rank + 3) for rank in range(len(vocabulary))]
    made = []
    for number in range(count):
        turns: list[Turn] = []
        length, at = 0, 0.0
        while length < 6000:
            spoken = dice.choices(vocabulary, weights, k=dice.randint(3, 40))
            spoken[0] = spoken[0].capitalize()
            for n in range(4, len(spoken), 7):
                spoken[n] += ","
            if len(spoken) > 12:
                spoken[9] = f"{spoken[9][:1]}'{spoken[9][1:]}"
            text = " ".join(spoken) + "."
            turns.append(Turn("agent" if len(turns) % 2 else "customer", text, at, at + len(text) / 15))
            at += len(text) / 15 + 0.5
            length += len(text)
        made.append(Call(f"c{number}", turns=tuple(turns), language="en"))
    return made


def phrases(dice: random.Random, vocabulary: Sequence[str]) -> list[str]:
    common = vocabulary[:COMMON]
    weights = [1 / (rank + 3) for rank in range(COMMON)]
    made: dict[str, None] = {}
    while len(made) < PER_GROUP * GROUPS:
        chosen = dice.choices(common, weights, k=dice.randint(2, 4))
        if len(made) >= 280:
            chosen[-1] = f"{chosen[-1][:3]}*"
        elif len(made) >= 240:
            chosen.insert(1, "...3")
        made[" ".join(chosen)] = None
    mixed = list(made)
    dice.shuffle(mixed)
    return mixed


FOLDS = {
    **{code: " " for code in range(128) if not chr(code).isalnum()},
    **{code: unicodedata.normalize("NFD", chr(code).lower())[0] for code in range(192, 0x460) if chr(code).isalpha()},
    **{ord(each): each.lower() for each in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
    ord("й"): "й",
    ord("'"): None,
}


def folded(text: str) -> str:
    return " ".join(text.translate(FOLDS).split())


class ByHand:
    """What an engineer would write for these phrases alone."""

    def __init__(self, groups: Sequence[Sequence[str]]) -> None:
        self.literals: list[str] = []
        self.checks: list[tuple[int, re.Pattern[str] | None]] = []
        for group, written in enumerate(groups):
            for phrase in written:
                parts = [f" {folded(part)} " for part in phrase.split(" ...3 ")]
                if phrase.endswith("*"):
                    literal = f" {folded(phrase)}"
                    check = re.compile(re.escape(literal) + r"[^ ]*(?= )")
                elif len(parts) == 1:
                    literal, check = parts[0], None
                else:
                    literal = max(parts, key=len)
                    check = re.compile(
                        re.escape(parts[0]) + r"(?:[^ |]+ ){0,3}?" + re.escape(parts[1].strip()) + r"(?= )"
                    )
                self.literals.append(literal)
                self.checks.append((group, check))
        self.automaton = ahocorasick_rs.AhoCorasick(self.literals)
        self.around = max(map(len, self.literals)) + 60

    def prepared(self, call: Call) -> str:
        """The words of a call, folded; a bar parts its turns."""
        return f" {' | '.join(folded(turn.text) for turn in call.turns)} "

    def find(self, text: str) -> list[tuple[int, int, int]]:
        """Group and place of every phrase in the words of a call."""
        found = []
        for number, start, stop in self.automaton.find_matches_as_indexes(text, overlapping=True):
            group, check = self.checks[number]
            if check is None:
                found.append((group, start + 1, stop - 1))
                continue
            low, high = max(0, start - self.around), stop + self.around
            found += [(group, low + match.start() + 1, low + match.end()) for match in check.finditer(text[low:high])]
        return found


def best(run: Callable[[], object], runs: int) -> float:
    times = []
    for _ in range(runs):
        started = time.process_time()
        run()
        times.append(time.process_time() - started)
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--language", choices=ALPHABETS, default="en")
    chosen = parser.parse_args()
    dice = random.Random(20261121)
    vocabulary = words(dice, chosen.language, 5000)
    records = calls(dice, vocabulary, chosen.calls)
    written = phrases(dice, vocabulary)
    groups = [written[n : n + PER_GROUP] for n in range(0, len(written), PER_GROUP)]

    started = time.process_time()
    made = Phrase.bind_all([({"any": group}, QUESTION) for group in groups])
    made[0].answer_batch(CallBatch(size=1, calls=records[:1]))
    ready = time.process_time() - started
    hand = ByHand(groups)
    prepared = [hand.prepared(call) for call in records]
    few = max(1, chosen.calls // 50)
    patterns = [re.compile(rf"(?<![^ ]){_pattern(phrase)}(?![^ ])") for phrase in written]
    check(made, hand, patterns, records, prepared, few)

    def each(some: Sequence[Call], at_once: int) -> float:
        return best(lambda: by_pauta(made, some, at_once), chosen.runs) / len(some)

    seconds = {
        "pauta": each(records, 1000),
        "by hand": best(lambda: [hand.find(hand.prepared(call)) for call in records], chosen.runs) / len(records),
        "by hand, folded": best(lambda: [hand.find(text) for text in prepared], chosen.runs) / len(records),
        "re, loop": best(lambda: [[list(one.finditer(text)) for one in patterns] for text in prepared[:few]], 1) / few,
        "pauta, call by call": each(records[:few], 1),
    }
    size = sum(len(turn.text) for call in records for turn in call.turns) / len(records)
    hits = sum(len(hand.find(text)) for text in prepared) / len(records)
    print(f"{len(records)} calls of {size:.0f} characters, {hits:.1f} places in each; ready in {ready * 1000:.0f} ms")
    print(f"{'':22}{'calls/s':>10}{'MB/s':>8}{'us/call':>10}{'pauta is':>12}")
    for name, took in seconds.items():
        rates = f"{1 / took:10.0f}{size / took / 1e6:8.1f}{took * 1e6:10.0f}"
        print(f"{name:22}{rates}{took / seconds['pauta']:11.2f}x")


def by_pauta(made: Sequence[Phrase], records: Sequence[Call], at_once: int) -> list[Findings]:
    found = []
    for n in range(0, len(records), at_once):
        batch = CallBatch(size=len(records[n : n + at_once]), calls=records[n : n + at_once])
        found += [phrase.answer_batch(batch) for phrase in made]
    return found


def check(
    made: Sequence[Phrase],
    hand: ByHand,
    patterns: Sequence[re.Pattern[str]],
    records: Sequence[Call],
    prepared: Sequence[str],
    few: int,
) -> None:
    """All must find the same questions in the same calls before anything is timed."""
    met = [findings.verdicts == Verdict.MET for findings in by_pauta(made, records, len(records))]
    ours = [{n for n, each in enumerate(met) if each[row]} for row in range(len(records))]
    assert ours == [{group for group, _, _ in hand.find(text)} for text in prepared], "by hand disagrees"
    looped = [{n // PER_GROUP for n, each in enumerate(patterns) if each.search(text)} for text in prepared[:few]]
    assert ours[:few] == looped, "re disagrees"


def _pattern(phrase: str) -> str:
    """A phrase as a pattern over folded words; a bar parts turns and is never within a gap."""
    parts = []
    for part in phrase.split():
        word = folded(part) + ("[^ ]*" if "*" in part else "") + " "
        parts.append("(?:[^ |]+ ){0,3}?" if part == "...3" else word)
    return "".join(parts).rstrip()


if __name__ == "__main__":
    main()
