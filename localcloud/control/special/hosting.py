"""Firebase Hosting: addresses of sites, channels and domains. Serving them is the hosting service's."""

from __future__ import annotations

import hashlib

from localcloud.cloud import Cloud
from localcloud.control.call import Call
from localcloud.control.operations import timestamp
from localcloud.control.special.registry import Resource, extra

SITES = "firebasehosting.v1beta1:projects.sites"


@extra(f"{SITES}.create")
def site(cloud: Cloud, call: Call, resource: Resource) -> None:
    identifier = resource["name"].rpartition("/")[2]
    resource["defaultUrl"] = f"https://{identifier}.web.app"
    resource["type"] = "USER_SITE"


@extra(f"{SITES}.channels.create", "firebasehosting.v1beta1:sites.channels.create")
def channel(cloud: Cloud, call: Call, resource: Resource) -> None:
    _, _, _, of_site, _, identifier = resource["name"].split("/")
    suffix = hashlib.sha256(resource["name"].encode()).hexdigest()[:8]
    resource["name"] = f"sites/{of_site}/channels/{identifier}"
    resource["url"] = f"https://{of_site}--{identifier}-{suffix}.web.app"
    resource.setdefault("retainedReleaseCount", 10)
    lifetime = float(resource.pop("ttl", "604800s").removesuffix("s"))
    resource.setdefault("expireTime", timestamp(cloud.clock() + lifetime))


@extra(f"{SITES}.customDomains.create")
def domain(cloud: Cloud, call: Call, resource: Resource) -> None:
    """Nobody sets DNS records for the local cloud, so a domain stays unowned."""
    identifier = resource["name"].rpartition("/")[2]
    record = {"domainName": identifier, "type": "A", "rdata": "199.36.158.100", "requiredAction": "ADD"}
    resource["hostState"] = "HOST_UNHOSTED"
    resource["ownershipState"] = "OWNERSHIP_MISSING"
    resource["cert"] = {"state": "CERT_PREPARING", "type": "GROUPED"}
    resource["requiredDnsUpdates"] = {
        "desired": [{"domainName": identifier, "records": [record]}],
        "checkTime": timestamp(cloud.clock()),
    }
