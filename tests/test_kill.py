"""kill -9 at random moments of a run that also sends its results to a troubled receiver, and a second run."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

import pytest
from card_folders import write_cards
from postgres_server import fresh_url

from pauta.store import TABLES, PostgresStore, Store

CALLS = 2000
SECRET = "s3cret-of-the-crm"
HERE = Path(__file__).parent
CARD = {
    "scorecard": "sale",
    "sections": [{"section": "s", "answers": "yes_no", "questions": [
        {"question": "hello", "text": "Hello", "criterion": {"phrase": {"any": ["good morning"]}}},
        {"question": "long", "text": "Was it long", "criterion": {"condition": {"call.duration_s": {"at_least": 60}}}},
    ]}],
    "examples": None,
}  # fmt: skip
VOLATILE = {"tries", "next_at", "queued_at", "delivered_at", "error"}
"""What of the outbox depends on the receiver's bad luck and on the hour."""


def operation(folder, url, store, calls=CALLS):
    """An operation whose results go into a store and to a receiver."""
    write_cards(folder, {"scorecards/sale.yaml": CARD})
    delivery = "{tries: 1000, first_s: 0.01, most_s: 0.05, row: 20, pause_s: 0.05}"
    (folder / "pauta.yaml").write_text(
        "operation: kill\nsources: [calls.jsonl]\nsinks:\n"
        f"  - {store}\n"
        f"  - webhook: {{url: '{url}', secret: '${{env:CRM_SECRET}}', allow_http: true, allow_private: true,\n"
        f"      timeout_s: 0.4, delivery: {delivery}}}\n"
        "redact: [card_number]\n",
        encoding="utf-8",
    )
    text = ("good morning how are you", "good evening", "my card is 4111 1111 1111 1111 good morning")
    with (folder / "calls.jsonl").open("w", encoding="utf-8") as lines:
        for n in range(calls):
            turns = [{"speaker": "agent", "text": text[n % 3], "start": 0, "end": 5}]
            lines.write(json.dumps({"call_id": f"c{n}", "agent": f"a{n % 7}", "duration_s": n % 120, "turns": turns}))
            lines.write("\n")


def run(folder, kill_after=None):
    """One `pauta score`, killed after so many seconds; its exit code."""
    environment = {**os.environ, "CRM_SECRET": SECRET, "PAUTA_DATABASE": ""}
    command = [sys.executable, "-m", "pauta", "score", "--batch", "100", "--deliver-for", "300"]
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as it:
        if kill_after is not None:
            try:
                it.wait(kill_after)
            except subprocess.TimeoutExpired:
                it.send_signal(signal.SIGKILL)
        output = it.communicate()[0].decode()
    assert SECRET not in output
    if kill_after is None:
        assert it.returncode == 0, output
    return it.returncode


def content(store):
    """Everything in a database, but what the receiver's luck and the hour decide."""
    found = {}
    for table, columns in TABLES.items():
        kept = [name for name in columns if name not in VOLATILE]
        order = "ORDER BY position" if isinstance(store, PostgresStore) and table in ("evaluations", "outbox") else ""
        query = f"SELECT {', '.join(kept)} FROM {table} {order}"
        rows = [tuple(map(repr, row.values())) for row in store._read(query)]
        found[table] = rows if table in ("evaluations", "outbox") else sorted(rows)
    return found


@pytest.fixture(scope="module")
def receiver(tmp_path_factory):
    log = tmp_path_factory.mktemp("receiver") / "log"
    log.touch()
    command = [sys.executable, str(HERE / "troubled_server.py"), str(log), SECRET, "0.01"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}", log
        process.terminate()


def received(log, path):
    """What came under a path: key -> what was sent under it, of what was taken; and every deed."""
    taken, deeds = defaultdict(set), defaultdict(int)
    for line in log.read_text(encoding="utf-8").splitlines():
        where, deed, key, evaluation, revision, body, right = line.split("\t")
        if where == path:
            assert right == "True"
            deeds[deed] += 1
            if deed == "ok":
                taken[key].add((evaluation, revision, body))
    return taken, dict(deeds)


def stores(kind, folder):
    """How `pauta.yaml` names the store, and how to open it."""
    if kind == "sqlite":
        return "results.db", lambda: Store(folder / "results.db")
    url = fresh_url()
    return f"postgres: {{url: '{url}'}}", lambda: PostgresStore(url)


def undisturbed(kind, folder, receiver, calls=CALLS):
    address, log = receiver
    folder.mkdir()
    written, opened = stores(kind, folder)
    operation(folder, f"{address}/{folder.name}", written, calls)
    began = time.monotonic()
    run(folder)
    took = time.monotonic() - began
    with opened() as store:
        return content(store), took, received(log, f"/{folder.name}")[0]


def check(kind, tmp_path, receiver, moments, calls=CALLS, seed=4):
    """Kill, run again, compare, until so many runs were killed and each left a database as if nothing had happened."""
    address, log = receiver
    expected, took, sent = undisturbed(kind, tmp_path / f"{kind}-0", receiver, calls)
    assert len(expected["evaluations"]) == len(expected["outbox"]) == len(sent) == calls
    dice, killed, number, cut = random.Random(seed), 0, 0, []
    while killed < moments:
        number += 1
        folder = tmp_path / f"{kind}-{number}"
        folder.mkdir()
        written, opened = stores(kind, folder)
        operation(folder, f"{address}/{folder.name}", written, calls)
        began = time.monotonic()
        if run(folder, kill_after=dice.uniform(0.3, took)) == -signal.SIGKILL:
            killed += 1
            cut.append(len(received(log, f"/{folder.name}")[0]))
        else:
            took = min(took, time.monotonic() - began)  # it was done before: the next moments are earlier
        run(folder)
        with opened() as store:
            assert content(store) == expected
            if isinstance(store, Store):
                assert store._execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        taken = received(log, f"/{folder.name}")[0]
        assert taken.keys() == sent.keys(), "every result came, and nothing else"
        assert all(len({about[:2] for about in each}) == 1 for each in taken.values()), "one result under one key"
    print(f"{kind}: {killed} of {killed} killed and as if undisturbed ({number} runs), killed when there were {cut}")


KILLS = int(os.environ.get("PAUTA_KILLS", "6"))
"""How many runs are killed; 50 take about half an hour on two cores."""


def test_killed_once_and_run_again(tmp_path, receiver):
    check("sqlite", tmp_path, receiver, 1, calls=200)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_killed_at_random_moments_with_sqlite(tmp_path, receiver):
    check("sqlite", tmp_path, receiver, KILLS)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_killed_at_random_moments_with_postgres(tmp_path, receiver):
    check("postgres", tmp_path, receiver, max(KILLS // 3, 1))
