"""Where the viewer's files are served when Firebase may not: a Cloud Run service behind Identity-Aware Proxy.

Owns: the service, who may pass the proxy, and the proxy's own right to call the service. Deliberately not: the image
(the release step writes what it is built from), the account the service runs as (it has no role: files need none),
and the OAuth client of the viewer's own sign-in, which the proxy neither replaces nor sees.

Traps: the proxy calls the service as its own agent, which needs the invoker role; nobody else gets it, and never
allUsers. A study's UIDs are in a deep link's path and so in Cloud Run's request log. A domain of one's own needs a
load balancer, which this is not. Ingress is from everywhere, as people are; the proxy is what stands in front.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

TYPE = "dicom-platform:components:ViewerService"
PORT = 8080


@dataclass(frozen=True, kw_only=True)
class ViewerServiceArgs:
    project: str
    location: str
    service: str
    image: pulumi.Input[str]
    """By digest."""
    service_account: pulumi.Input[str]
    """E-mail of an account without any role."""
    proxy_agent: pulumi.Input[str]
    """IAM member of Identity-Aware Proxy's service agent."""
    groups: Sequence[str]
    """E-mails of the Google groups that may pass."""
    protected: bool
    labels: Mapping[str, str]
    max_instances: int = 4


class ViewerService(pulumi.ComponentResource):
    """`url` is what users open, without a trailing slash."""

    service: gcp.cloudrunv2.Service
    url: pulumi.Output[str]

    def __init__(self, name: str, args: ViewerServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, {"service": args.service, "image": args.image}, opts)
        self.service = gcp.cloudrunv2.Service(
            f"{name}-service",
            project=args.project,
            location=args.location,
            name=args.service,
            description="The slide viewer's files",
            labels=args.labels,
            deletion_protection=args.protected,
            ingress="INGRESS_TRAFFIC_ALL",
            iap_enabled=True,
            invoker_iam_disabled=False,
            launch_stage="GA",
            template={
                "service_account": args.service_account,
                "execution_environment": "EXECUTION_ENVIRONMENT_GEN2",
                "timeout": "30s",
                "max_instance_request_concurrency": 200,
                "scaling": {"min_instance_count": 0, "max_instance_count": args.max_instances},
                "containers": [
                    {
                        "image": args.image,
                        "ports": {"container_port": PORT},
                        "resources": {"limits": {"cpu": "1", "memory": "512Mi"}, "cpu_idle": True},
                    }
                ],
            },
            opts=pulumi.ResourceOptions(parent=self),
        )
        gcp.cloudrunv2.ServiceIamMember(
            f"{name}-called-by-proxy",
            project=args.project,
            location=args.location,
            name=self.service.name,
            role="roles/run.invoker",
            member=args.proxy_agent,
            opts=pulumi.ResourceOptions(parent=self),
        )
        for group in args.groups:
            gcp.iap.WebCloudRunServiceIamMember(
                f"{name}-opened-by-{group}",
                project=args.project,
                location=args.location,
                cloud_run_service_name=self.service.name,
                role="roles/iap.httpsResourceAccessor",
                member=f"group:{group}",
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.url = self.service.uri.apply(lambda uri: uri.rstrip("/"))
        self.register_outputs({"url": self.url})
