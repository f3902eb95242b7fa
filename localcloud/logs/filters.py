"""The Logging query language, as far as our program, its alerts and Google's clients for audit logs use it.

Understood: `field OP value` with `=`, `:`, `<`, `<=`, `>`, `>=`, `=~`; `field:*`; `field=("a" OR "b")`; `log_id("…")`,
`source("…")`; `AND` (or nothing), `OR`, `NOT`, `-`, parentheses; `--` comments. As in Google's language OR binds closer
than AND, texts are compared without regard to case (but for `=~`), and a field that is absent matches nothing.
Everything else is refused in words: bare texts, `!=` and `!~` (write `NOT a=b`), other functions, quoted field names.
Regular expressions are RE2's, as Google's: none backtracks. Length and depth are bounded.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from typing import Any, NamedTuple

import re2

from localcloud.errors import ApiError
from localcloud.forms import epoch
from localcloud.logs.batches import Entry
from localcloud.logs.journal import log_id

Predicate = Callable[[Entry], bool]
SEVERITIES = ("DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY")
LONGEST = 20_000
"""Characters of a filter, as on Google."""
DEEPEST = 50
"""Parentheses and negations in each other."""
_TOKEN = re.compile(
    r"(?P<skip>\s+|--[^\n]*)"
    r'|(?P<text>"(?:[^"\\]|\\.)*")'
    r"|(?P<sign>=~|!~|<=|>=|!=|[=:<>()*,-])"
    r"|(?P<word>[\w@][\w@./+%-]*)"
)


class Token(NamedTuple):
    kind: str
    value: str
    at: int


def matching(text: str) -> Predicate:
    """Whether an entry matches the filter; `ApiError` 400 for one that is not understood."""
    return _Parser(text).filter()


class _Parser:
    def __init__(self, text: str) -> None:
        if len(text) > LONGEST:
            raise ApiError(400, f"Unparseable filter: it has {len(text)} characters; at most {LONGEST} are read.")
        self._text, self._depth = text, 0
        self._tokens = list(self._split(text))
        self._next = 0

    def _split(self, text: str) -> Iterator[Token]:
        at = 0
        while at < len(text):
            match = _TOKEN.match(text, at)
            if not match:
                raise self._refusal(f"{text[at : at + 20]!r} at {at}")
            kind = match.lastgroup or ""
            if kind != "skip":
                # A regular expression keeps the backslashes that are not the text's own.
                value = re.sub(r'\\(["\\])', r"\1", match[0][1:-1]) if kind == "text" else match[0]
                yield Token(kind, value, at)
            at = match.end()
        yield Token("end", "", at)

    def _refusal(self, what: str) -> ApiError:
        return ApiError(
            400,
            f"Unparseable filter: {what} of {self._text[:200]!r} is not understood; what the local cloud knows of the "
            "Logging query language is in localcloud/logs/filters.py.",
        )

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _take(self, *values: str) -> bool:
        """Step over a sign or keyword, if it comes next."""
        token = self._token
        if token.kind != "text" and token.value in values:
            self._next += 1
            return True
        return False

    def filter(self) -> Predicate:
        if self._token.kind == "end":
            return lambda entry: True
        predicate = self._conjunction()
        if self._token.kind != "end":
            raise self._refuse()
        return predicate

    def _refuse(self) -> ApiError:
        token = self._token
        return self._refusal(f"{token.value!r} at {token.at}" if token.kind != "end" else "its end")

    def _conjunction(self) -> Predicate:
        parts = [self._disjunction()]
        while self._take("AND") or self._token[:2] not in (("end", ""), ("sign", ")")):
            parts.append(self._disjunction())
        return parts[0] if len(parts) == 1 else lambda entry: all(part(entry) for part in parts)

    def _disjunction(self) -> Predicate:
        parts = [self._negation()]
        while self._take("OR"):
            parts.append(self._negation())
        return parts[0] if len(parts) == 1 else lambda entry: any(part(entry) for part in parts)

    def _negation(self) -> Predicate:
        negated = self._take("NOT", "-")
        if not negated and not self._take("("):
            return self._comparison()
        self._depth += 1
        if self._depth > DEEPEST:
            raise ApiError(400, f"Unparseable filter: more than {DEEPEST} parentheses or negations in each other.")
        inner = self._negation() if negated else self._conjunction()
        self._depth -= 1
        if negated:
            return lambda entry: not inner(entry)
        if not self._take(")"):
            raise self._refuse()
        return inner

    def _comparison(self) -> Predicate:
        field = self._token
        if field.kind != "word":
            raise self._refuse()
        self._next += 1
        if self._take("("):
            return self._function(field)
        sign = self._token
        if sign.kind != "sign" or sign.value not in {**_IN_TEXT, **_COMPARES}:
            raise self._refusal(f"{field.value!r} at {field.at} (a comparison is due)")
        self._next += 1
        path = field.value.split(".")
        if sign.value == ":" and self._take("*"):
            return lambda entry: bool(_values(entry, path))
        values = self._parse_values(sign)
        if sign.value in (":", "=~"):
            holds = _IN_TEXT[sign.value]
            return lambda entry: any(holds(str(own), value) for own in _values(entry, path) for value in values)
        rank, compares = _rank(path), _COMPARES[sign.value]
        wanted = [rank(value) for value in values]
        return lambda entry: any(
            type(one) is type(other) and compares(one, other)
            for one in map(rank, _values(entry, path))
            for other in wanted
        )

    def _parse_values(self, sign: Token) -> list[str]:
        """The value, or all of `("a" OR "b")`."""
        if not self._take("("):
            return [self._value(sign)]
        values = [self._value(sign)]
        while self._take("OR"):
            values.append(self._value(sign))
        if not self._take(")"):
            raise self._refuse()
        return values

    def _value(self, sign: Token) -> str:
        token = self._token
        if token.kind not in ("text", "word"):
            raise self._refuse()
        self._next += 1
        if sign.value == "=~":
            try:
                _expression(token.value)
            except re2.error as problem:
                why = problem.args[0].decode(errors="replace")
                raise self._refusal(f"the expression {token.value!r} ({why})") from problem
        return token.value

    def _function(self, name: Token) -> Predicate:
        known = {"log_id": log_id, "source": lambda entry: entry["logName"].partition("/logs/")[0]}
        read = known.get(name.value.lower())
        if not read or self._token.kind != "text":
            raise self._refusal(f"the function {name.value!r} at {name.at}")
        wanted = self._token.value
        self._next += 1
        if not self._take(")"):
            raise self._refuse()
        return lambda entry: read(entry) == wanted


def _values(entry: Any, path: list[str]) -> list[Any]:
    """What a path leads to; through lists, everything in them. Empty messages and texts count as absent."""
    values = [entry]
    for name in path:
        step = [value[name] for value in values if isinstance(value, dict) and name in value]
        values = [each for one in step for each in (one if isinstance(one, list) else [one])]
    return [value for value in values if value not in ("", {}, None)]


def _rank(path: list[str]) -> Callable[[Any], Any]:
    """What values of a field are compared by: a time, a place in `SEVERITIES`, a number or a text in lower case."""
    if path[-1].lower().endswith("timestamp"):
        return lambda value: epoch(str(value))
    return _severity if path == ["severity"] else _number_or_text


def _severity(value: Any) -> int:
    if str(value).upper() not in SEVERITIES:
        raise ApiError(400, f"Unparseable filter: there is no severity {value!r}; known are {', '.join(SEVERITIES)}.")
    return SEVERITIES.index(str(value).upper())


def _number_or_text(value: Any) -> float | str:
    try:
        return float(value)
    except ValueError:
        return str(value).lower()


@cache
def _quiet() -> Any:
    options = re2.Options()
    options.log_errors = False  # a refusal says it; else the library writes to stderr
    return options


@lru_cache(maxsize=256)
def _expression(text: str) -> Any:
    return re2.compile(text, _quiet())


_IN_TEXT: dict[str, Callable[[str, str], bool]] = {
    ":": lambda found, wanted: wanted.lower() in found.lower(),
    "=~": lambda found, wanted: _expression(wanted).search(found) is not None,
}
_COMPARES: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
