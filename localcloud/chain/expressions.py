"""Expressions of Google Workflows (`${...}`), as far as our workflow uses them.

Their grammar is a part of Python's (operators, precedence, texts, lists, member access), so Python's parser reads them;
each node is checked before anything is evaluated, and nothing else can run.
"""

from __future__ import annotations

import ast
import base64
import json
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le,
    ast.Gt: operator.gt, ast.GtE: operator.ge, ast.In: lambda item, container: item in container,
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Not: operator.not_, ast.USub: operator.neg,
}  # fmt: skip
NUMBERS_ONLY = (ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod)
"""Python would repeat and format texts with some of these."""
CONSTANTS = {"true": True, "false": False, "null": None}
PURE: dict[str, Callable[..., Any]] = {
    "int": int, "double": float, "len": len,
    "string": lambda value: value if isinstance(value, str) else json.dumps(value),
    "map.get": lambda value, key: value.get(key),
    "json.decode": json.loads, "json.encode_to_string": json.dumps,
    "base64.decode": base64.b64decode, "text.decode": lambda data: data.decode(),
}  # fmt: skip
SYSTEM = ("sys.get_env", "sys.now")
"""Functions that the interpreter gives; `default` is the language's own."""
FAILURES = (KeyError, TypeError, ValueError, AttributeError, IndexError, ZeroDivisionError)


class ExpressionError(ValueError):
    """What is wrong with an expression, or with the values it met."""


@dataclass(frozen=True, kw_only=True)
class Scope:
    variables: Mapping[str, Any]
    system: Mapping[str, Callable[..., Any]]


Compiled = Callable[[Scope], Any]


@lru_cache(maxsize=256)
def compile_expression(text: str) -> Compiled:
    """What evaluates the expression between `${` and `}`; `ExpressionError` naming what is not understood."""
    try:
        node = ast.parse(text.strip(), mode="eval").body
        _check(node)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as problem:
        raise ExpressionError(f"'{text[:200]}' is not understood: {problem}") from problem

    def evaluate(scope: Scope) -> Any:
        try:
            return _value(node, scope)
        except FAILURES as problem:
            raise ExpressionError(f"'{text}': {type(problem).__name__} {problem}") from problem

    return evaluate


def _check(node: ast.AST) -> None:
    match node:
        case ast.Call(func=function, args=arguments, keywords=[]):
            name = ast.unparse(function)
            if name not in (*PURE, *SYSTEM, "default") or (name == "default" and len(arguments) != 2):
                known = ", ".join(sorted({*PURE, *SYSTEM, "default"}))
                raise ExpressionError(f"the function {name} is not understood; the local cloud knows {known}")
            inner: list[ast.AST] = list(arguments)
        case ast.Compare(left=left, ops=[operation], comparators=[right]) if type(operation) in OPERATORS:
            inner = [left, right]
        case ast.BinOp(left=left, op=operation, right=right) if type(operation) in OPERATORS:
            inner = [left, right]
        case ast.UnaryOp(op=operation, operand=operand) if type(operation) in OPERATORS:
            inner = [operand]
        case ast.BoolOp(values=values) | ast.List(elts=values):
            inner = list(values)
        case ast.Attribute(value=value):
            inner = [value]
        case ast.Subscript(value=value, slice=key) if not isinstance(key, ast.Slice):
            inner = [value, key]
        case ast.Constant(value=str() | int() | float()) | ast.Name():
            inner = []
        case _:
            raise ExpressionError(f"'{ast.unparse(node)}' is no expression of the subset that the local cloud runs")
    for each in inner:
        _check(each)


def _value(node: ast.AST, scope: Scope) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return CONSTANTS[name] if name in CONSTANTS else scope.variables[name]
        case ast.Attribute(value=value, attr=key):
            return _value(value, scope)[key]
        case ast.Subscript(value=value, slice=key):
            return _value(value, scope)[_value(key, scope)]
        case ast.List(elts=values):
            return [_value(each, scope) for each in values]
        case ast.BoolOp(op=ast.And(), values=values):
            return all(_value(each, scope) for each in values)
        case ast.BoolOp(values=values):
            return any(_value(each, scope) for each in values)
        case ast.UnaryOp(op=operation, operand=operand):
            return OPERATORS[type(operation)](_value(operand, scope))
        case ast.Compare(left=left, ops=[operation], comparators=[right]):
            return OPERATORS[type(operation)](_value(left, scope), _value(right, scope))
        case ast.BinOp(left=left, op=operation, right=right):
            values = (_value(left, scope), _value(right, scope))
            if isinstance(operation, NUMBERS_ONLY) and not all(isinstance(value, int | float) for value in values):
                raise TypeError(f"{values[0]!r} and {values[1]!r} are not both numbers")
            return OPERATORS[type(operation)](*values)
        case ast.Call(func=function, args=arguments):
            return _call(ast.unparse(function), arguments, scope)
        case _:
            raise TypeError(f"{ast.unparse(node)} was not checked")


def _call(name: str, arguments: list[ast.expr], scope: Scope) -> Any:
    if name == "default":
        try:
            value = _value(arguments[0], scope)
        except KeyError:
            value = None
        return _value(arguments[1], scope) if value is None else value
    function = PURE[name] if name in PURE else scope.system[name]
    return function(*(_value(argument, scope) for argument in arguments))
