"""What sinks into a database of pauta's own share: a batch is one transaction, with what is to be sent."""

from collections.abc import Mapping, Sequence

from pauta import AnyStore, Call, Outbox, Recipient, Written


class Keeping:
    """A store as a sink: made with an open store."""

    def __init__(self, store: AnyStore) -> None:
        self._store = store
        self._calls: Sequence[Call] = ()
        self._cards: Sequence[Mapping[str, object]] = ()
        self._send: Sequence[Recipient] = ()
        self._written = Written()

    @property
    def outbox(self) -> Outbox:
        """The database, where what other sinks are to be sent waits too."""
        return self._store

    def send_to(self, recipients: Sequence[Recipient]) -> None:
        """Take note of the sinks that are to be sent what is new."""
        self._send = recipients

    @property
    def outcome(self) -> str:
        """What became of the run, for its summary."""
        done = self._written
        return f"{done.new} new, {done.revised} revised, {done.unchanged} unchanged"

    def about(self, calls: Sequence[Call], cards: Sequence[Mapping[str, object]]) -> None:
        """Take note of the calls and cards of the batch that comes next: they go in with it."""
        self._calls, self._cards = calls, cards

    def write(self, evaluations: Sequence[Mapping[str, object]]) -> None:
        """Keep a batch of evaluations, all of it or nothing."""
        self._written += self._store.write(evaluations, calls=self._calls, cards=self._cards, send=self._send)
        self._calls, self._cards = (), ()

    def close(self) -> None:
        """Give the file or the connection back."""
        self._store.close()
