"""How fast phrases are found: 300 phrases in 60 questions over generated calls of about 6 KB, one core.

    pauta               the criterion: verdicts, reasons and evidence with quotes and offsets into the original text
    by hand             an ahocorasick_rs automaton over ' w1 w2 ', call by call, `re` at the hits; each call is folded
                        first, the way one would write it (translate, split, join); it finds (question, place in the
                        folded text) and no more
    by hand, folded     the same, and the folding is not counted
    re, loop            one compiled pattern a phrase, over folded text; only on some of the calls, for it is slow

The calls are turns of words drawn by Zipf's law, with capitals, commas, apostrophes and accents; the phrases are made
of the 600 commonest words: 240 plain, 40 with a gap of up to three words, 20 that end in a stem. Then whole cards:
one of 60 questions evaluated, and up to a hundred of 12 questions in play at once.
"""

from __future__ import annotations

import json
import random
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import ahocorasick_rs

from benchmarks.clock import in_turn, ratios, seconds, spread
from benchmarks.figures import Figure, Part, times
from pauta import Call, CallBatch, Findings, Question, Turn, Verdict
from pauta.engine.evaluation.evaluate import evaluate
from pauta.engine.evaluation.plan import Plan, compile_plan
from pauta.engine.evaluation.prepare import prepare
from pauta.engine.host import Host
from pauta.engine.loading.load import card_from_text
from pauta.engine.model.calls import batch_of
from pauta.engine.model.scorecard import Answers, Kind
from pauta.plugins.criteria.phrase import Phrase

SEED = 20261121
CALLS, QUICK_CALLS, ROUNDS, QUICK_ROUNDS = 1000, 200, 7, 3
BATCH = 1000
HAND_GOAL, LOOP_GOAL, CALLS_A_SECOND = 0.8, 30.0, 900.0
IN_PLAY = (1, 10, 100)
GROWTH_GOAL = 1.1
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


@dataclass(frozen=True)
class Contest:
    """Calls and phrases in one language, and those who look for the ones in the others."""

    language: str
    size: int

    @cached_property
    def vocabulary(self) -> list[str]:
        """Words, the commonest first."""
        return words(random.Random(SEED), self.language, 5000)

    @cached_property
    def records(self) -> list[Call]:
        """The calls."""
        return calls(random.Random(SEED + 1), self.vocabulary, self.size)

    @cached_property
    def written(self) -> list[str]:
        """300 phrases."""
        return phrases(random.Random(SEED + 2), self.vocabulary)

    @cached_property
    def groups(self) -> list[list[str]]:
        """Five phrases a question."""
        return [self.written[n : n + PER_GROUP] for n in range(0, len(self.written), PER_GROUP)]

    @cached_property
    def made(self) -> Sequence[Phrase]:
        """The criterion, a use for each question."""
        return Phrase.bind_all([({"any": group}, QUESTION) for group in self.groups])

    @cached_property
    def hand(self) -> ByHand:
        """The automaton by hand."""
        return ByHand(self.groups)

    @cached_property
    def prepared(self) -> list[str]:
        """The calls folded by hand."""
        return [self.hand.prepared(call) for call in self.records]

    @cached_property
    def patterns(self) -> list[re.Pattern[str]]:
        """A compiled pattern a phrase."""
        return [re.compile(rf"(?<![^ ]){_pattern(phrase)}(?![^ ])") for phrase in self.written]

    @property
    def few(self) -> list[str]:
        """The calls that the loop over `re` is timed on."""
        return self.prepared[: max(4, self.size // 50)]

    def by_pauta(self) -> list[Findings]:
        """What pauta finds in all calls."""
        batch = CallBatch(size=self.size, calls=self.records)
        return [phrase.answer_batch(batch) for phrase in self.made]

    def check(self) -> None:
        """All must find the same questions in the same calls, and every quote stand where it says. Else ValueError."""
        found = self.by_pauta()
        for findings in found:
            for row, places in findings.evidence.items():
                turns = self.records[row].turns
                if any(turns[each.turn or 0].text[each.start : each.stop] != each.quote for each in places):
                    raise ValueError(f"a quote of call {row} does not stand where it says")
        met = [findings.verdicts == Verdict.MET for findings in found]
        ours = [{n for n, each in enumerate(met) if each[row]} for row in range(self.size)]
        if ours != [{group for group, _, _ in self.hand.find(text)} for text in self.prepared]:
            raise ValueError("the automaton by hand finds something else than pauta")
        looped = [{n // PER_GROUP for n, each in enumerate(self.patterns) if each.search(text)} for text in self.few]
        if ours[: len(looped)] != looped:
            raise ValueError("the loop over `re` finds something else than pauta")

    def seconds(self, rounds: int, *, loop: bool) -> dict[str, list[float]]:
        """Seconds a call of each, one for each round."""
        work: dict[str, Callable[[], float]] = {
            "pauta": lambda: seconds(self.by_pauta) / self.size,
            "hand": lambda: seconds(lambda: [self.hand.find(self.hand.prepared(c)) for c in self.records]) / self.size,
            "folded": lambda: seconds(lambda: [self.hand.find(text) for text in self.prepared]) / self.size,
        }
        if loop:
            work["re"] = lambda: (
                seconds(lambda: [[list(one.finditer(text)) for one in self.patterns] for text in self.few])
                / len(self.few)
            )
        return in_turn(work, rounds)


def run(quick: bool) -> Part:
    size, rounds = (QUICK_CALLS, QUICK_ROUNDS) if quick else (CALLS, ROUNDS)
    contest = Contest("en", size)
    contest.check()
    took = contest.seconds(rounds, loop=True)
    characters = sum(len(turn.text) for call in contest.records for turn in call.turns) / size
    rates = {name: spread([1 / each for each in several]) for name, several in took.items()}
    against = {name: ratios(took["pauta"], took[name]) for name in ("hand", "folded", "re")}
    named = {
        "hand": ("ahocorasick_rs by hand, with verification", HAND_GOAL),
        "folded": ("the same, folding not counted", HAND_GOAL),
        "re": ("a loop over `re`, folding not counted", LOOP_GOAL),
    }
    figures = [Figure("pauta, findings with evidence", f"{rates['pauta']:.0f} calls a second")]
    for name, (what, goal) in named.items():
        measured = f"{rates[name]:.0f} calls a second; pauta {times(against[name])} times"
        figures.append(Figure(what, measured, against[name].middle, goal))
    for language, name in {} if quick else {"es": "Spanish", "ru": "Russian"}.items():
        other = Contest(language, size // 2)
        other.check()
        ratio = ratios(*(other.seconds(rounds, loop=False)[one] for one in ("pauta", "hand")))
        figures.append(
            Figure(f"{name}, against the same by hand", f"pauta {times(ratio)} times", ratio.middle, HAND_GOAL)
        )
    figures += [*_whole_card(contest, rounds), *_in_play(contest, *((2, IN_PLAY[:2]) if quick else (3, IN_PLAY)))]
    return Part(
        "Phrases",
        f"300 phrases in 60 questions over {size:,} generated calls of {characters:,.0f} characters (seed {SEED}), one "
        "core: 240 plain, 40 with gaps, 20 stems. By hand: one automaton over folded text, patterns verified at the "
        "hits, no offsets into the original and no reasons. All found the same questions in the same calls, and every "
        f"quote of pauta stood at its offsets, before any timing. {rounds} rounds in turn.",
        tuple(figures),
    )


def card_of(name: str, groups: Sequence[Sequence[str]]) -> dict[str, object]:
    """A card with a question for each group of phrases."""
    questions = [
        {"question": f"q{n}", "text": f"Q{n}", "criterion": {"phrase": {"any": list(group)}}}
        for n, group in enumerate(groups)
    ]
    sections = [
        {"section": f"s{n}", "answers": "yes_no", "questions": questions[n : n + 10]}
        for n in range(0, len(questions), 10)
    ]
    return {"scorecard": name, "version": "1.0.0", "sections": sections}


def _plan(name: str, groups: Sequence[Sequence[str]], host: Host) -> Plan:
    loaded = card_from_text(json.dumps(card_of(name, groups)), host)
    assert loaded.scorecard is not None, loaded.problems
    return compile_plan(loaded.scorecard, host)


def _whole_card(contest: Contest, rounds: int) -> list[Figure]:
    """Criteria and scoring, calls already in memory."""
    plan = _plan("sixty", contest.groups, Host(installed=False))

    def batches(size: int) -> Callable[[], float]:
        some = contest.records if size > 1 else contest.records[: min(len(contest.records), 50)]
        parts = [some[n : n + size] for n in range(0, len(some), size)]
        return lambda: seconds(lambda: [evaluate(plan, batch_of(part)) for part in parts]) / len(some)

    took = in_turn({"batch": batches(BATCH), "one": batches(1)}, rounds)
    rate = spread([1 / each for each in took["batch"]])
    single = spread([each * 1e3 for each in took["one"]])
    return [
        Figure(
            "a card of 60 questions evaluated, with evidence",
            f"{rate:.0f} calls a second",
            rate.middle,
            CALLS_A_SECOND,
        ),
        Figure("the same, call by call", f"{single:.2f} ms a call"),
    ]


def _in_play(contest: Contest, rounds: int, in_play: Sequence[int]) -> list[Figure]:
    """What an evaluation costs with more cards in play, as a ratio to one card alone."""
    host = Host(installed=False)
    dice = random.Random(SEED + 3)
    plans = [
        _plan(f"card-{n}", [some[m : m + PER_GROUP] for m in range(0, 12 * PER_GROUP, PER_GROUP)], host)
        for n in range(max(in_play))
        for some in [phrases(dice, contest.vocabulary)]
    ]
    few = contest.records[: max(len(contest.records) // 4, 100)]
    many = [replace(call, call_id=f"{call.call_id}-{n}") for n in range(10) for call in contest.records]

    def all_apply(cards: int) -> float:
        asked = [(plan, batch_of(few)) for plan in plans[:cards]]
        return _evaluated(asked) / (len(few) * cards)

    def one_applies(cards: int) -> float:
        asked = [(plan, batch_of(many[n::cards])) for n, plan in enumerate(plans[:cards])]
        return _evaluated(asked) / len(many)

    figures = []
    for what, work in (("all of them apply", all_apply), ("one applies to each call", one_applies)):
        took = in_turn({str(n): lambda work=work, n=n: work(n) for n in in_play}, rounds)  # type: ignore[misc]
        for cards in in_play[1:]:
            ratio = ratios(took[str(in_play[0])], took[str(cards)])
            measured = f"{times(ratio)} of the cost of an evaluation with one card"
            figures.append(
                Figure(f"{cards} cards in play, {what}", measured, ratio.middle, GROWTH_GOAL, at_least=False)
            )
    return figures


def _evaluated(asked: Sequence[tuple[Plan, CallBatch]]) -> float:
    """Seconds to evaluate batches."""

    def work() -> None:
        prepare(asked)
        for plan, batch in asked:
            evaluate(plan, batch)

    return seconds(work)


def _pattern(phrase: str) -> str:
    """A phrase as a pattern over folded words; a bar parts turns and is never within a gap."""
    parts = []
    for part in phrase.split():
        word = folded(part) + ("[^ ]*" if "*" in part else "") + " "
        parts.append("(?:[^ |]+ ){0,3}?" if part == "...3" else word)
    return "".join(parts).rstrip()
