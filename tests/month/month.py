"""The month of a small centre as it runs: the calls of each day, and commands when people give them."""

from __future__ import annotations

import json
import re
import shutil
from datetime import datetime, timedelta, timezone
from pathlib import Path
from textwrap import wrap
from typing import Any

from click.testing import CliRunner

from pauta import Store
from pauta.cli import built_in, main

HERE = Path(__file__).parent
BOGOTA = timezone(timedelta(hours=-5))
WORKED = (2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 16, 17, 18, 19, 20, 24, 25, 26, 27, 30, 31)
"""The days of March 2026 on which people work: the 23rd is a holiday."""

AGENTS = ("ana", "ben", "carla")
QUESTIONS = ("greeting", "identity", "address", "empathy", "summary")
MISSED = {
    (2, "ana"): "identity", (2, "ben"): "greeting", (5, "ben"): "summary", (9, "ben"): "address",
    (9, "carla"): "address", (10, "ana"): "address", (10, "ben"): "greeting address", (11, "carla"): "address",
    (11, "ana"): "address", (12, "ben"): "address", (12, "carla"): "identity address", (13, "ana"): "address",
    (17, "ben"): "summary", (18, "ben"): "identity", (25, "carla"): "greeting",
}  # fmt: skip
"""What is missed, by day and agent: the form for addresses is changed on the 9th and mended on the 13th."""

COMPLAINT = (20, "carla")
WIDE = 120
ID = re.compile(r"\b[0-9a-f]{12}\b|\b[0-9a-f]{8}-[0-9a-f]{3}\b")


class Month:
    """A month in a folder, from the morning of the first day; the present folder is that of the operation."""

    def __init__(self, folder: Path) -> None:
        for each in ("pauta.yaml", "scorecards", "plugins"):
            copy = shutil.copytree if (HERE / each).is_dir() else shutil.copy
            copy(HERE / each, folder / each)
        self._calls = {day: [AGENTS[(2 * n + i) % 3] for i in (0, 1)] for n, day in enumerate(WORKED)}
        self._begun, self._heard = 0, 0
        self.lines: list[str] = []

    def say(self, *parts: str) -> None:
        """Tell something, as a heading or a paragraph."""
        self.lines += [*wrap(" ".join(parts), WIDE, break_long_words=False, break_on_hyphens=False), ""]

    def printed(self, at: str, *words: str, who: str | None = None, code: int = 0) -> str:
        """What a command prints, given at a moment such as `3 10:00`."""
        named = ["--as", who] if who else []
        given = [*words, *named, *(["--now", moment(at).isoformat()] if _takes_now(words) else [])]
        result = CliRunner().invoke(main, given)
        assert result.exit_code == code, result.output
        return ID.sub("…", result.output).rstrip()

    def show(self, at: str, *words: str, who: str | None = None, holds: str = "", code: int = 0) -> None:
        """Give a command, and tell it with what it printed."""
        told = self.printed(at, *words, who=who, code=code)
        assert holds in told, told
        shown = [f'"{each}"' if " " in each else "…" if re.fullmatch("[0-9a-f]{12,36}|[0-9a-f-]{36}", each) else each
                 for each in [*words, *(("--as", who) if who else ())]]  # fmt: skip
        block = [f"$ pauta {' '.join(shown)}", *told.splitlines()]
        self.lines += [*(f"    {each}".rstrip() for each in block), ""]

    def evening(self, day: int) -> list[str]:
        """Score and follow up every day from where the month stands to this one; the messages that people got."""
        for each in (each for each in WORKED if self._begun < each <= day):
            people = self._calls[each]
            calls = [_call(each, n, agent) for n, agent in enumerate(people, 1)]
            self.score(calls, [answered(each, n, agent) for n, agent in enumerate(people, 1)])
            self.printed(f"{each} 18:00", "escalations", "run")
        self._begun = day
        return self.messages()

    def messages(self) -> list[str]:
        """What came into the room since it was last looked at."""
        room = Path("messages.txt")
        lines = room.read_text(encoding="utf-8").splitlines() if room.is_file() else []
        new, self._heard = lines[self._heard :], len(lines)
        return new

    def tell_messages(self, lines: list[str], holds: str) -> None:
        """Tell messages as they stand in the room."""
        assert any(holds in each for each in lines), lines
        self.lines += [*(f"    {each}" for each in lines), ""]

    def score(self, calls: list[dict[str, Any]], answers: list[dict[str, Any]]) -> None:
        """`pauta score` of some calls and what was answered about them."""
        for name, rows in (("calls.jsonl", calls), ("answers.jsonl", answers)):
            Path(name).write_text("".join(json.dumps(each) + "\n" for each in rows), encoding="utf-8")
        files = ("calls.jsonl", "--card", "support", "--answers", "answers.jsonl")
        self.printed("2 00:00", "score", *files, "--no-follow-up")

    def duty(self, day: int, kind: str, agent: str, title: str) -> str:
        """The id of a duty that was opened on a day."""
        return self._id("duties", "kind = ? AND agent = ? AND message = ?", (kind, agent, title), day)

    def finding(self, day: int) -> str:
        """The id of a finding that was opened on a day."""
        return self._id("findings", "1 = 1", (), day)

    def _id(self, table: str, where: str, values: tuple[str, ...], day: int) -> str:
        rows = self.ledger(table, where, values)
        (found,) = [row for row in rows if datetime.fromisoformat(row["opened_at"]).astimezone(BOGOTA).day == day]
        return str(found["id"])[:12]

    def ledger(self, table: str, where: str = "1 = 1", values: tuple[str, ...] = ()) -> list[dict[str, Any]]:
        """Rows of the follow-up's ledger."""
        with Store("results.db") as store:
            return [dict(row) for row in store.ledger().select(table, where, values)]

    def evaluation(self, day: int, agent: str) -> str:
        """The id of the evaluation of an agent's call on a day."""
        with Store("results.db") as store:
            wanted = _call(day, self._calls[day].index(agent) + 1, agent)["call_id"]
            (found,) = [row for row in store.evaluations() if row["call_id"] == wanted]
        return str(found["evaluation_id"])

    def scores(self, name: str) -> list[object]:
        """The scores of all revisions of an evaluation."""
        query = "SELECT score FROM evaluations WHERE evaluation_id = ? ORDER BY revision"
        with Store("results.db") as store:
            return [row["score"] for row in store.read(query, (name,))]

    def correct(self, day: int, agent: str, at: str) -> None:
        """Score an agent's call of a day again, with the answers that are right: nothing was missed."""
        place = self._calls[day].index(agent) + 1
        right = {**answered(day, place, agent, missed=""), "evaluated_at": moment(at).isoformat()}
        self.score([_call(day, place, agent)], [right])


def moment(at: str) -> datetime:
    """A moment of the month: `3 10:00`."""
    day, _, hour = at.partition(" ")
    return datetime.fromisoformat(f"2026-03-{int(day):02}T{hour}").replace(tzinfo=BOGOTA)


def answered(day: int, place: int, agent: str, missed: str | None = None) -> dict[str, Any]:
    """What Petra answers at three in the afternoon about a call of the day."""
    wrong = (MISSED.get((day, agent), "") if missed is None else missed).split()
    return {
        "call_id": _call(day, place, agent)["call_id"], "agent": agent, "scorecard": "support", "evaluator": "petra",
        "evaluated_at": moment(f"{day} 15:00").isoformat(),
        "answers": {each: "no" if each in wrong else "yes" for each in QUESTIONS},
    }  # fmt: skip


def _call(day: int, place: int, agent: str) -> dict[str, Any]:
    kind = "complaint" if (day, agent) == COMPLAINT else "order"
    return {
        "call_id": f"m{day:02}-{place}", "agent": agent, "call_type": kind, "duration_s": 240,
        "started_at": moment(f"{day} {8 + place:02}:00").isoformat(),
    }  # fmt: skip


def _takes_now(words: tuple[str, ...]) -> bool:
    """Whether a command has a clock that can be handed in; of a group, the command that the second word names."""
    command = built_in(words[0])
    command = getattr(command, "commands", {}).get(words[1], command) if len(words) > 1 else command
    return any("--now" in each.opts for each in command.params)
