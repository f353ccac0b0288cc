"""The YAML parser's complaints in a designer's words: what is wrong, where it began, what to write instead.

PyYAML's two parsers word the same fault differently; each rule below knows both wordings, and looks at the text itself
where the wording says too little.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, TypeAlias

import yaml

from pauta.engine.problems import Place, Problem

_CLOSES: Final = {"{": "}", "[": "]"}


def question_mark_problem(place: Place) -> Problem:
    """The problem of a question mark that ends an unquoted text inside braces or brackets."""
    message = "inside braces and brackets a text that ends in a question mark must be in quotes"
    return Problem("E115", message, place, 'write {text: "Solved?", answers: yes_no}')


def syntax_problem(error: yaml.YAMLError, text: str, file: str) -> Problem:
    """The one Problem of a text that is not YAML."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return Problem("E119", f"the file is not YAML: {error}", Place(file), None)
    fault = _Fault(error, text.splitlines(), file)
    for wordings, explain in _RULES:
        if any(wording in fault.said for wording in wordings):
            return explain(fault)
    return fault.problem("E119", f"this is not YAML: {error.problem or error}", None)


class _Fault:
    """What the parser said, and the text around the place it said it of; lines and columns are counted from 0."""

    def __init__(self, error: yaml.MarkedYAMLError, lines: list[str], file: str) -> None:
        self.said = f"{error.context or ''}: {error.problem or ''}"
        self.lines = lines
        self.file = file
        mark = error.problem_mark or error.context_mark
        self.line, self.column = (mark.line, mark.column) if mark else (0, 0)
        began = error.context_mark or mark
        self.began = (began.line, began.column) if began else (0, 0)

    def text(self, line: int) -> str:
        return self.lines[line] if 0 <= line < len(self.lines) else ""

    @property
    def char(self) -> str:
        """The character at the place; empty at the end of a line or of the file."""
        return self.text(self.line)[self.column : self.column + 1]

    @property
    def before(self) -> str:
        """What stands on the line before the place."""
        return self.text(self.line)[: self.column]

    @property
    def at_end(self) -> bool:
        """Whether the file ended before the parser was done."""
        return not any(line.strip() for line in [self.text(self.line)[self.column :], *self.lines[self.line + 1 :]])

    def problem(self, code: str, message: str, hint: str | None, at: tuple[int, int] | None = None) -> Problem:
        line, column = at or (self.line, self.column)
        odd = _odd_character(self.text(line - 1) + self.text(line)) if code != "E110" else None
        return Problem(code, message, Place(self.file, line + 1, column + 1), odd or hint)


def _odd_character(line: str) -> str | None:
    if "\u00a0" in line:
        return "the line holds a no-break space, as word processors make: type its spaces anew"
    if any(quote in line for quote in "“”„«»"):
        return "only straight quotes (\" or ') quote a text"
    return None


def _tab(fault: _Fault) -> Problem:
    hint = "indent with spaces (most editors can turn tabs into spaces)"
    return fault.problem("E112", "a tab is used to indent this line", hint)


def _cannot_start(fault: _Fault) -> Problem:
    if fault.char == "\t" or "\t" in fault.before[: len(fault.before) - len(fault.before.lstrip())]:
        return _tab(fault)
    return _odd_start(fault, fault.char, (fault.line, fault.column))


def _special_start(fault: _Fault) -> Problem:
    line, column = fault.began
    return _odd_start(fault, fault.text(line)[column : column + 1], (line, column))


def _odd_start(fault: _Fault, char: str, at: tuple[int, int]) -> Problem:
    rest = fault.text(at[0])[at[1] :].strip()
    quoted = f"'{rest}'" if rest and "'" not in rest and len(rest) <= 40 else "'…'"
    message = f"a text that begins with {char or 'this character'} must be in quotes"
    return fault.problem("E116", message, f"write {quoted}", at)


def _tag(fault: _Fault) -> Problem:
    message = "a YAML tag stands here, and tags are not part of this format"
    return fault.problem("E121", message, "a text that begins with ! must be in quotes", fault.began)


def _quote(fault: _Fault) -> Problem:
    line, column = fault.began
    quote = fault.text(line)[column : column + 1]
    return fault.problem(
        "E111", f"the quote {quote} that opens here is never closed", f"close it with {quote}", (line, column)
    )


def _escape(fault: _Fault) -> Problem:
    message = "a backslash in double quotes begins an escape, and this one does not exist"
    column = fault.text(fault.line).rfind("\\", 0, fault.column + 1)
    at = (fault.line, max(column, 0))
    return fault.problem("E117", message, "put patterns in single quotes: 're:\\d+'", at)


def _document(fault: _Fault) -> Problem:
    return fault.problem("E124", "a second YAML document begins here", "one file holds one card")


def _directive(fault: _Fault) -> Problem:
    message = "a line that begins with % is a YAML directive, and this one does not exist"
    return fault.problem("E116", message, "put a text that begins with % in quotes", fault.began)


def _colon(fault: _Fault) -> Problem:
    """A colon where no key may stand: inside an unquoted text, or after a line that is indented wrongly."""
    inner = fault.before.lstrip(" -")
    if fault.column > 1000:
        return fault.problem("E118", "this key is too long: a key has at most 1,000 characters", None)
    if re.search(r":\s", inner):
        start = re.search(r":\s+(?=[^\s])(?!.*:\s)", fault.before)
        hint = f'put the text in quotes: "{_value_of(fault)}"' if _value_of(fault) else "put the text in quotes"
        at = (fault.line, start.end()) if start else (fault.line, fault.column)
        return fault.problem("E113", "an unquoted text may not hold a colon followed by a space", hint, at)
    above = fault.text(_line_above(fault))
    if re.fullmatch(r"\s*(- )?[^\s:'\"]+:[^\s:]+\s*", above):
        return _no_space(fault, _line_above(fault))
    return _indentation(fault)


def _value_of(fault: _Fault) -> str | None:
    """The text after the first key of the line, where it is short enough to show."""
    found = re.match(r"\s*(?:- )*(?:[^:\s]+):\s+(.+?)\s*$", fault.text(fault.line))
    value = found.group(1) if found else ""
    return value if value and len(value) <= 60 and value[0] not in "{[\"'" and '"' not in value else None


def _line_above(fault: _Fault) -> int:
    line = fault.line - 1
    while line > 0 and not fault.text(line).strip():
        line -= 1
    return max(line, 0)


def _no_space(fault: _Fault, line: int) -> Problem:
    text = fault.text(line)
    column = text.index(":")
    hint = f"write {text[:column].strip(' -')}: {text[column + 1 :].strip()}"
    return fault.problem("E118", "a colon after a key needs a space behind it", hint, (line, column))


def _indentation(fault: _Fault) -> Problem:
    first = len(fault.text(fault.line)) - len(fault.text(fault.line).lstrip())
    message = "this line is indented differently from the lines it belongs to"
    hint = "entries of one map begin in the same column; what belongs under a key stands deeper than the key"
    return fault.problem("E114", message, hint, (fault.line, first))


def _dash(fault: _Fault) -> Problem:
    hint = "begin the list on the next line, or write it in brackets: [a, b]"
    return fault.problem("E129", "a list with '- ' begins on a line of its own", hint)


def _no_colon(fault: _Fault) -> Problem:
    line, column = fault.began
    text = fault.text(line)
    if re.fullmatch(r"\s*(- )?[^\s:'\"]+:[^\s:]+\s*", text):
        return _no_space(fault, line)
    hint = "a long text goes on in lines that are indented deeper than its key"
    return fault.problem("E118", "this line is neither 'key: value' nor '- entry'", hint, (line, column))


def _in_brackets(fault: _Fault) -> Problem:
    """Something other than a comma or the closing bracket, inside brackets that were opened at `began`."""
    line, column = fault.began
    opened = fault.text(line)[column : column + 1]
    if "got '?'" in fault.said:
        return question_mark_problem(Place(fault.file, fault.line + 1, fault.column + 1))
    if fault.char and fault.char in "]}" and fault.char != _CLOSES.get(opened):
        message = f"the {opened} that opens here is closed by {fault.char}"
        return fault.problem("E110", message, f"close it with {_CLOSES.get(opened, opened)}", (line, column))
    if not _closed(fault.lines, line, column):
        return _open_bracket(fault)
    if fault.before.rstrip()[-1:] in ("'", '"'):
        return _after_quote(fault)
    if fault.char == ":" and _comma_forgotten(fault):
        return fault.problem("E128", "a comma is missing between two entries in brackets", "put a comma between them")
    if fault.char == ":":
        return _colon_in_brackets(fault)
    hint = "a text with a comma or a bracket inside brackets must be in quotes"
    return fault.problem("E128", "a comma is missing here, or a text in brackets needs quotes", hint)


def _comma_forgotten(fault: _Fault) -> bool:
    """Whether `a: 1 b: 2` stands there: a value of one word, then a word with a colon."""
    return re.search(r":\s+[^\s:,{\[]+\s+[^\s,:]+$", fault.before) is not None


def _open_bracket(fault: _Fault) -> Problem:
    line, column = fault.began
    opened = fault.text(line)[column : column + 1]
    closing = _CLOSES.get(opened, "its bracket")
    return fault.problem(
        "E110", f"the {opened} that opens here is never closed", f"close it with {closing}", (line, column)
    )


def _after_quote(fault: _Fault) -> Problem:
    hint = "put quotes around the whole text; inside '…' an apostrophe is written twice: 'it''s'"
    return fault.problem("E111", "text follows a closing quote", hint)


def _closed(lines: list[str], line: int, column: int) -> bool:
    """Whether the bracket at a place is closed further on (quotes and comments left out, each line as it stands)."""
    depth = 0
    for number in range(line, len(lines)):
        text = re.sub(r"'[^']*'|\"(?:\\.|[^\"\\])*\"", lambda quoted: "_" * len(quoted.group()), lines[number])
        for char in text[column if number == line else 0 :].split(" #")[0]:
            depth += (char in "{[") - (char in "}]")
            if depth == 0:
                return True
        if number > line and re.match(r"[^\s#][^{}\[\]]*:(\s|$)", lines[number]):
            return False
    return False


def _in_map(fault: _Fault) -> Problem:
    """Something other than a key inside a block map."""
    last = fault.before.rstrip()[-1:]
    if fault.char and fault.char in "}]":
        return fault.problem("E110", f"there is one {fault.char} too many", "delete it, or open its bracket")
    if last in ("'", '"'):
        return _after_quote(fault)
    if last and last in "}]":
        hint = "put the whole text in quotes, or begin a new line"
        return fault.problem("E110", "text follows a closing bracket", hint)
    if fault.char == "-" and not fault.before.strip():
        hint = "the entries of a list stand under their key, all in the same column"
        return fault.problem("E114", "a list entry stands where a key is expected", hint)
    return _indentation(fault)


def _no_content(fault: _Fault) -> Problem:
    """Something inside brackets that is no value."""
    if fault.char == ",":
        return fault.problem("E128", "there is a comma with nothing before it", "delete the comma")
    if fault.char == "-":
        return fault.problem("E129", "a list with '- ' may not stand inside brackets", "write [a, b]")
    if fault.at_end:
        return _still_open(fault)
    if fault.char and fault.char in "}]":
        return fault.problem("E110", f"there is one {fault.char} too many", "delete it, or open its bracket")
    missing = "the key before this colon" if fault.char == ":" else "a value"
    return fault.problem("E119", f"{missing} is missing here", None)


def _still_open(fault: _Fault) -> Problem:
    """The file ended inside brackets: the innermost that is open."""
    opened: list[tuple[int, int]] = []
    for number, line in enumerate(fault.lines):
        text = re.sub(r"'[^']*'|\"(?:\\.|[^\"\\])*\"", lambda quoted: "_" * len(quoted.group()), line)
        for column, char in enumerate(text.split(" #")[0]):
            if char in "{[":
                opened.append((number, column))
            elif char in "}]" and opened:
                opened.pop()
    at = opened[-1] if opened else fault.began
    bracket = fault.text(at[0])[at[1] : at[1] + 1]
    hint = f"close it with {_CLOSES.get(bracket, bracket)}"
    return fault.problem("E110", f"the {bracket} that opens here is never closed", hint, at)


def _colon_in_brackets(fault: _Fault) -> Problem:
    hint = "put a text with a colon in quotes; after a key the colon needs a space behind it"
    return fault.problem("E113", "an unquoted text in brackets holds a colon", hint)


def _block_text(fault: _Fault) -> Problem:
    return _odd_start(fault, fault.text(fault.began[0])[fault.began[1] :][:1], fault.began)


_Explain: TypeAlias = Callable[[_Fault], Problem]
_RULES: Final[tuple[tuple[tuple[str, ...], _Explain], ...]] = (
    (("tab character",), _tab),
    (("cannot start any token",), _cannot_start),
    (("scanning an alias", "scanning an anchor"), _special_start),
    (("tag",), _tag),
    (("unexpected end of stream", "unexpected document"), _quote),
    (("escape", "hexdecimal", "hexadecimal"), _escape),
    (("block scalar",), _block_text),
    (("directive", "incompatible YAML"), _directive),
    (("<document start>",), _document),
    (("mapping keys",), _special_start),
    (("unexpected ':'",), _colon_in_brackets),
    (("mapping values",), _colon),
    (("sequence entries",), _dash),
    (("expected ':'",), _no_colon),
    (("',' or",), _in_brackets),
    (("expected key", "<block end>", "'-' indicator"), _in_map),
    (("node content",), _no_content),
)
"""Wordings of the parsers, each with the function that explains the fault; the first that fits is taken."""
