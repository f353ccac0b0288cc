"""A plugin for tests, made of one class that it offers."""

from pauta import hookimpl


class Plugin:
    """Offers a class of one kind: `Plugin("sinks", MySink)`."""

    def __init__(self, kind: str, offered: type) -> None:
        def register(register):
            register(offered)

        setattr(self, f"register_{kind}", hookimpl(register))
