from __future__ import annotations

import time
from typing import Any

import pytest

from localcloud.errors import ApiError
from localcloud.logs.filters import matching

ENTRY: dict[str, Any] = {
    "logName": "projects/p/logs/cloudaudit.googleapis.com%2Factivity",
    "timestamp": "2026-01-31T12:00:00.5Z",
    "severity": "NOTICE",
    "protoPayload": {
        "serviceName": "healthcare.googleapis.com",
        "methodName": "google.cloud.healthcare.v1.dicom.DicomService.DeleteDicomStore",
        "status": {},
        "number": "12",
        "authorizationInfo": [{"permission": "a.b.c"}, {"permission": "d.e.f"}],
    },
}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  -- only a remark",
        'protoPayload.serviceName="healthcare.googleapis.com"',
        'protoPayload.serviceName = "HEALTHCARE.googleapis.com"',
        "protoPayload.serviceName=healthcare.googleapis.com",
        'protoPayload.methodName:"deletedicomstore"',
        'protoPayload.methodName=~"(^|[.])DeleteDicomStore$"',
        'protoPayload.methodName=~"DicomService\\.Delete"',
        "protoPayload.methodName:*",
        "protoPayload.number>=9",
        'protoPayload.authorizationInfo.permission="d.e.f"',
        'protoPayload.serviceName=("iam.googleapis.com" OR "healthcare.googleapis.com")',
        "severity>=INFO AND severity<error",
        'timestamp>="2026-01-31T13:00:00+01:00"',
        'log_id("cloudaudit.googleapis.com/activity")',
        'LOG_ID("cloudaudit.googleapis.com/activity") AND source("projects/p")',
        'severity=NOTICE\nprotoPayload.serviceName:"healthcare"  -- two lines are AND',
        "severity=ERROR OR severity=NOTICE",
        "NOT severity=ERROR",
        "-severity=ERROR",
        "NOT nothing.here=1",
        "severity=NOTICE AND (severity=ERROR OR NOT severity=DEBUG)",
    ],
)
def test_these_match(text: str) -> None:
    assert matching(text)(ENTRY)


@pytest.mark.parametrize(
    "text",
    [
        'protoPayload.serviceName="healthcare"',
        'protoPayload.methodName=~"^DeleteDicomStore$"',
        'protoPayload.methodName=~"deletedicomstore"',
        "protoPayload.status:*",
        "protoPayload.absent:*",
        'protoPayload.absent="x"',
        "protoPayload.number<9",
        'timestamp<"2026-01-31T12:00:00Z"',
        'log_id("cloudaudit.googleapis.com/data_access")',
        'source("projects/other")',
        "severity>NOTICE",
        # OR binds closer than AND: this is NOTICE AND (ERROR OR DEBUG), not (NOTICE AND ERROR) OR DEBUG.
        "severity=NOTICE AND severity=ERROR OR severity=DEBUG",
    ],
)
def test_these_do_not(text: str) -> None:
    assert not matching(text)(ENTRY)


def test_or_binds_closer_than_and() -> None:
    debug = {**ENTRY, "severity": "DEBUG"}

    assert not matching("severity=NOTICE AND severity=ERROR OR severity=DEBUG")(debug)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('"a bare text"', "'a bare text' at 0"),
        ("healthcare", "'healthcare' at 0 (a comparison is due)"),
        ("severity!=ERROR", "'severity' at 0 (a comparison is due)"),
        ('ip_in_net(protoPayload.requestMetadata.callerIp, "10.0.0.0/8")', "the function 'ip_in_net' at 0"),
        ('a=~"["', "the expression '['"),
        ("(severity=ERROR", "its end"),
        ("severity=ERROR)", "')' at 14"),
        ("severity=", "its end"),
        ("severity=ERROR AND", "its end"),
        ("severity=LOUD", "there is no severity 'LOUD'"),
        ('timestamp>"yesterday"', "'yesterday' is not a time"),
        ('a="unfinished', "at 2"),
    ],
)
def test_what_is_not_understood_is_refused_in_words(text: str, named: str) -> None:
    with pytest.raises(ApiError) as refused:
        matching(text)

    assert refused.value.code == 400
    assert named in refused.value.message


@pytest.mark.parametrize("expression", ["((.*)x12){20}x", "(a+)+$", "(a|a)*b", "(.*a){50}"])
def test_no_expression_backtracks(expression: str) -> None:
    entry = {**ENTRY, "protoPayload": {"methodName": "ax12" * 5_000 + "!"}}
    start = time.process_time()

    matching(f'protoPayload.methodName=~"{expression}"')(entry)

    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("(" * 3_000 + "a=1" + ")" * 3_000, "parentheses or negations in each other"),
        ("NOT " * 3_000 + "a=1", "parentheses or negations in each other"),
        ("- " * 3_000 + "a=1", "parentheses or negations in each other"),
        ("a=1 OR " * 3_000 + "a=1", "characters; at most 20000"),
        ('a=~"(?=b)"', "the expression"),
        ('a=~"(a{1000}){1000}"', "the expression"),
    ],
)
def test_size_and_depth_are_bounded(text: str, named: str) -> None:
    with pytest.raises(ApiError, match=named) as refused:
        matching(text)

    assert refused.value.code == 400
    assert len(refused.value.message) < 500
