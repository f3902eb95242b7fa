from __future__ import annotations

from typing import Any

import pytest

from viewer.config import check, parse_js, render_js, window_config, with_status

ROOT = (
    "https://healthcare.googleapis.com/v1/projects/p/locations/europe-west4/datasets/imaging/dicomStores/raw/dicomWeb"
)
CLIENT = "123-abc.apps.googleusercontent.com"


def config(**changes: Any) -> dict[str, Any]:
    return window_config(**{"dicomweb_root": ROOT, "client_id": CLIENT, **changes})


def test_it_names_this_store_and_client() -> None:
    rendered = config()

    assert [server["url"] for server in rendered["servers"]] == [ROOT]
    assert rendered["oidc"]["clientId"] == CLIENT
    assert rendered["gcpBaseUrl"] == "https://healthcare.googleapis.com/v1"


def test_the_scope_is_healthcare_and_never_the_whole_platform() -> None:
    scopes = set(config()["oidc"]["scope"].split())

    assert scopes == {"openid", "email", "profile", "https://www.googleapis.com/auth/cloud-healthcare"}


def test_a_page_that_reads_what_the_job_says_may_read_objects_too_and_write_none() -> None:
    added = set(with_status(config())["oidc"]["scope"].split()) - set(config()["oidc"]["scope"].split())

    assert added == {"https://www.googleapis.com/auth/devstorage.read_only"}


@pytest.mark.parametrize("annotate", [True, False])
def test_writing_and_drawing_go_together(annotate: bool) -> None:
    rendered = config(annotate=annotate)

    assert rendered["servers"][0]["write"] is annotate
    assert rendered["disableAnnotationTools"] is not annotate


def test_the_refusal_names_whom_to_ask() -> None:
    (message,) = config(support="viewers@example.org")["servers"][0]["errorMessages"]

    assert message["status"] == 403
    assert "viewers@example.org" in message["message"]
    assert "“raw”" in message["message"]
    # The same words stand in place of the page after a save that was refused.
    assert "may read but not save in it" in message["message"]
    assert "to its annotators if you were saving" in message["message"]


def test_slim_says_that_a_save_succeeded() -> None:
    hidden = config(annotate=True)["messages"]["disabled"]

    assert {"success", "info", "error"}.isdisjoint(hidden)


def test_sign_out_goes_to_the_provider_that_signed_in() -> None:
    assert config()["oidc"]["endSessionEndpoint"] == "https://www.google.com/accounts/Logout"
    local = config(authority="http://127.0.0.1:8787/accounts.google.com")
    assert local["oidc"]["endSessionEndpoint"] == "http://127.0.0.1:8787/accounts.google.com/Logout"


def test_a_local_store_is_a_store() -> None:
    root = (
        "http://127.0.0.1:8787/healthcare.googleapis.com/v1/projects/p/locations/l/datasets/d/dicomStores/raw/dicomWeb"
    )

    rendered = config(dicomweb_root=root, authority="http://127.0.0.1:8787/accounts.google.com")

    assert rendered["gcpBaseUrl"] == "http://127.0.0.1:8787/healthcare.googleapis.com/v1"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"dicomweb_root": ROOT + "/"}, "is not a store's DICOMweb root"),
        ({"dicomweb_root": ROOT.removesuffix("/dicomWeb")}, "is not a store's DICOMweb root"),
        ({"dicomweb_root": ROOT.replace("https", "http")}, "dicomweb_root 'http://healthcare"),
        ({"authority": "http://example.org"}, "authority 'http://example.org' must use https"),
        ({"authority": "https://accounts.google.com/"}, "must not end in a slash"),
        ({"client_id": ""}, "client_id is empty"),
    ],
)
def test_a_value_that_cannot_work_is_named(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=r".") as refusal:
        config(**changes)

    assert sentence in str(refusal.value)


def test_all_bad_values_are_told_at_once() -> None:
    with pytest.raises(ValueError, match="client_id is empty") as refusal:
        config(dicomweb_root="store", client_id="")

    assert "not a store's DICOMweb root" in str(refusal.value)


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (("colour",), "blue", "window.config.colour is not a field that SLIM knows"),
        (("servers", 0, "token"), "x", "window.config.servers[0].token is not a field that SLIM knows"),
        (("servers", 0, "write"), "yes", "window.config.servers[0].write must be bool, got 'yes'"),
        (("servers", 0, "retry", "retries"), True, "window.config.servers[0].retry.retries must be int, got True"),
        (("servers", 0, "path"), "/dicom", "window.config.servers[0] needs exactly one of url and path"),
        (("oidc", "grantType"), "password", "window.config.oidc.grantType must be one of"),
        (("mode",), "blue", "window.config.mode must be one of 'light', 'dark'"),
        (("messages", "disabled"), ["hints"], "window.config.messages.disabled fits none of its kinds"),
        (("servers",), {}, "window.config.servers must be a list"),
        (("oidc",), [], "window.config.oidc must be an object"),
    ],
)
def test_a_field_that_slim_would_not_understand_is_refused(path: tuple[Any, ...], value: Any, sentence: str) -> None:
    rendered = config()
    *way, last = path
    place: Any = rendered
    for step in way:
        place[step] = dict(place[step]) if isinstance(place[step], dict) else place[step]
        place = place[step]
    place[last] = value

    with pytest.raises(ValueError, match=r"window\.config") as refusal:
        check(rendered)

    assert sentence in str(refusal.value)


def test_a_missing_required_field_is_refused() -> None:
    rendered = config()
    del rendered["annotations"]

    with pytest.raises(ValueError, match=r"window\.config\.annotations is missing"):
        check(rendered)


def test_the_file_is_the_same_for_the_same_config_and_survives_a_round_trip() -> None:
    one, other = config(institution="Lab"), dict(reversed(config(institution="Lab").items()))

    assert render_js(one) == render_js(other)
    assert parse_js(render_js(one)) == one


def test_a_name_cannot_end_the_script_element() -> None:
    script = render_js(config(institution="</script><script>alert(1)//\u2028"))

    assert "<" not in script
    assert "\u2028" not in script
    assert parse_js(script)["organization"] == "</script><script>alert(1)//\u2028"


def test_a_page_in_place_of_the_config_is_recognised() -> None:
    with pytest.raises(ValueError, match=r"not a window\.config file"):
        parse_js("<!doctype html><title>viewer</title>")
