"""Where the viewer's files are served: Firebase's site for users, a second one for previews, an optional domain.

Owns: the Firebase project, its web app, the sites and the domain. Deliberately not: files and headers (Pulumi cannot
upload any; the release step does), and the OAuth client (no API makes one; its origins are in the stack's outputs).

Traps: adding Firebase to a project cannot be undone, so it is kept on destroy. Firebase's APIs bill the *caller's*
project unless told, so the caller passes a provider with `user_project_override`. A sign-in client takes no
wild-card origins, so previews have one fixed site in place of a random host each. DNS is somebody else's: the domain
is not waited for.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

TYPE = "dicom-platform:components:ViewerSite"


@dataclass(frozen=True, kw_only=True)
class ViewerSiteArgs:
    project: str
    site: str
    preview_site: str
    """Site ids are unique in the world."""
    display_name: str
    custom_domain: str | None = None


class ViewerSite(pulumi.ComponentResource):
    """`url` is what users open (the domain when there is one); URLs have no trailing slash.

    `origins` are all that the sign-in client must list.
    """

    url: pulumi.Output[str]
    preview_url: pulumi.Output[str]
    origins: list[pulumi.Output[str]]

    def __init__(self, name: str, args: ViewerSiteArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, {"site": args.site, "previewSite": args.preview_site}, opts)
        firebase = gcp.firebase.Project(
            f"{name}-firebase",
            project=args.project,
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True),
        )
        after = pulumi.ResourceOptions(parent=self, depends_on=[firebase])
        app = gcp.firebase.WebApp(
            f"{name}-app",
            project=args.project,
            display_name=args.display_name,
            deletion_policy="DELETE",
            opts=after,
        )
        site = gcp.firebase.HostingSite(
            f"{name}-site", project=args.project, site_id=args.site, app_id=app.app_id, opts=after
        )
        preview = gcp.firebase.HostingSite(
            f"{name}-preview", project=args.project, site_id=args.preview_site, opts=after
        )
        own = _without_slash(site.default_url)
        self.preview_url = _without_slash(preview.default_url)
        self.url = own
        self.origins = [own, self.preview_url]
        if args.custom_domain:
            gcp.firebase.HostingCustomDomain(
                f"{name}-domain",
                project=args.project,
                site_id=site.site_id.apply(lambda site_id: site_id or args.site),
                custom_domain=args.custom_domain,
                cert_preference="GROUPED",
                wait_dns_verification=False,
                opts=pulumi.ResourceOptions(parent=self),
            )
            self.url = pulumi.Output.from_input(f"https://{args.custom_domain}")
            self.origins.insert(0, self.url)
        self.register_outputs({"url": self.url, "previewUrl": self.preview_url})


def _without_slash(url: pulumi.Output[str]) -> pulumi.Output[str]:
    return url.apply(lambda text: text.rstrip("/"))
