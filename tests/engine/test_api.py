"""Answers become values or one sentence; operations are followed to their end."""

from __future__ import annotations

from typing import Any

import pytest

from engine import Refused
from engine.api import Api
from engine.api_request import ApiRequest, ApiResponse


class Script:
    """Gives the prepared answers in turn."""

    def __init__(self, *answers: tuple[int, Any]) -> None:
        self.answers = list(answers)
        self.asked: list[ApiRequest] = []

    def send(self, request: ApiRequest) -> ApiResponse:
        self.asked.append(request)
        status, body = self.answers.pop(0)
        return ApiResponse(status=status, body=body)


class Gone:
    def send(self, request: ApiRequest) -> ApiResponse:
        raise ConnectionRefusedError("Connection refused")


def error(code: int, message: str, *fields: str) -> tuple[int, Any]:
    details = [{"fieldViolations": [{"field": field, "description": "x"} for field in fields]}]
    return code, {"error": {"code": code, "message": message, "details": details}}


def test_a_refusal_is_one_sentence_with_request_status_message_and_field():
    api = Api(Script(error(400, "Unknown name.\nBad value.", "labels", "filter")), sleep=lambda _: None)

    with pytest.raises(Refused) as caught:
        api.call("pubsub", "PUT", "/v1/projects/p/topics/t", body={})

    assert caught.value.reason == "PUT /v1/projects/p/topics/t of pubsub answered 400: Unknown name.; Bad value."
    assert caught.value.property == "labels, filter"


def test_nobody_there_is_said_with_the_host():
    with pytest.raises(Refused, match=r"nobody answers for pubsub\.googleapis\.com: Connection refused"):
        Api(Gone(), sleep=lambda _: None).call("pubsub", "GET", "/v1/x")


def test_looking_for_something_that_is_not_there_is_no_error_but_a_refusal_is():
    api = Api(Script(error(404, "none"), error(403, "no"), (200, {"a": 1})), sleep=lambda _: None)

    assert api.find("pubsub", "/v1/x") is None
    with pytest.raises(Refused, match="403: no"):
        api.find("pubsub", "/v1/x")
    assert api.find("pubsub", "/v1/x") == {"a": 1}


def test_an_operation_that_is_done_is_not_asked_for():
    script, slept = Script(), list[float]()

    response = Api(script, slept.append).finish(
        "run", "v2", {"name": "p/operations/o", "done": True, "response": {"a": 1}}
    )

    assert response == {"a": 1}
    assert (script.asked, slept) == ([], [])


def test_an_operation_is_asked_for_at_once_and_then_with_growing_pauses():
    pending = (200, {"name": "p/operations/o"})
    script = Script(pending, pending, pending, (200, {"name": "p/operations/o", "done": True, "response": {"a": 1}}))
    slept: list[float] = []

    response = Api(script, slept.append).finish("run", "v2", {"name": "p/operations/o"})

    assert response == {"a": 1}
    assert [request.path for request in script.asked] == ["/v2/p/operations/o"] * 4
    assert slept == [0.02, 0.04, 0.08]


def test_an_operation_that_failed_is_a_refusal():
    failed = {"name": "operations/o", "done": True, "error": {"code": 9, "message": "quota"}}

    with pytest.raises(Refused, match=r"operation operations/o of run answered 9: quota"):
        Api(Script(), lambda _: None).finish("run", "v2", failed)


def test_an_operation_that_never_ends_is_given_up_saying_which():
    class Forever(Script):
        def send(self, request: ApiRequest) -> ApiResponse:
            return ApiResponse(status=200, body={"name": "operations/o"})

    with pytest.raises(Refused, match=r"operations/o of run is not done after 600 s"):
        Api(Forever(), lambda _: None).finish("run", "v2", {"name": "operations/o"})


def test_an_answer_that_is_no_operation_is_the_answer():
    assert Api(Script(), lambda _: None).finish("run", "v2", {"name": "jobs/j"}) == {"name": "jobs/j"}
