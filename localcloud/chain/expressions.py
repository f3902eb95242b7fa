"""Expressions of Google Workflows (`${...}`), as far as our workflow uses them: compiled, then evaluated."""

from __future__ import annotations

import base64
import json
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

LEXEME = re.compile(
    r"""\s*(?:(\d+\.\d+|\d+)|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|([A-Za-z_]\w*)|(==|!=|<=|>=|//|[-+*/%<>()\[\].,]))"""
)
BINARY: list[dict[str, Callable[[Any, Any], Any]]] = [
    {"==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
     "in": lambda item, container: item in container},
    {"+": operator.add, "-": operator.sub},
    {"*": operator.mul, "/": operator.truediv, "//": operator.floordiv, "%": operator.mod},
]  # fmt: skip
"""Binary operators from the loosest to the tightest; `and`, `or` and `not` are looser than all of them."""

PURE: dict[str, Callable[..., Any]] = {
    "int": int, "double": float, "len": len,
    "string": lambda value: value if isinstance(value, str) else json.dumps(value),
    "map.get": lambda value, key: value.get(key),
    "json.decode": json.loads, "json.encode_to_string": json.dumps,
    "base64.decode": base64.b64decode, "text.decode": lambda data: data.decode(),
}  # fmt: skip
SYSTEM = {"sys.get_env", "sys.now"}
"""Functions that the interpreter gives; `default` is the language's own."""


class ExpressionError(ValueError):
    """What is wrong with an expression, or with the values it met."""


@dataclass(frozen=True, kw_only=True)
class Scope:
    variables: Mapping[str, Any]
    system: Mapping[str, Callable[..., Any]]


Compiled = Callable[[Scope], Any]


@lru_cache(maxsize=256)
def compiled(text: str) -> Compiled:
    """The expression between `${` and `}`; `ExpressionError` naming what is not understood."""
    parser = Parser(text)
    value = parser.either()
    if parser.peek():
        raise ExpressionError(f"'{parser.peek()}' is not expected in '{text}'")

    def evaluate(scope: Scope) -> Any:
        try:
            return value(scope)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, ZeroDivisionError) as problem:
            raise ExpressionError(f"'{text}': {type(problem).__name__} {problem}") from problem

    return evaluate


class Parser:
    """Recursive descent; each method reads one level of precedence and returns what evaluates it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lexemes: list[str] = []
        end = 0
        for match in LEXEME.finditer(text):
            if match.start() != end:
                break
            self.lexemes.append(match[0].strip())
            end = match.end()
        if text[end:].strip():
            raise ExpressionError(f"'{text[end:].strip()}' in '{text}' is not understood")
        self.at = 0

    def peek(self) -> str:
        return self.lexemes[self.at] if self.at < len(self.lexemes) else ""

    def take(self, wanted: str | None = None) -> str:
        lexeme = self.peek()
        if not lexeme or (wanted and lexeme != wanted):
            raise ExpressionError(f"'{self.text}': expected {wanted or 'a value'}, found '{lexeme or 'the end'}'")
        self.at += 1
        return lexeme

    def either(self) -> Compiled:
        left = self.both()
        while self.peek() == "or":
            self.take()
            left = (lambda a, b: lambda scope: a(scope) or b(scope))(left, self.both())
        return left

    def both(self) -> Compiled:
        left = self.negation()
        while self.peek() == "and":
            self.take()
            left = (lambda a, b: lambda scope: a(scope) and b(scope))(left, self.negation())
        return left

    def negation(self) -> Compiled:
        if self.peek() != "not":
            return self.binary(0)
        self.take()
        value = self.negation()
        return lambda scope: not value(scope)

    def binary(self, level: int) -> Compiled:
        if level == len(BINARY):
            return self.member()
        left = self.binary(level + 1)
        while self.peek() in BINARY[level]:
            apply = BINARY[level][self.take()]
            left = (lambda f, a, b: lambda scope: f(a(scope), b(scope)))(apply, left, self.binary(level + 1))
        return left

    def member(self) -> Compiled:
        value = self.atom()
        while self.peek() in (".", "["):
            if self.take() == ".":
                key = constant(self.take())
            else:
                key = self.either()
                self.take("]")
            value = (lambda a, b: lambda scope: a(scope)[b(scope)])(value, key)
        return value

    def atom(self) -> Compiled:
        lexeme = self.take()
        if lexeme == "(":
            value = self.either()
            self.take(")")
            return value
        if lexeme == "-":
            value = self.member()
            return lambda scope: -value(scope)
        if lexeme[0] in "\"'":
            return constant(
                json.loads('"' + lexeme[1:-1].replace('"', '\\"') + '"') if lexeme[0] == "'" else json.loads(lexeme)
            )
        if lexeme[0].isdigit():
            return constant(json.loads(lexeme))
        if lexeme in ("true", "false", "null"):
            return constant(json.loads(lexeme))
        if not lexeme[0].isalpha() and lexeme[0] != "_":
            raise ExpressionError(f"'{lexeme}' is not a value in '{self.text}'")
        return self.named(lexeme)

    def named(self, lexeme: str) -> Compiled:
        """A variable, or a call such as `map.get(a, "b")`, whose name may hold a dot."""
        dotted = (
            f"{lexeme}.{self.lexemes[self.at + 1]}"
            if self.peek() == "." and self.lexemes[self.at + 2 : self.at + 3] == ["("]
            else ""
        )
        if not dotted and self.peek() != "(":
            return lambda scope: scope.variables[lexeme]
        if dotted:
            self.at += 2
        return self.call(dotted or lexeme)

    def call(self, name: str) -> Compiled:
        self.take("(")
        arguments: list[Compiled] = []
        while self.peek() != ")":
            arguments.append(self.either())
            if self.peek() != ")":
                self.take(",")
        self.take(")")
        if name == "default" and len(arguments) == 2:
            return or_default(*arguments)
        if name in PURE:
            return lambda scope: PURE[name](*(argument(scope) for argument in arguments))
        if name in SYSTEM:
            return lambda scope: scope.system[name](*(argument(scope) for argument in arguments))
        known = ", ".join(sorted({*PURE, *SYSTEM, "default"}))
        raise ExpressionError(f"the function {name} is not understood; the local cloud knows {known}")


def constant(value: Any) -> Compiled:
    return lambda _: value


def or_default(value: Compiled, other: Compiled) -> Compiled:
    def evaluate(scope: Scope) -> Any:
        try:
            found = value(scope)
        except KeyError:
            found = None
        return other(scope) if found is None else found

    return evaluate
