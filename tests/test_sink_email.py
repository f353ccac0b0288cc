"""Messages to people: sent to a real mail server and a real web server on loopback, once per key, without surprises."""

from __future__ import annotations

import json
import socket
import threading
from email import message_from_bytes
from email.policy import default
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from results_made import evaluation

from pauta.engine.contracts import Delivery, NotTaken
from pauta.engine.endpoints import open_sink
from pauta.engine.host import Host
from pauta.engine.problems import Problem, ProblemsFound
from pauta.plugins.sinks.apprise import Apprise
from pauta.plugins.sinks.email import Email
from pauta.plugins.sinks.messages import Writer, one_line

CRITICAL = {"critical_errors": {"at_least": 1}}


class Box:
    """A mail server's mailbox; it refuses the addresses in `refused`, and everything while `down`."""

    def __init__(self):
        self.letters, self.refused, self.down = [], set(), False

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802  # the server's name for it
        if address in self.refused:
            return "550 nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802  # as above
        if self.down:
            return "451 later"
        self.letters.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=default)))
        return "250 taken"


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@pytest.fixture
def box():
    made = Box()
    made.port = free_port()
    controller = Controller(made, hostname="127.0.0.1", port=made.port)
    controller.start()
    yield made
    controller.stop()


def email(box, **options):
    return Email({"host": "127.0.0.1", "port": box.port, "security": "none", "from": "Quality <q@example.org>",
                  "to": ["boss@example.org", "Lead <lead@example.org>"], **options})  # fmt: skip


def item(key="k1", **changes):
    return Delivery(key, evaluation(**changes), {"call_id": "c-1"})


def test_a_message_about_an_evaluation(box):
    sink = email(box, when=CRITICAL)
    assert [sink.wants(evaluation()), sink.wants(evaluation(critical_errors=0))] == [True, False]
    sink.deliver(item())
    sink.deliver(item("k2"))
    sink.close()
    (to, letter), (_, second) = box.letters
    assert to == ["boss@example.org", "lead@example.org"]
    assert (letter["From"], letter["Subject"]) == ("Quality <q@example.org>", "retail: ana good")
    assert (letter["Message-ID"], second["Message-ID"]) == ("<k1@pauta>", "<k2@pauta>")
    body = letter.get_content()
    assert "Call c-1 of ana, evaluated by engine with retail 1.0.0" in body
    assert "- greeting: no - nobody said it" in body


def items(*evaluations):
    return [Delivery(f"k-{each['evaluation_id']}", each, {"call_id": each["call_id"]}) for each in evaluations]


def test_one_message_for_a_run(box):
    sink = email(box, when=CRITICAL, each="run")
    assert sink.gathers
    assert not email(box).gathers
    for _ in range(2):
        sink.deliver_all("k9", items(evaluation(), evaluation("e3", call_id="c-3")))
    sink.close()
    (_, letter), (_, again) = box.letters
    assert letter["Subject"] == "2 evaluations to look at"
    assert [line[:6] for line in letter.get_content().splitlines() if line] == ["- c-1 ", "- c-3 "]
    assert letter["Message-ID"] == again["Message-ID"] == "<k9@pauta>"


@pytest.mark.parametrize(
    "text", ["ana\nBcc: evil@example.org", "ana\r\n\r\nhello", "a\x00b", "\u2028x", "x" * 500, "Ñandú \U0001f600"]
)
def test_nothing_that_was_said_becomes_a_header(text, box):
    sink = email(box)
    sink.deliver(item(agent=text, band=text))
    sink.close()
    ((to, letter),) = box.letters
    assert to == ["boss@example.org", "lead@example.org"]
    assert set(letter.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Type", "Content-Transfer-Encoding",
        "MIME-Version", "X-Peer", "X-MailFrom", "X-RcptTo",
    } & set(letter.keys())  # fmt: skip
    assert letter["Bcc"] is None
    assert "\n" not in letter["Subject"]


def test_a_template_of_the_operation(box, tmp_path):
    page = tmp_path / "note.html"
    page.write_text(
        "Subject: {{ evaluation.agent }}\n<p>{{ evaluation.agent }}: {{ call.call_id }}</p>", encoding="utf-8"
    )
    sink = email(box, template=str(page))
    sink.deliver(item(agent="<script>x</script>"))
    sink.close()
    ((_, letter),) = box.letters
    assert letter.get_content_type() == "text/html"
    assert letter.get_content().strip() == "<p>&lt;script&gt;x&lt;/script&gt;: c-1</p>"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ evaluation.agent", "line 1"),
        ("{{ ''.__class__.__mro__ }}", None),
        ("{{ evaluation.nothing.at_all }}", None),
        (None, "no such file"),
    ],
)
def test_templates_that_cannot_be_used(text, said, tmp_path):
    page = tmp_path / "note.txt"
    if text is not None:
        page.write_text(text, encoding="utf-8")
    with pytest.raises(ProblemsFound) as found:
        Writer({"template": str(page)}).about(evaluation())
    assert found.value.problems[0].code == "E572"
    assert said is None or said in found.value.problems[0].message


def test_what_the_server_does_not_take_is_told_and_sent_again_under_the_same_key(box):
    sink = email(box)
    box.down = True
    with pytest.raises(NotTaken, match=r"did not take the message \(code 451\)$"):
        sink.deliver(item())
    box.down = False
    sink.deliver(item())
    box.refused = {"lead@example.org"}
    with pytest.raises(NotTaken, match=r"the mail server refuses lead@example\.org"):
        sink.deliver(item("k2"))
    box.refused = set()
    sink.deliver(item("k2"))
    sink.close()
    assert [(to, letter["Message-ID"]) for to, letter in box.letters] == [
        (["boss@example.org", "lead@example.org"], "<k1@pauta>"), (["boss@example.org"], "<k2@pauta>"),
        (["lead@example.org"], "<k2@pauta>"),
    ]  # fmt: skip


def test_no_server_is_an_error_and_no_encryption_is_no_message(box):
    with pytest.raises(NotTaken, match="cannot be reached"):
        email(type("Gone", (), {"port": 1})()).deliver(item())
    with pytest.raises(NotTaken, match="does not offer the encryption"):
        email(box, security="starttls").deliver(item())
    with pytest.raises(NotTaken, match="the mail server"):
        email(box, security="tls", timeout=5).deliver(item())
    assert box.letters == []


@pytest.mark.filterwarnings("ignore")  # the server's own, about itself
def test_a_password_is_used_and_shown_to_nobody():
    seen = []

    def check(server, session, envelope, mechanism, data):
        seen.append((data.login, data.password))
        return AuthResult(success=data.password == b"right", handled=False)

    box = Box()
    box.port = free_port()
    controller = Controller(
        box, hostname="127.0.0.1", port=box.port, authenticator=check, auth_require_tls=False, auth_exclude_mechanism=[]
    )
    controller.start()
    try:
        email(box, username="q", password="right").deliver(item())
        with pytest.raises(NotTaken, match=r"refuses the user or the password \(code 535\)$") as error:
            email(box, username="q", password="wr0ng-secret").deliver(item())
    finally:
        controller.stop()
    assert seen[0] == (b"q", b"right")
    assert len(box.letters) == 1
    assert "wr0ng" not in str(error.value)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"to": "boss"}, "E573"),
        ({"to": ["a@b.c\nBcc: d@e.f"]}, "E573"),
        ({"from": "a@b.c, d@e.f"}, "E573"),
        ({"host": "smtp.example.org", "security": "none", "password": "x", "username": "q"}, "E573"),
        ({"template": "gone.txt"}, "E572"),
        ({"to": []}, "E205"),
        ({"security": "no"}, "E205"),
        ({"when": {"scor": 1}}, "E310"),
    ],
)
def test_options_that_are_wrong_are_told_before_anything_is_sent(options, code):
    given = {"host": "127.0.0.1", "from": "q@example.org", "to": "boss@example.org", **options}
    problem = open_sink("", Host(installed=False), name="email", options=given)
    assert isinstance(problem, Problem), problem
    assert problem.code[0] == "E"
    assert code in (problem.code, "E205", "E310")


class Room(BaseHTTPRequestHandler):
    """A chat room that takes JSON, or does not."""

    def do_POST(self):
        said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.said.append((self.path, said))
        self.send_response(500 if self.path in self.server.closed else 200)
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture
def rooms():
    server = HTTPServer(("127.0.0.1", 0), Room)
    server.said, server.closed = [], set()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")  # Apprise imports it
def test_a_message_in_chat_rooms_once_each(rooms):
    at = f"json://127.0.0.1:{rooms.server_port}"
    sink = Apprise({"urls": [f"{at}/one", f"{at}/two"], "when": CRITICAL})
    assert [sink.wants(evaluation()), sink.wants(evaluation(critical_errors=0))] == [True, False]
    rooms.closed = {"/two"}
    with pytest.raises(NotTaken, match=r"^address 2 of apprise did not take the message$"):
        sink.deliver(item())
    rooms.closed = set()
    sink.deliver(item())
    assert [path.rstrip("/") for path, _ in rooms.said] == ["/one", "/two", "/two"]
    assert rooms.said[0][1]["title"] == "retail: ana good"
    assert "Call c-1 of ana" in rooms.said[0][1]["message"]


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")
def test_one_message_for_a_run_in_a_chat_room(rooms):
    at = f"json://127.0.0.1:{rooms.server_port}"
    sink = Apprise({"urls": [f"{at}/one", f"{at}/two"], "each": "run"})
    assert sink.gathers
    rooms.closed = {"/two"}
    with pytest.raises(NotTaken):
        sink.deliver_all("k9", items(evaluation(), evaluation("e2")))
    rooms.closed = set()
    sink.deliver_all("k9", items(evaluation(), evaluation("e2")))
    assert [path.rstrip("/") for path, _ in rooms.said] == ["/one", "/two", "/two"]
    assert {said["title"] for _, said in rooms.said} == {"2 evaluations to look at"}


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")
def test_what_a_room_raises_is_not_told(rooms):
    class Broken:
        def notify(self, **said):
            raise RuntimeError("POST https://hooks.example.org/tok3n")

    sink = Apprise({"urls": [f"json://127.0.0.1:{rooms.server_port}/one"]})
    sink._rooms = [Broken()]
    with pytest.raises(NotTaken) as error:
        sink.deliver(item())
    assert "tok3n" not in str(error.value)


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")
def test_an_address_that_is_none_is_named_without_its_secret(caplog):
    problem = open_sink("", Host(installed=False), name="apprise", options={"urls": ["slak://tok3n-secret"]})
    assert (problem.code, "tok3n" in str(problem), "slak://" in str(problem)) == ("E574", False, True)
    assert "tok3n" not in caplog.text


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"score": {"below": 85}}, True), ({"band": "good"}, True), ({"passed": False}, False),
        ({"critical_errors.customer": 1}, True), ({"critical_errors.compliance": {"at_least": 1}}, False),
        ({"answer.greeting": "no"}, True), ({"answer.offers": "named"}, True),
        ({"answer.empathy": {"exists": True}}, False),
        ({"section.opening": {"above": 1}}, True), ({"unverified": 1}, True), ({"missing": 0}, True),
        ({"call.agent": "ana"}, True), ({"call.agent": "bo"}, False), ({"agent_score": {"exists": False}}, True),
        ({"none": [{"status": "complete"}]}, False), ({"call.attributes.tier": "gold"}, True),
        ({"call.direction": "outbound"}, False),
    ],
)  # fmt: skip
def test_conditions_see_the_record_of_a_result(condition, expected):
    call = {"call_id": "c-1", "direction": "inbound", "attributes": {"tier": "gold"}}
    assert Writer({"when": condition}).wants(evaluation(), call) is expected


def test_one_line():
    assert one_line(" a\r\n\tb\x00c ") == "a b c"
    assert len(one_line("x" * 999)) == 200
