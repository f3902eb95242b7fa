from __future__ import annotations

from components.viewer_site import ViewerSite, ViewerSiteArgs
from tests.components.looking import before, children, inputs, node
from tests.harness import Deploy, Graph


def site(deploy: Deploy, custom_domain: str | None = None) -> Graph:
    args = ViewerSiteArgs(
        project="dicom-local",
        site="lab-viewer",
        preview_site="lab-preview",
        display_name="Slides",
        custom_domain=custom_domain,
    )
    return deploy(lambda: ViewerSite("viewer", args))


def test_it_declares_firebase_an_app_and_two_sites(deploy: Deploy) -> None:
    assert children(site(deploy), "viewer") == {
        "viewer-firebase": "firebase/project:Project",
        "viewer-app": "firebase/webApp:WebApp",
        "viewer-site": "firebase/hostingSite:HostingSite",
        "viewer-preview": "firebase/hostingSite:HostingSite",
    }


def test_firebase_cannot_be_taken_from_a_project_so_it_stays(deploy: Deploy) -> None:
    assert node(site(deploy), "viewer-firebase").retain_on_delete


def test_firebase_is_there_before_anything_of_it(deploy: Deploy) -> None:
    graph = site(deploy)

    for name in ("viewer-app", "viewer-site", "viewer-preview"):
        assert "viewer-firebase" in before(graph, name)


def test_the_site_of_users_belongs_to_the_app(deploy: Deploy) -> None:
    graph = site(deploy)

    assert inputs(graph, "viewer-site")["siteId"] == "lab-viewer"
    assert inputs(graph, "viewer-site")["appId"] == node(graph, "viewer-app").outputs["appId"]
    assert inputs(graph, "viewer-preview")["siteId"] == "lab-preview"


def test_urls_have_no_trailing_slash(deploy: Deploy) -> None:
    outputs = node(site(deploy), "viewer").outputs

    assert outputs == {"url": "https://lab-viewer.web.app", "previewUrl": "https://lab-preview.web.app"}


def test_a_domain_is_declared_without_waiting_for_dns_and_becomes_what_users_open(deploy: Deploy) -> None:
    graph = site(deploy, "slides.example.org")
    domain = inputs(graph, "viewer-domain")

    assert domain["customDomain"] == "slides.example.org"
    assert domain["siteId"] == "lab-viewer"
    assert domain["waitDnsVerification"] is False
    assert node(graph, "viewer").outputs["url"] == "https://slides.example.org"


def test_the_sign_in_client_must_know_every_origin(deploy: Deploy) -> None:
    origins: list[str] = []

    def program() -> None:
        args = ViewerSiteArgs(
            project="dicom-local",
            site="lab-viewer",
            preview_site="lab-preview",
            display_name="Slides",
            custom_domain="slides.example.org",
        )
        for origin in ViewerSite("viewer", args).origins:
            origin.apply(origins.append)

    deploy(program)

    assert sorted(origins) == [
        "https://lab-preview.web.app",
        "https://lab-viewer.web.app",
        "https://slides.example.org",
    ]
