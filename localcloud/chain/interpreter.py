"""Runs one execution of a checked workflow. Calls only Google's APIs as served here, as the workflow's account."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from localcloud.chain.expressions import ExpressionError, Scope, compile_expression
from localcloud.chain.language import Step, Steps, expression_in
from localcloud.errors import ApiError
from localcloud.outbound import Outbound


class WorkflowError(Exception):
    """A raised value: a map with `message` and, from HTTP, `code`, `body`, `headers`; or what `raise` was given."""

    def __init__(self, value: Any) -> None:
        super().__init__(value["message"] if isinstance(value, dict) and "message" in value else str(value))
        self.value = value


@dataclass(frozen=True)
class Returned:
    value: Any


@dataclass(kw_only=True)
class Interpreter:
    outbound: Outbound
    account: str
    """Service account that `auth: {type: OAuth2}` stands for."""
    env: Mapping[str, str]
    now: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    variables: dict[str, Any] = field(default_factory=dict[str, Any])

    async def run(self, params: list[str], steps: Steps, argument: Any) -> Any:
        """The value returned, None without a return; `WorkflowError` when it fails."""
        self.variables |= dict.fromkeys(params, argument)
        outcome = await self.steps(steps)
        return outcome.value if isinstance(outcome, Returned) else None

    async def steps(self, steps: Steps) -> Returned | None:
        for _, step in steps:
            if returned := await self.step(step):
                return returned
        return None

    async def step(self, step: Step) -> Returned | None:
        if "assign" in step:
            for entry in step["assign"]:
                self.variables |= {name: self.value(value) for name, value in entry.items()}
        elif "call" in step:
            result = await self.call(step["call"], self.value(step.get("args") or {}))
            if "result" in step:
                self.variables[step["result"]] = result
        elif "switch" in step:
            branches = (branch for branch in step["switch"] if self.value(branch["condition"]))
            if branch := next(branches, None):
                return await self.step(branch)
        elif "try" in step:
            return await self.attempt(step)
        elif "steps" in step:
            return await self.steps(named(step["steps"]))
        elif "return" in step:
            return Returned(self.value(step["return"]))
        else:
            raise WorkflowError(self.value(step["raise"]))
        return None

    async def attempt(self, step: Step) -> Returned | None:
        try:
            return await self.step(step["try"])
        except WorkflowError as error:
            self.variables[step["except"].get("as", "_")] = error.value
            return await self.steps(named(step["except"]["steps"]))

    async def call(self, function: str, args: dict[str, Any]) -> Any:
        if function == "sys.sleep":
            return await self.sleep(float(args["seconds"]))
        return await self.http(function.removeprefix("http.").upper(), args)

    async def http(self, method: str, args: dict[str, Any]) -> dict[str, Any]:
        """A status from 400 on is raised, as Workflows does."""
        # An OIDC token is of no use to an API of Google, which then answers 401.
        authorized = (args.get("auth") or {}).get("type") == "OAuth2"
        body = args.get("body")
        query = {
            key: value if isinstance(value, str) else str(value) for key, value in (args.get("query") or {}).items()
        }
        try:
            answer = await self.outbound.send(
                method, args["url"], account=self.account if authorized else None, query=query,
                body=body.encode() if isinstance(body, str) else body,
                headers=args.get("headers"), timeout=float(args.get("timeout", 300)),
            )  # fmt: skip
        except ApiError as error:
            raise WorkflowError({"message": error.message, "code": error.code, "tags": ["ConnectionError"]}) from error
        result = {"body": answer.body, "code": answer.status, "headers": answer.headers}
        if answer.status >= 400:
            message = f"{method} {args['url']} was answered {answer.reason}"
            raise WorkflowError({**result, "message": message, "tags": ["HttpError"]})
        return result

    def value(self, value: Any) -> Any:
        """With every expression in it evaluated; `WorkflowError` when one fails."""
        if isinstance(value, dict):
            return {key: self.value(inner) for key, inner in cast(dict[str, Any], value).items()}
        if isinstance(value, list):
            return [self.value(inner) for inner in cast(list[Any], value)]
        if not isinstance(value, str) or (expression := expression_in(value)) is None:
            return value
        system = {"sys.get_env": self.get_env, "sys.now": lambda: math.floor(self.now() * 1e6) / 1e6}
        try:
            return compile_expression(expression)(Scope(variables=self.variables, system=system))
        except ExpressionError as problem:
            raise WorkflowError({"message": str(problem), "tags": ["ValueError"]}) from problem

    def get_env(self, name: str, *default: str) -> str:
        if name in self.env:
            return self.env[name]
        if not default:
            raise ExpressionError(f"there is no environment variable {name}")
        return default[0]


def named(steps: list[Step]) -> Steps:
    """Steps below a step, as those of `main` are: each by its name."""
    return [next(iter(inner.items())) for inner in steps]
