"""The built-in sources and sinks that lead outside, held against the contract suites of strangers' plugins."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import sqlite3
import tempfile
import threading
from contextlib import closing
from dataclasses import replace
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
import yaml
from postgres_server import fresh_url
from source_cases import CASES

from pauta.engine.endpoints import open_sink
from pauta.engine.problems import Place, Problem
from pauta.store import PostgresStore
from pauta.testing import SinkContract, SourceContract
from pauta.testing.samples import sample_calls

SOURCES, SINKS = "pauta.plugins.sources", "pauta.plugins.sinks"


def template(file, name):
    return yaml.safe_load((CASES / file).read_text(encoding="utf-8"))["templates"][name]


def kept(path, document):
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return str(path)


# Sources


class TestVconSource(SourceContract):
    plugin, name, ids = f"{SOURCES}.vcon", "vcon", ("c-1",)
    good_options = ({}, {"first_speaker": "agent", "timezone": "Europe/Madrid"})
    bad_options = ({"first_speaker": "robot"}, {"keep_partial": "perhaps"})

    def target(self, folder: Path) -> str:
        text = {"type": "text", "start": "2026-03-01T09:00:00Z", "duration": 5, "mediatype": "text/plain"}
        dialog = [{**text, "parties": n, "body": body} for n, body in enumerate(("Hello", "Good morning"))]
        return kept(folder / "one.vcon", {**template("vcon.yaml", "two"), "dialog": dialog})


class TestContactLensSource(SourceContract):
    plugin, name, ids = f"{SOURCES}.contact_lens", "contact_lens", ("k-1",)
    good_options = ({}, {"name_agent": True})
    bad_options = ({"name_agent": "yes"},)

    def target(self, folder: Path) -> str:
        return kept(folder / "voice.json", template("contact_lens.yaml", "voice"))

    def evaluations_target(self, folder: Path) -> str:
        return kept(folder / "answers.json", template("contact_lens.yaml", "evaluation"))


class TestTranscribeSource(SourceContract):
    plugin, name, ids = f"{SOURCES}.transcribe_call_analytics", "transcribe_call_analytics", ("j-1",)
    good_options = ({}, {"first_speaker": "agent", "timezone": "America/Bogota"})
    bad_options = ({"first_speaker": "robot"},)

    def target(self, folder: Path) -> str:
        return kept(folder / "job.json", template("transcribe.yaml", "job"))


class TestSqlSource(SourceContract):
    plugin, name, ids = f"{SOURCES}.sql", "sql", ("c-1", "c-2")
    good_options = ({"path": "calls.db"}, {"url": "sqlite:///calls.db", "timezone": "Europe/Madrid"})
    bad_options = ({"path": 3}, {"url": ""})

    @pytest.fixture(autouse=True)
    def _database(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        with closing(sqlite3.connect("calls.db")) as connection, connection:
            connection.execute("create table calls (call_id, agent, hold)")
            connection.executemany("insert into calls values (?, ?, ?)", [("c-1", "ana", 12.5), ("c-2", "inés", None)])
            connection.execute("create table answers (call_id, evaluator, scorecard, question, answer)")
            connection.execute("insert into answers values ('c-1', 'eva', 'small', 'greeted', 'yes')")

    def target(self, folder: Path) -> str:
        return 'select call_id, agent, hold as "metrics.hold_s" from calls order by call_id'

    def evaluations_target(self, folder: Path) -> str:
        return "select * from answers"


# Sinks into files and databases


class TestXlsxSink(SinkContract):
    plugin, name = f"{SINKS}.xlsx", "xlsx"
    bad_options = ({"path": 3},)
    same_bytes = False

    def arrived(self, folder: Path) -> list[str]:
        sheet = pytest.importorskip("openpyxl").load_workbook(folder / "results.xlsx")["Evaluations"]
        head, *rows = sheet.iter_rows(values_only=True)
        return [row[head.index("evaluation id")] for row in rows]


class TestParquetSink(SinkContract):
    plugin, name = f"{SINKS}.parquet", "parquet"
    bad_options = ({"path": 3},)

    def arrived(self, folder: Path) -> list[str]:
        parquet = pytest.importorskip("pyarrow.parquet")
        return parquet.read_table(folder / "results.parquet")["evaluation_id"].to_pylist()


@cache
def database(folder: Path) -> str:
    return fresh_url()


class TestPostgresSink(SinkContract):
    plugin, name = f"{SINKS}.postgres", "postgres"
    good_options = ({"url": "postgresql://ana@db.example.org/results"},)
    bad_options = ({"url": 3}, {})
    same_bytes = False

    def _opened(self, host, folder, options):
        return super()._opened(host, folder, {"url": database(folder)})

    def arrived(self, folder: Path) -> list[str]:
        with PostgresStore(database(folder)) as store:
            return [row["evaluation_id"] for row in store.evaluations()]


class TestVconSink(SinkContract):
    plugin, name = f"{SINKS}.vcon", "vcon"
    good_options = ({"vcon_body": "value"}, {"vcon_body": "string", "include_notes": True})
    bad_options = ({"path": 3}, {"vcon_body": "text"})
    same_bytes = False

    @pytest.fixture(autouse=True)
    def _vcons(self, tmp_path_factory):
        self._from = tmp_path_factory.mktemp("vcons")

    def path(self, folder: Path) -> str:
        return str(folder / "vcons")

    def calls(self):
        for number, call in enumerate(sample_calls()):
            path = self._from / f"{number}.vcon"
            kept(path, {"vcon": "0.4.0", "uuid": call.call_id, "created_at": "2026-01-01T10:00:00Z", "parties": [{}]})
            yield replace(call, at=Place(str(path)))

    def arrived(self, folder: Path) -> list[str]:
        written = (json.loads(path.read_text(encoding="utf-8")) for path in sorted((folder / "vcons").glob("*.vcon")))
        bodies = (entry["body"] for vcon in written for entry in vcon["analysis"])
        return [(json.loads(body) if isinstance(body, str) else body)["evaluation_id"] for body in bodies]

    def test_a_folder_that_is_not_there_is_told_at_the_start(self, tmp_path: Path) -> None:
        """It makes its folder: only one that cannot be made is told."""
        (tmp_path / "file").write_text("", encoding="utf-8")
        opened = open_sink(str(tmp_path / "file" / "vcons"), self.host(), name=self.name)
        assert isinstance(opened, Problem)


# Sinks that send elsewhere


class Handler(BaseHTTPRequestHandler):
    """Takes everything, and remembers it by the path it came to."""

    came: ClassVar[dict[str, dict[str, str]]] = {}

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.came.setdefault(self.path.strip("/"), {}).setdefault(self.headers["Idempotency-Key"] or body, body)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *said):
        pass


@cache
def receiver() -> str:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"127.0.0.1:{server.server_port}"


def mark(folder: Path) -> str:
    """A word for a folder, as an address may hold it."""
    return hashlib.sha256(str(folder).encode()).hexdigest()[:12]


@cache
def ids_only(ending: str, many: bool) -> str:
    """A template of a message that says the ids of the evaluations."""
    path = Path(tempfile.mkdtemp(prefix="pauta-template-")) / f"ids.{ending}"
    loop = "{% for evaluation in evaluations %}[{{ evaluation.evaluation_id }}]{% endfor %}"
    path.write_text(loop if many else "[{{ evaluation.evaluation_id }}]", encoding="utf-8")
    return str(path)


def ids_said(texts) -> list[str]:
    return sorted({found for text in texts for found in re.findall(r"\[([^\]]+)\]", text)})


class TestWebhook(SinkContract):
    plugin, name = f"{SINKS}.webhook", "webhook"
    good_options = ({"url": "https://crm.example.com/in", "secret": "s" * 32},)
    bad_options = ({}, {"url": "https://a.example", "timeout_s": 0}, {"url": "https://a.example", "when": 3})

    def _opened(self, host, folder, options):
        near = {"url": f"http://{receiver()}/{mark(folder)}", "allow_http": True, "allow_private": True}
        return super()._opened(host, folder, {**options, **near})

    def arrived(self, folder: Path) -> list[str]:
        return [json.loads(body)["evaluation"]["evaluation_id"] for body in Handler.came[mark(folder)].values()]

    def told(self, folder: Path) -> list[str]:
        return [json.loads(body)["message"]["key"] for body in Handler.came[mark(folder)].values()]


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")  # Apprise imports it
class TestApprise(SinkContract):
    plugin, name = f"{SINKS}.apprise", "apprise"
    good_options = ({"urls": ["json://room.example.org/x"]},)
    bad_options = ({}, {"urls": []}, {"urls": "json://a"})
    each: ClassVar[str] = "evaluation"

    def _opened(self, host, folder, options):
        pytest.importorskip("apprise")
        template = ids_only("txt", self.each == "run")
        near = {"urls": [f"json://{receiver()}/{mark(folder)}"], "template": template, "each": self.each}
        return super()._opened(host, folder, {**options, **near})

    def arrived(self, folder: Path) -> list[str]:
        return ids_said(json.loads(body)["message"] for body in Handler.came[mark(folder)].values())


class TestAppriseOnceARun(TestApprise):
    each = "run"


class Box:
    """A mail server that takes everything, by who sent it."""

    came: ClassVar[dict[str, dict[str, str]]] = {}

    async def handle_DATA(self, server, session, envelope):  # noqa: N802  # the server's name for it
        from email import message_from_bytes
        from email.policy import default

        letter = message_from_bytes(envelope.content, policy=default)
        sender = envelope.mail_from.partition("@")[0]
        self.came.setdefault(sender, {})[letter["Message-ID"]] = letter.get_content()
        return "250 taken"


@cache
def mail_port() -> int:
    controller_of = pytest.importorskip("aiosmtpd.controller").Controller
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    port = server.server_port
    server.server_close()
    controller = controller_of(Box(), hostname="127.0.0.1", port=port, loop=asyncio.new_event_loop())
    controller.start()
    return port


class TestEmail(SinkContract):
    plugin, name = f"{SINKS}.email", "email"
    good_options = ({"host": "localhost", "from": "q@example.org", "to": ["lead@example.org"]},)
    bad_options = ({}, {"host": "h", "from": "q@example.org", "to": []}, {"host": "h", "from": 3, "to": "a@b.c"})
    each: ClassVar[str] = "evaluation"

    def _opened(self, host, folder, options):
        sender = f"{mark(folder)}@example.org"
        near = {"host": "127.0.0.1", "port": mail_port(), "security": "none", "from": sender, "each": self.each,
                "template": ids_only("html", self.each == "run")}  # fmt: skip
        return super()._opened(host, folder, {**options, **near})

    def arrived(self, folder: Path) -> list[str]:
        return ids_said(Box.came[mark(folder)].values())

    def told(self, folder: Path) -> list[str]:
        return [name.removeprefix("<").removesuffix("@pauta>") for name in Box.came[mark(folder)]]


class TestEmailOnceARun(TestEmail):
    each = "run"
