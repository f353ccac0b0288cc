"""One month of a small centre as a story: run through the commands, and told with what they printed.

python tests/month/story.py             the story
python tests/month/story.py --write     put into docs/follow-up.md
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from pathlib import Path

sys.path.append(str(Path(__file__).parent))

from month import MISSED, WORKED, Month, moment

PAGE, MARK = Path(__file__).parents[2] / "docs" / "follow-up.md", "<!-- month -->"
GRAVE, SMALL, MONTHLY = "A critical error", "Small errors have become many", "The monthly session"
FALLEN_OFF = "The evaluation was revised"


def story(folder: Path) -> list[str]:
    """The story in Markdown, line by line, run in an empty folder."""
    with contextlib.chdir(folder):
        month = Month(folder)
        for part in (_begins, _grave, _small, _broken, _late, _second, _disputed, _verified, _plan, _praised, _session):
            part(month)
        _ends(month)
        return month.lines


def _begins(month: Month) -> None:
    month.say(
        "Harbour takes orders by telephone in Bogotá: three agents, Ana and Ben led by Luis, Carla led by Rita.",
        "Petra listens to two calls a day and answers five questions about each; Marta manages the place. Every",
        "working evening at six `pauta score --no-follow-up` and `pauta escalations run` do their part.",
        "The 23rd is a holiday, and",
        "the monthly session is on the last Friday. Below stands what the commands printed when `tests/month` ran",
        "that month, each with `--now` at its moment and without the ids (`python tests/month/story.py --write`",
        "puts it here).",
    )


def _grave(month: Month) -> None:
    month.say("### Mon 2 March: a critical error")
    heard = month.evening(2)
    month.say(
        "Ana speaks of an account before she knows who is calling. Petra hears it at three; in the evening Luis",
        "reads:",
    )
    month.tell_messages(heard, "to Luis Paz: A critical error, Ana Mora")
    month.say("The message is not the feedback. That is owed, 24 hours after the evaluation, and with it a plan:")
    month.show("2 18:30", "coach", "list", who="luis", holds="due Tue 2026-03-03 15:00")
    coaching, plan = (month.duty(2, kind, "ana", GRAVE) for kind in ("coach", "plan"))
    at = moment("3 10:00").isoformat()
    month.show("2 18:40", "coach", "schedule", coaching, "--at", at, who="luis", holds="Tue 2026-03-03 10:00")
    month.say("### Tue 3 March: the session")
    month.say("Luis and Ana listen to the call. What she says to it is written down in her own words:")
    words = "He sounded like a customer I know"
    agreed = "Name and number first, also with voices I know"
    month.show("3 10:20", "coach", "hold", coaching, "--agreed", agreed, "--words", words, who="luis", holds="was held")
    month.show(
        "3 10:25", "coach", "hold", plan, "--agreed", "Identity in 95 of 100 calls", who="luis", holds="was held"
    )
    month.show("3 10:30", "coach", "close", coaching, who="luis", holds="is closed")
    month.say("What stands in the records of it now, for Ana too:")
    month.show("3 11:00", "coach", "show", coaching, who="ana", holds=words)


def _small(month: Month) -> None:
    month.say("### Tue 10 March: one before too many")
    heard = month.evening(10)
    month.say(
        "Four non-critical errors in 30 days count as a critical one. Ben has left out his name twice and a summary",
        "once; the third is the warning. Luis is told in time, and nothing else follows: nothing grave has happened.",
    )
    month.tell_messages(heard, "one more is a critical error")


def _broken(month: Month) -> None:
    month.say("### Wed 11 March: nobody's fault")
    heard = month.evening(11)
    month.say(
        "On Monday the order form was changed: it shows the address only after the order is sent. Since then nobody",
        "reads it back. By Wednesday all three agents have missed it, and that is no longer about any of them:",
    )
    month.tell_messages(heard, "is missed by 3 of 3 agents")
    finding = month.finding(11)
    month.show("11 18:30", "findings", "list", holds="owner nobody")
    month.show("12 09:00", "findings", "own", finding, "marta", who="petra", holds="is marta's")
    month.say("As long as the finding is open, its misses make nobody's habit and nobody's accumulated errors.")


def _late(month: Month) -> None:
    month.say("### Fri 13 March: late")
    first = month.evening(12)
    assert any("to Rita Sol: A critical error, Carla Vega" in each for each in first), first
    what = "The form shows the address before the order is sent"
    finding = month.finding(11)
    month.say("Two things end the week. Marta has had the form mended:")
    month.show("13 17:00", "findings", "fix", finding, "--what", what, who="marta", holds="is fixed")
    late = month.evening(13)
    month.say(
        "And Carla made a critical error on Thursday, of which Rita was told that evening. Her 24 hours ended on",
        "Friday at three, and nothing was held. Nobody has to notice that: it goes up the line, to Marta, who leads",
        "Rita.",
    )
    month.tell_messages(late, "Late: coaching with Carla Vega")
    month.show("13 18:30", "coach", "list", who="rita", holds="overdue  coach")
    coaching, plan = (month.duty(12, kind, "carla", GRAVE) for kind in ("coach", "plan"))
    month.say("On Monday morning Rita holds it. That it was late stays in its history:")
    agreed = "Ask who is calling, also when the customer begins with the order"
    words = "She was in tears and I wanted to help at once"
    month.printed("16 09:00", "coach", "hold", coaching, "--agreed", agreed, "--words", words, who="rita")
    month.printed("16 09:10", "coach", "hold", plan, "--agreed", "Identity in 95 of 100 calls", who="rita")
    month.printed("16 09:20", "coach", "close", coaching, who="rita")
    month.show("16 09:30", "coach", "show", coaching, who="marta", holds="(overdue)")


def _second(month: Month) -> None:
    month.say("### Tue 17 March: the fourth small error")
    heard = month.evening(17)
    month.say(
        "Ben forgets the summary again. The four together are now treated as one critical error; no call's score",
        "changes.",
    )
    month.tell_messages(heard, "made 4 non-critical errors in 4 calls: a critical error")
    coaching = month.duty(17, "coach", "ben", SMALL)
    agreed, words = "Sum up before the last question, not after it", "By then they have hung up"
    month.show(
        "18 10:00", "coach", "hold", coaching, "--agreed", agreed, "--words", words, who="luis", holds="was held"
    )
    month.printed("18 10:10", "coach", "close", coaching, who="luis")


def _disputed(month: Month) -> None:
    month.say("### Wed 18 March: a dispute")
    month.evening(18)
    name = month.evaluation(18, "ben")
    month.say("Petra heard a critical error in a call of Ben's, and Ben says that there was none.")
    reason = "I had asked before I put him on hold"
    month.show("18 19:00", "dispute", "open", name, "--reason", reason, who="ben", holds="is disputed")
    month.say("Whoever evaluated does not decide:")
    refused = ("dispute", "decide", name, "uphold", "--reason", "I heard no question")
    month.show("19 09:00", *refused, who="petra", holds="E789", code=1)
    month.say("Marta listens to the whole recording: Ben is right. The corrected answers are scored, then she decides.")
    month.correct(18, "ben", "19 09:30")
    why = "He asks at 0:12, before the hold"
    month.show("19 10:00", "dispute", "decide", name, "revise", "--reason", why, who="marta", holds="is revised")
    before, after = month.scores(name)
    month.say(
        f"Both scores are kept: {before:g} in the first revision, {after:g} in the second, which counts from now on.",
        "What the first had opened nobody takes away unseen; Luis withdraws it, with the reason:",
    )
    for kind, at in (("coach", "19 10:30"), ("plan", "19 10:31")):
        duty = month.duty(18, kind, "ben", GRAVE)
        month.show(at, "coach", "withdraw", duty, "--reason", FALLEN_OFF, who="luis", holds="is withdrawn")
    month.show("19 10:40", "acknowledge", name, who="ben", holds="is acknowledged")


def _verified(month: Month) -> None:
    month.say("### Fri 20 March: did the new form help?")
    month.evening(20)
    month.say("A week after the fix the calls tell:")
    month.show("20 18:30", "findings", "verify", month.finding(11), who="marta", holds="verified")


def _plan(month: Month) -> None:
    month.say("### Tue 24 March: Ana's plan, by its measure")
    plan = month.duty(2, "plan", "ana", GRAVE)
    month.say("The plan of the second of March is due today. Whether it was reached is not a matter of opinion:")
    month.show("24 09:00", "coach", "follow-up", plan, who="luis", holds="reached: yes")
    month.show("24 09:05", "coach", "close", plan, "--note", "Ana now asks everybody", who="luis", holds="is closed")


def _praised(month: Month) -> None:
    month.say(
        "On Friday Carla had turned an angry caller into a grateful one, without a fault. That is owed an answer,",
        "too:",
    )
    month.show("24 09:30", "coach", "list", "--agent", "carla", who="rita", holds="recognise  Carla Vega")
    praise = month.duty(20, "recognise", "carla", "A complaint without a fault")
    month.show("24 10:00", "coach", "hold", praise, "--words", "I only let him finish", who="rita", holds="was held")
    month.printed("24 10:05", "coach", "close", praise, who="rita")
    month.say("Others may learn from the call if Carla agrees, and only then is it in the library:")
    month.show("24 10:10", "examples", holds="no examples")
    month.show("24 10:15", "examples", "consent", who="carla", holds="asked")
    (example,) = month.ledger("exemplars")
    month.show("24 10:16", "examples", "consent", example["id"][:12], "yes", who="carla", holds="is given")
    month.show("24 10:20", "examples", holds="Carla Vega")


def _session(month: Month) -> None:
    month.say("### Fri 27 March: the monthly session")
    month.evening(26)
    month.say(
        "Whoever had eight calls evaluated in 30 days is owed a session, good month or bad. On Friday morning all",
        "else is done but a plan that runs:",
    )
    month.show("27 09:00", "coach", "list", who="marta", holds="due Fri 2026-03-27 16:00")
    agreed = {
        "ana": "Keep to what works; sit beside Ben for a morning",
        "ben": "Look at the summaries again in April",
        "carla": "Show the complaint of the 20th to the others",
    }
    for minute, (agent, what) in enumerate(agreed.items()):
        duty = month.duty(16 if agent == "ana" else 17, "coach", agent, MONTHLY)
        who = "rita" if agent == "carla" else "luis"
        words = ("--words", "I want to hear Carla's call") if agent == "ben" else ()
        given = ("coach", "hold", duty, "--form", "in_person", "--agreed", what, *words)
        month.show(f"27 16:{minute:02}", *given, who=who, holds="was held")
        month.printed("27 17:30", "coach", "close", duty, who=who)


def _ends(month: Month) -> None:
    month.say("### Tue 31 March: what the month leaves")
    month.evening(31)
    month.say("Carla's plan goes on, and there is newer evidence for April's sessions:")
    month.show("31 18:30", "coach", "list", who="marta", holds="due Fri 2026-04-24 16:00")
    month.show("31 18:31", "findings", "list", "--all", holds="verified")
    duties, messages = month.ledger("duties"), month.ledger("messages")
    states = [row["state"] for row in duties]
    late = {row["id"] for row in month.ledger("history", "thing = 'duty'") if row["after"] == "overdue"}
    closed, withdrawn = states.count("closed"), states.count("withdrawn")
    assert "overdue" not in states
    month.say(
        f"In figures: {2 * len(WORKED)} calls evaluated, {len(MISSED)} of them with a miss as first answered;",
        f"{len(duties)} duties, {len(late)} of them late, {closed} closed, {withdrawn} withdrawn,",
        f"{len(duties) - closed - withdrawn} that go into April; one finding fixed and verified,",
        f"one evaluation revised, one call in the library, {len(messages)} messages.",
    )


def put_into_docs(lines: list[str]) -> None:
    """Replace what stands between the marks of docs/follow-up.md."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(MARK)
    after = rest.partition(MARK)[2]
    PAGE.write_text("\n".join([before + MARK, *lines, MARK + after]), encoding="utf-8")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        told = story(Path(place))
    if sys.argv[1:] == ["--write"]:
        put_into_docs(told)
    else:
        print("\n".join(told))
