"""The viewer's side: Firebase and its hosting."""

from __future__ import annotations

from engine.types.row import Row

ROWS = {
    "gcp:firebase/project:Project": Row(
        host="firebase",
        create="POST /v1beta1/projects/{project}:addFirebase",
        id="projects/{project}",
        adopts=True,
    ),
    "gcp:firebase/webApp:WebApp": Row(
        host="firebase",
        create="POST /v1beta1/projects/{project}/webApps",
        id="projects/{project}/webApps/{answer.appId}",
    ),
    "gcp:firebase/hostingSite:HostingSite": Row(
        host="firebasehosting",
        create="POST /v1beta1/projects/{project}/sites?siteId={siteId}",
        id="projects/{project}/sites/{siteId}",
        adopts=True,
    ),
    "gcp:firebase/hostingCustomDomain:HostingCustomDomain": Row(
        host="firebasehosting",
        create="POST /v1beta1/projects/{project}/sites/{~siteId}/customDomains?customDomainId={customDomain}",
        id="projects/{project}/sites/{~siteId}/customDomains/{customDomain}",
        skip=frozenset({"waitDnsVerification"}),
        waits=False,
    ),
}
