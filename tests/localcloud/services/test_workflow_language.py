"""Our subset of the Workflows language: expressions, steps, and refusing everything else by name."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from localcloud.chain.expressions import ExpressionError, Scope, compile_expression
from localcloud.chain.interpreter import Interpreter, WorkflowError
from localcloud.chain.language import LanguageError, parse
from localcloud.errors import ApiError
from localcloud.outbound import Answer

VARIABLES = {"event": {"id": "7", "data": {"message": {"data": "aGk="}}, "tags": ["a", "b"]}, "n": 7, "none": None}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("-n + 10", 3),
        ("int(n / 2)", 3),
        ("n // 2 + n % 2", 4),
        ('"starts/" + string(n)', "starts/7"),
        ("event.data.message.data", "aGk="),
        ('event["id"]', "7"),
        ("event.tags[1]", "b"),
        ('"x" in event and not("y" in event)', False),
        ('not("x" in event)', True),
        ('"id" in event or missing.key', True),
        ("n >= 7 and n < 8 and n != 6", True),
        ("n == 7.0", True),
        ("text.decode(base64.decode(event.data.message.data))", "hi"),
        ('default(event.missing, "other")', "other"),
        ('default(none, "other")', "other"),
        ('map.get(event, "missing") == null', True),
        ("len(event.tags)", 2),
        ('json.decode("{\\"a\\": [1]}").a[0]', 1),
        ("json.encode_to_string(event.tags)", '["a", "b"]'),
        ("true and not false", True),
        ("'it' + \"s\"", "its"),
        ('sys.get_env("HOME")', "here"),
        ("n in [6, 7]", True),
        ("n and event", True),
    ],
)
def test_expressions(text: str, value: Any) -> None:
    scope = Scope(variables=VARIABLES, system={"sys.get_env": lambda name: {"HOME": "here"}[name], "sys.now": float})

    assert compile_expression(text)(scope) == value


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("1 +", "is not understood"),
        ("a b", "is not understood"),
        ("uuid.generate()", "uuid.generate is not understood"),
        ("a ? b : c", "is not understood"),
        ("(1", "is not understood"),
        ("1 < n < 9", "no expression of the subset"),
        ("n if n else 1", "no expression of the subset"),
        ("[x for x in event]", "no expression of the subset"),
        ("(lambda: 1)()", "is not understood"),
        ("event[0:1]", "no expression of the subset"),
        ("b'x'", "no expression of the subset"),
        ("n ** 9", "no expression of the subset"),
        ("__import__('os')", "is not understood"),
        ("len(event, key=1)", "no expression of the subset"),
        ("(" * 5_000 + "1", "is not understood"),
        ("default(n)", "default is not understood"),
    ],
)
def test_expressions_that_are_not_understood(text: str, named: str) -> None:
    with pytest.raises(ExpressionError, match=named):
        compile_expression(text)


@pytest.mark.parametrize("text", ['"a" * 3', '"%s" % n', "event.tags - n", "n / 0", '"a" + n', "event.tags[9]"])
def test_what_workflows_does_not_calculate_is_an_error(text: str) -> None:
    with pytest.raises(ExpressionError):
        compile_expression(text)(Scope(variables=VARIABLES, system={}))


class Recorder:
    """Stands in for the HTTP client: remembers what was sent, gives the answers it was told."""

    def __init__(self, *answers: Answer | ApiError) -> None:
        self.answers = list(answers)
        self.sent: list[tuple[str, str, dict[str, Any]]] = []

    async def send(self, method: str, url: str, **more: Any) -> Answer:
        self.sent.append((method, url, more))
        answer = self.answers.pop(0)
        if isinstance(answer, ApiError):
            raise answer
        return answer


def ok(body: Any = None, status: int = 200) -> Answer:
    return Answer(status=status, body=body, headers={})


def run(
    source: str,
    argument: Any = None,
    http: Recorder | None = None,
    slept: list[float] | None = None,
    env: dict[str, str] | None = None,
) -> Any:
    async def sleep(seconds: float) -> None:
        (slept if slept is not None else []).append(seconds)

    interpreter = Interpreter(
        outbound=http or Recorder(),  # type: ignore[arg-type]
        account="runner@p.iam.gserviceaccount.com", env=env or {"WINDOW": "60"}, now=lambda: 1000.5, sleep=sleep,
    )  # fmt: skip
    params, steps = parse(source)
    return asyncio.run(interpreter.run(params, steps, argument))


def test_variables_hold_lists_and_maps() -> None:
    source = """
main:
  params: [event]
  steps:
    - start:
        assign:
          - i: ${1 + 1}
          - all: {id: "${event.id}", list: ["${i + 1}"]}
    - done:
        return: {i: "${i}", all: "${all}"}
"""
    assert run(source, {"id": "x"}) == {"i": 2, "all": {"id": "x", "list": [3]}}


def test_a_return_in_a_branch_ends_the_workflow_and_a_condition_that_fails_does_not() -> None:
    source = """
- check:
    switch:
      - condition: ${1 == 2}
        return: no
      - condition: true
        return: inside
- after:
    return: after
"""
    assert run(source) == "inside"


def test_http_sends_query_body_and_the_accounts_token_only_when_asked() -> None:
    http = Recorder(ok({"a": 1}), ok())
    source = """
- one:
    call: http.post
    args: {url: https://x.googleapis.com/v1, query: {n: 0}, auth: {type: OAuth2}, body: {k: "v"}}
    result: answer
- two:
    call: http.get
    args: {url: "${answer.body.a}"}
- end_it:
    return: ${answer.code}
"""
    assert run(source, http=http) == 200
    assert http.sent[0][:2] == ("POST", "https://x.googleapis.com/v1")
    assert http.sent[0][2]["account"] == "runner@p.iam.gserviceaccount.com"
    assert http.sent[0][2]["query"] == {"n": "0"}
    assert http.sent[0][2]["body"] == {"k": "v"}
    assert http.sent[1][2]["account"] is None


def test_an_error_status_is_caught_with_its_code() -> None:
    source = """
- attempt:
    try:
      call: http.get
      args: {url: https://x.googleapis.com/}
    except:
      as: e
      steps:
        - known:
            switch:
              - condition: ${e.code == 412}
                return: taken
        - other:
            raise: ${e}
"""
    refusal = {"error": {"message": "no storage.objects.create"}}
    assert run(source, http=Recorder(ok(status=412))) == "taken"
    with pytest.raises(
        WorkflowError, match=r"GET https://x.googleapis.com/ was answered 403: no storage.objects.create"
    ):
        run(source, http=Recorder(ok(refusal, status=403)))


def test_nobody_answering_is_an_error_too() -> None:
    source = "- one: {call: http.get, args: {url: https://x.googleapis.com/}}"

    with pytest.raises(WorkflowError, match="not answered"):
        run(source, http=Recorder(ApiError(503, "GET x was not answered")))


def test_time_is_what_it_is_told() -> None:
    slept: list[float] = []
    source = """
- wait: {call: sys.sleep, args: {seconds: "${int(sys.get_env(\\"WINDOW\\"))}"}}
- now: {return: "${int(sys.now() / 60)}"}
"""
    assert run(source, slept=slept) == 16
    assert slept == [60.0]


def test_a_missing_variable_is_an_error_with_the_expression() -> None:
    with pytest.raises(WorkflowError, match=r"'nothing\.here'"):
        run('- one: {return: "${nothing.here}"}')


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("- one: {call: googleapis.run.v2.projects.locations.jobs.run}", "step one calls googleapis.run.v2"),
        ("- one: {for: {value: v}}", "step one must do one of"),
        ("- one: {call: http.get, args: {url: x}, retry: y}", "step one has retry"),
        ("- one: {try: {call: http.get}, retry: x}", "step one has retry"),
        ("- one: {call: http.get, next: end}", "step one has next"),
        ("- one: [1]", "step one must do one of"),
        ("- one: {assign: {a: 1}}", "plain variables only"),
        ("- one: {try: {call: http.get}}", "so it needs except"),
        ("- one: {call: http.get, args: {uri: x}}", "argument uri"),
        ("- one: {next: two}", "step one must do one of"),
        ('- one: {return: "${1 +}"}', "step one: "),
        ('- one: {assign: [{a.b: 1}]}', "plain variables only"),
        ("- one: {parallel: {}}", "step one must do one of"),
        ("- one: {steps: [{two: {next: one}}]}", "step two must do one of"),
        ("- one: {steps: []}", "step one needs a list of steps"),
        ("main: {steps: []}", "main needs a list of steps"),
        ("main: {steps: [{a: {return: 1}}]}\nother: {steps: []}", "no subworkflows"),
        ("- one: {switch: [{return: 1}]}", "branch 0 of step one has no condition"),
        ("a: [", "not YAML"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused_by_name(source: str, named: str) -> None:
    with pytest.raises(LanguageError, match=named):
        parse(source)


def test_the_workflow_of_this_project_is_understood() -> None:
    params, steps = parse(Path("components/study_jobs_workflow.yaml").read_text())

    assert params == ["event"]
    assert len(steps) > 3


def job_that(runs: bool) -> Answer:
    """The job's resource, whose last execution is running or has ended."""
    execution = {"name": "e1", "createTime": "2026-11-30T08:00:00Z"}
    ended = {} if runs else {"completionTime": "2026-11-30T08:01:00Z"}
    return ok({"latestCreatedExecution": execution | ended})


@pytest.mark.parametrize(
    ("runs", "starts", "waits"),
    [((False,), True, [10]), ((True, False), True, [10, 30]), ((True, True), False, [10, 30])],
    ids=["idle", "ends meanwhile", "goes on"],
)
def test_an_event_of_a_runs_last_seconds_starts_another(runs: tuple[bool, ...], starts: bool, waits: list[int]) -> None:
    """A run that ends while the window is waited for may have looked for messages before this one came."""
    started = [ok({"metadata": {"name": "e2"}})] if starts else []
    http, slept = Recorder(ok(), *map(job_that, runs), *started), list[float]()
    env = {"WINDOW_SECONDS": "10", "CLAIMS_URL": "https://claims", "JOB_URL": "https://job"}

    said = run(Path("components/study_jobs_workflow.yaml").read_text(), {"id": "7"}, http, slept, env)

    assert said == ("e2" if starts else "an execution is running")
    assert slept == waits
    assert [url for _, url, _ in http.sent].count("https://job:run") == int(starts)
