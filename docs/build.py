"""Write the reference pages from the code: the format, problem codes, criteria and commands.

python docs/build.py            writes the pages
python docs/build.py --check    says which pages are not what the code says, exit code 1 if any
"""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

DOCS = Path(__file__).parent
SCHEMA_PAGES: tuple[tuple[str, str, str, Mapping[str, str]], ...] = (
    (
        "format.md",
        "The scorecard's format",
        "Every key of a card, from the JSON Schema that `pauta schema` publishes and `pauta check` enforces. How a\n"
        "card comes to be is told in [the tutorial](tutorial.md); `pauta explain` says what its numbers mean.",
        {"The card": "scorecard"},
    ),
    (
        "operation.md",
        "The operation's file, pauta.yaml",
        "Every key of `pauta.yaml`. Secrets stand in it only as `${env:NAME}` or `${file:path}`.",
        {"The file": "operation"},
    ),
    (
        "records.md",
        "Calls and people's answers",
        "A call is one JSON object a line (`.jsonl`), or a row of a CSV file with columns `attributes.x` and\n"
        "`metrics.x` and without turns. People's answers are one JSON object an evaluation, or CSV: either a row an\n"
        "answer (with the columns `question`, `answer`, `comment`, `fault`) or a row an evaluation with a column a\n"
        "question.",
        {"A call": "call", "A person's evaluation": "evaluation"},
    ),
)
MADE = "<!-- Made by docs/build.py from the code; change it there. -->\n\n"


def pages() -> Iterator[tuple[str, str]]:
    """Every generated page: its path under docs/, and its text."""
    for name, title, intro, parts in SCHEMA_PAGES:
        yield name, schema_page(title, intro, parts)
    yield "problems.md", problems_page()
    yield "commands.md", commands_page()
    yield from criterion_pages()
    yield "rules.md", rules_page()


def schema_page(title: str, intro: str, parts: Mapping[str, str]) -> str:
    """A page of every key that some JSON Schemas know. parts: heading -> name of the schema."""
    from pauta.schemas import schema

    lines = [f"# {title}", "", intro]
    for heading, part in parts.items():
        node = schema(part)
        definitions = node.get("$defs", {})
        lines += ["", f"## {heading}", "", *_table(node, definitions)]
        for name, definition in definitions.items():
            if definition.get("properties"):
                lines += ["", f"## {name.replace('_', ' ').capitalize()}", ""]
                lines += [definition["description"], ""] if definition.get("description") else []
                lines += _table(definition, definitions)
    return "\n".join(lines) + "\n"


def _table(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> list[str]:
    rows = ["| key | what it is | takes |", "|---|---|---|"]
    required = set(node.get("required", ()))
    for key, value in node["properties"].items():
        must = " (required)" if key in required else ""
        rows.append(f"| `{key}`{must} | {_cell(value.get('description', ''))} | {_cell(_takes(value, definitions))} |")
        inner = value.get("properties", {})
        for name, each in inner.items():
            rows.append(
                f"| `{key}.{name}` | {_cell(each.get('description', ''))} | {_cell(_takes(each, definitions))} |"
            )
    return rows


def _takes(value: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    if "$ref" in value:
        name = value["$ref"].rpartition("/")[2]
        target = definitions[name]
        if target.get("properties"):
            return f"[{name.replace('_', ' ')}](#{name.replace('_', '-')})"
        return _takes(target, definitions)
    if "enum" in value:
        return ", ".join(f"`{each}`" for each in value["enum"])
    kinds = value.get("type", "anything")
    names = {"object": "map", "array": "list", "string": "text", "boolean": "true or false", "null": "nothing"}
    said = " or ".join(names.get(kind, kind) for kind in ([kinds] if isinstance(kinds, str) else kinds))
    if "items" in value and isinstance(value["items"], dict):
        said += f" of {_takes(value['items'], definitions)}"
    if "default" in value:
        default = value["default"]
        said += f"; `{str(default).lower() if isinstance(default, bool) else default}` where not given"
    return said


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def problems_page() -> str:
    """The list of problem codes; the page of each lies beside the code that raises it."""
    from pauta.engine.codes import codes, title

    groups = {
        "E1": "Reading a file",
        "E2": "The shape of a card",
        "E3": "The meaning of a card",
        "W4": "Advice about a card (warnings, exit code 0)",
        "E5": "Calls and answers",
        "W5": "Calls and answers (warnings)",
        "E6": "Plugins",
        "W6": "Plugins (warnings)",
        "E7": "The operation and its versions",
        "W7": "The operation and its versions (warnings)",
    }
    lines = [
        "# Problem codes",
        "",
        "A code never changes its meaning. `pauta check --explain E204` prints the page of one.",
    ]
    known = codes()
    for prefix, heading in groups.items():
        own = [code for code in known if code.startswith(prefix)]
        if own:
            lines += ["", f"## {heading}", "", "| code | what is wrong |", "|---|---|"]
            lines += [f"| [{code}](../pauta/engine/codes/{code}.md) | {title(code)} |" for code in own]
    return "\n".join(lines) + "\n"


def criterion_pages() -> Iterator[tuple[str, str]]:
    """A page for each shipped criterion: its module's own words, then its options."""
    from pauta.engine.host import Host

    host = Host(installed=False)
    names = sorted(host.criteria)
    yield (
        "criteria/README.md",
        "# Criteria: questions that answer themselves\n\n" + "".join(f"- [{name}]({name}.md)\n" for name in names),
    )
    for name in names:
        offered = host.criteria[name]
        module = importlib.import_module(offered.__module__)
        doc = inspect.cleandoc(offered.__doc__ or "")
        shared = [each for each in names if host.criteria[each].__module__ == offered.__module__]
        told = (
            inspect.cleandoc(module.__doc__ or "")
            if len(shared) == 1
            else f"{doc}\n\n{inspect.cleandoc(module.__doc__ or '')}"
        )
        lines = [f"# {name}", "", told]
        options = offered.options
        if options.get("properties"):
            lines += ["", "## Options", "", *_table(options, options.get("$defs", {}))]  # type: ignore[arg-type]
        yield f"criteria/{name}.md", "\n".join(lines) + "\n"


RULES = """\
# Rules of escalations

An escalation says `when` by a condition, or leaves that to a `rule`. A rule over one evaluation stands in a card;
one over many stands under `escalations` in `pauta.yaml`, with `over`: which evaluations are looked at together.

    over: {agent: last 10}        the last ten evaluations of each agent
    over: {agent: 14 d}           today and the thirteen days before; also 36 h, 90 min
    over: {question: 7 d}         one window a question of a card; also team, scorecard, evaluator, call_type

In place of a rule a condition may ask for the window's figures: `mean_score`, `share_failed` (of a question: how
often it was missed of how often it was asked), `count`, `failing_agents`, `trend` (the mean of the newer half less
that of the older), `critical_accuracy.customer`, `.business`, `.compliance`.

A window is looked at in each night in which something in it is new. What is found is raised once; what is found
again is raised again only when there is newer evidence and what it had opened is done with, or when it had ended
and came back in other calls altogether.

A rule may warn before it is too late, as `accumulated` does. A warning opens nothing, as nothing has happened yet:
of the escalation's actions only `notify` is taken, under a title that says that it is a warning. Where the escalation
has no `notify`, the supervisor is told. Another plugin's action is taken where its class says `on_warning = True`.

What three months of a centre show of rules and noise is told in
[follow-up](follow-up.md).
"""


def rules_page() -> str:
    """Every shipped rule: its module's own words, then its options."""
    from pauta.engine.host import Host

    lines = [RULES]
    for name, offered in Host(installed=False).rules.items():
        module = importlib.import_module(offered.__module__)
        kinds = getattr(offered, "kinds", None)
        over = f"Over: {', '.join(kinds)}." if kinds else "Over: everything."
        lines += [f"## {name}", "", inspect.cleandoc(module.__doc__ or ""), ""]
        lines += [over if hasattr(offered, "found") else "Over one evaluation: it stands in a card.", ""]
        lines += [*_table(offered.options, {}), ""]  # type: ignore[arg-type]
    return "\n".join(lines).rstrip() + "\n"


def commands_page() -> str:
    """Every command's own help."""
    from pauta.cli import main

    context = click.Context(main, info_name="pauta", terminal_width=100, **main.context_settings)
    lines = ["# Commands", "", "```text", main.get_help(context), "```"]
    lines += _commands_of(main, context, "pauta")
    return "\n".join(lines) + "\n"


def _commands_of(group: click.Group, context: click.Context, path: str) -> Iterator[str]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        inner = click.Context(command, info_name=name, parent=context, **main_settings(context))
        yield from ("", f"## {path} {name}", "", "```text", command.get_help(inner), "```")
        if isinstance(command, click.Group):
            yield from _commands_of(command, inner, f"{path} {name}")


def main_settings(context: click.Context) -> dict[str, Any]:
    """The help options and the width, handed down so that no page depends on what ran before."""
    return {"help_option_names": context.help_option_names, "terminal_width": context.terminal_width}


def main(check: bool) -> int:
    """Write the pages, or compare them; returns the exit code."""
    stale = []
    for name, text in pages():
        path = DOCS / name
        whole = MADE + text
        if path.is_file() and path.read_text(encoding="utf-8") == whole:
            continue
        stale.append(name)
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(whole, encoding="utf-8")
    for name in stale:
        print(f"{'is not what the code says' if check else 'written'}: docs/{name}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
