"""Who may, what a browser is told, which methods there are."""

from __future__ import annotations

import pytest
import requests

from tests.localcloud.dicom.support import HOST, STORE, Served, instance_path, slide

ORIGIN = "http://viewer.localhost:5000"


def grant(served: Served, email: str, *permissions: str) -> dict[str, str]:
    """A token of a user with these permissions on the store."""
    name = email.split("@")[0]
    role = f"projects/dicom-local/roles/{name}"
    served.cloud.resources.put("iam.googleapis.com", role, {"name": role, "includedPermissions": list(permissions)})
    resource = f"//{HOST}/{STORE}"
    bindings = served.cloud.iam.policy(resource).get("bindings", [])
    served.cloud.iam.set_policy(resource, {"bindings": [*bindings, {"role": role, "members": [f"user:{email}"]}]})
    return served.token(email)


def ask(served: Served, method: str, path: str, token: dict[str, str], **headers: str) -> requests.Response:
    return requests.request(method, f"{served.root}/{path}", headers={**token, **headers}, timeout=30)


REQUESTS = [("GET", "studies", "Read"), ("POST", "studies", "Write"), ("DELETE", "studies/1.2", "Delete")]


@pytest.mark.parametrize(("method", "path", "duty"), REQUESTS)
def test_without_a_token_401_and_without_permission_403_naming_it(
    served: Served, method: str, path: str, duty: str
) -> None:
    others = [f"healthcare.dicomStores.dicomWeb{one}" for one in ("Read", "Write", "Delete") if one != duty]
    token = grant(served, "other@example.org", *others)

    missing, bad = ask(served, method, path, {}), ask(served, method, path, {"Authorization": "Bearer ya29.nonsense"})
    denied = ask(served, method, path, token)

    assert (missing.status_code, bad.status_code) == (401, 401)
    assert missing.json()["error"]["status"] == "UNAUTHENTICATED"
    assert "Bearer" in missing.headers["WWW-Authenticate"]
    assert denied.status_code == 403
    assert f"healthcare.dicomStores.dicomWeb{duty}" in denied.json()["error"]["message"]


def test_a_permission_taken_away_counts_at_once(served: Served) -> None:
    token = grant(served, "reader@example.org", "healthcare.dicomStores.dicomWebRead")
    assert ask(served, "GET", "studies", token).status_code == 204

    served.cloud.iam.set_policy(f"//{HOST}/{STORE}", {"bindings": []})

    assert ask(served, "GET", "studies", token).status_code == 403


@pytest.mark.parametrize("store", [STORE + "x", STORE.replace("dicom-local", "other"), STORE.replace("imaging", "no")])
def test_missing_store_is_403_in_the_words_of_a_missing_permission(served: Served, store: str) -> None:
    url = f"{served.base}/{HOST}/v1/{store}/dicomWeb/studies"

    absent = requests.get(url, headers=served.token(), timeout=30)

    assert absent.status_code == 403
    said = absent.json()["error"]
    assert said["status"] == "PERMISSION_DENIED"
    name = f"//{HOST}/{store}"
    permission = "healthcare.dicomStores.dicomWebRead"
    assert said["message"] == f"Permission '{permission}' denied on resource '{name}' (or it may not exist)."


def test_both_versions_of_the_api_serve_the_same_store(served: Served) -> None:
    ds = slide()
    served.store(ds)
    beta = served.root.replace("/v1/", "/v1beta1/")

    (found,) = served.get(f"{beta}/{instance_path(ds)}/metadata").json()

    assert found["7FE00010"]["BulkDataURI"].startswith(beta)


def test_preflight_needs_no_token_and_allows_what_was_asked(served: Served) -> None:
    asked = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,accept",
    }

    response = requests.options(f"{served.root}/studies", headers=asked, timeout=30)

    assert response.status_code in (200, 204)
    assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "POST" in response.headers["Access-Control-Allow-Methods"]
    allowed = response.headers["Access-Control-Allow-Headers"].lower()
    assert all(name in allowed for name in ("authorization", "content-type", "accept"))
    assert int(response.headers["Access-Control-Max-Age"]) > 0


def test_every_answer_can_be_read_by_the_page_refusals_too(served: Served) -> None:
    ds = slide()
    served.store(ds)
    path = instance_path(ds)
    cases = [("studies", 200), ("nothing", 404), ("studies?x=1", 400), (path, 200), (f"{path}/frames/1", 200)]
    for where, status in [*cases, (f"{path}/frames/1,2", 200), (f"{path}/rendered", 200), (f"{path}/frames/99", 404)]:
        response = served.call("GET", where, headers={"Origin": ORIGIN})
        assert (response.status_code, response.headers.get("Access-Control-Allow-Origin")) == (status, ORIGIN), where
    single = served.call("GET", path, headers={"Origin": ORIGIN, "Accept": "application/dicom; transfer-syntax=*"})
    assert single.headers["Access-Control-Allow-Origin"] == ORIGIN
    refused = requests.get(f"{served.root}/studies", headers={"Origin": ORIGIN}, timeout=30)
    assert (refused.status_code, refused.headers["Access-Control-Allow-Origin"]) == (401, ORIGIN)


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_other_methods_are_refused(served: Served, method: str) -> None:
    response = served.call(method, "studies")

    assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD, POST, OPTIONS")


@pytest.mark.parametrize("path", ["studies/1.2/series/1.3", "instances", "studies/1.2/metadata"])
def test_store_takes_only_the_studies_resources(served: Served, path: str) -> None:
    response = served.call("POST", path, data=b"", headers={"Content-Type": "application/dicom"})

    assert response.status_code == 405
    assert response.headers["Allow"].startswith("GET, HEAD")


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PUT"])
@pytest.mark.parametrize("path", ["nothing", "", "studies/1.2/rendered", "series/1.2", "studies/1.2/thumbnail"])
def test_what_is_no_resource_is_404_by_any_method(served: Served, method: str, path: str) -> None:
    response = served.call(method, path)

    assert (response.status_code, "Allow" in response.headers) == (404, False)
    assert "is not a DICOMweb resource" in response.json()["error"]["message"]


BAD_UIDS = ["studies/abc", "studies/abc/metadata", f"studies/{'1' * 65}/series", "studies/1.2/series/x/instances/1"]


@pytest.mark.parametrize("path", [*BAD_UIDS, "studies/1.2/series/1/instances/1.x/frames/1"])
def test_what_is_no_uid_is_400(served: Served, path: str) -> None:
    response = served.get(path)

    assert response.status_code == 400
    assert "is not a UID" in response.json()["error"]["message"]


def test_token_can_be_a_query_parameter(served: Served) -> None:
    token = served.token()["Authorization"].removeprefix("Bearer ")

    assert requests.get(f"{served.root}/studies?access_token={token}", timeout=30).status_code == 204
    assert requests.get(f"{served.root}/studies?access_token=ya29.nonsense", timeout=30).status_code == 401
