"""Settings that contradict each other in a stack `dev` that is otherwise right, and the one line that says so."""

from __future__ import annotations

from typing import Any

from tests.infra.bad_settings import A_DIGEST, PHI

PROD_EXPORTS: dict[str, Any] = {
    "environment": "prod",
    "rawStorageClass": "archive",
    "exportSchedule": "0 1 * * *",
}
BAD_COMBINATIONS: dict[str, tuple[dict[str, Any], str]] = {
    "phi with Firebase": (
        PHI | {"viewerHost": None},
        "dicom-platform:dataClass = 'phi': Firebase Hosting is not covered by Google's BAA and its logs would hold "
        "study UIDs, so no phi with it; set viewerHost to cloud_run, or use deidentified data",
    ),
    "phi without a key": (
        PHI | {"datasetKey": None},
        "dicom-platform:dataClass = 'phi': phi is encrypted with a key of your own; set datasetKey to a KMS key in the "
        "dataset's region before the dataset is made",
    ),
    "phi with a retention that can be shortened": (
        PHI | {"auditRetentionLocked": False},
        "dicom-platform:dataClass = 'phi': the audit logs of phi are kept by a retention that nobody can shorten; "
        "set auditRetentionLocked to true",
    ),
    "phi with a short retention": (
        PHI | {"auditRetentionDays": 2189},
        "dicom-platform:dataClass = 'phi': the audit logs of phi are kept for six years at least; "
        "set auditRetentionDays to 2190 or more",
    ),
    "phi outside of prod": (
        PHI | {"environment": "dev", "auditRetentionLocked": False},
        "dicom-platform:dataClass = 'phi': phi needs a locked retention of its audit logs, and only prod may lock; "
        "use deidentified or synthetic data here",
    ),
    "real images without protection": (
        {"protection": "off", "dataClass": "deidentified"},
        "dicom-platform:protection = 'off': only synthetic images may be deletable by pulumi destroy; "
        'set protection to "on" or dataClass to synthetic',
    ),
    "prod without protection": (
        {"protection": "off", "environment": "prod"},
        "dicom-platform:protection = 'off': prod is never without protection; set it to \"on\"",
    ),
    "key of another region": (
        {"datasetKey": "projects/p/locations/global/keyRings/r/cryptoKeys/k"},
        "dicom-platform:datasetKey = 'projects/p/locations/global/keyRings/r/cryptoKeys/k': a dataset's key must be in "
        "the dataset's own region; use a key of that region, or set location to the key's",
    ),
    "an export that reads moved images each time": (
        PROD_EXPORTS,
        "dicom-platform:rawStorageReads = 'refused': each run of exportSchedule reads every raw image, and each GiB "
        "that is moved costs retrieval each time (list prices: nearline 0.01, coldline 0.02, archive 0.05 USD); set it "
        "to accepted if that is meant, or rawStorageClass to standard, or remove exportSchedule",
    ),
    "reads accepted that nothing makes": (
        {"rawStorageReads": "accepted"},
        "dicom-platform:rawStorageReads = 'accepted': there is nothing to accept where no image is moved, or none is "
        "exported; remove it",
    ),
    "two owners of the image": (
        {"jobImage": "docker", "jobImageDigest": A_DIGEST},
        f"dicom-platform:jobImageDigest = '{A_DIGEST}': jobImage docker finds the digest by building, and an image has "
        "one owner at a time; remove it, or set jobImage to prebuilt or cloud_build",
    ),
    "own image that is elsewhere": (
        {"jobImageRepository": "europe-west4-docker.pkg.dev/other/images/prepare"},
        "dicom-platform:jobImageRepository = 'europe-west4-docker.pkg.dev/other/images/prepare': only a prebuilt "
        "image is "
        "anywhere else than in this stack's registry; remove it, or set jobImage to prebuilt",
    ),
    "more memory than the vCPUs allow": (
        {"jobCpu": "1", "jobMemory": "8Gi"},
        "dicom-platform:jobMemory = '8Gi': Cloud Run gives at most 4Gi a vCPU; set less memory, or a larger jobCpu",
    ),
    "less memory than Cloud Run asks of four vCPUs": (
        {"jobCpu": "4", "jobMemory": "1Gi"},
        "dicom-platform:jobMemory = '1Gi': Cloud Run wants at least 2Gi with 4 vCPUs, and 4Gi with 6 or 8; set more "
        "memory, or a smaller jobCpu",
    ),
    "less memory than Cloud Run asks of eight vCPUs": (
        {"jobCpu": "8", "jobMemory": "3Gi"},
        "dicom-platform:jobMemory = '3Gi': Cloud Run wants at least 2Gi with 4 vCPUs, and 4Gi with 6 or 8; set more "
        "memory, or a smaller jobCpu",
    ),
    "project whose id is too long for a site's": (
        {"gcp:project": "my-imaging-in-the-hospital"},
        "gcp:project = 'my-imaging-in-the-hospital': PROJECT-viewer and PROJECT-preview are longer than "
        "the 30 characters of a site's id, and Firebase is not taken back from a project; set viewerSite "
        "and previewSite",
    ),
    "six people told of a budget": (
        {
            "alertEmails": [f"{name}@example.org" for name in "abcdef"],
            "billingAccount": "012345-6789AB-CDEF01",
            "monthlyBudget": 100,
        },
        'dicom-platform:alertEmails = \'["a@example.org","b@example.org","c@example.org","d@example.org",'
        '"e@example.org","f@example.org"]\': a budget tells five addresses at most; name a group, or set no '
        "monthlyBudget",
    ),
    "image of a viewer that Firebase serves": (
        {"viewerImageDigest": A_DIGEST},
        f"dicom-platform:viewerImageDigest = '{A_DIGEST}': only Cloud Run serves the viewer from an image; "
        "remove it, or set viewerHost to cloud_run",
    ),
    "somebody else's image of a viewer that Firebase serves": (
        {"viewerImage": "prebuilt"},
        "dicom-platform:viewerImage = 'prebuilt': only Cloud Run serves the viewer from an image; "
        "remove it, or set viewerHost to cloud_run",
    ),
    "site of a viewer on Cloud Run": (
        {"viewerHost": "cloud_run", "viewerSite": "slides"},
        "dicom-platform:viewerSite = 'slides': the viewer on Cloud Run has no hosting site; remove it, or set "
        "viewerHost to firebase",
    ),
    "preview site of a viewer on Cloud Run": (
        {"viewerHost": "cloud_run", "previewSite": "slides"},
        "dicom-platform:previewSite = 'slides': the viewer on Cloud Run has no hosting site; remove it, or set "
        "viewerHost to firebase",
    ),
    "domain of a viewer on Cloud Run": (
        {"viewerHost": "cloud_run", "customDomain": "slides.example.org"},
        "dicom-platform:customDomain = 'slides.example.org': a domain in front of Cloud Run needs a load balancer, "
        "which is not declared; remove it, or set viewerHost to firebase",
    ),
    "previews where users are": (
        {"viewerSite": "slides", "previewSite": "slides"},
        "dicom-platform:previewSite = 'slides': previews would replace what users see; give previews a site of their "
        "own",
    ),
    "repository's number without its name": (
        {"githubRepositoryId": 815},
        "dicom-platform:githubRepositoryId = '815': the number alone does not say which workflow of which repository "
        "is let in; set githubRepository too, or remove it",
    ),
    "delivery of an image that docker builds": (
        {"jobImage": "docker", "githubRepository": "lab/platform", "githubInstallationId": 1, "githubTokenVersion": 1},
        "dicom-platform:jobImage = 'docker': Cloud Build delivers here, and an image that Pulumi builds with this "
        "machine's Docker would have two owners; set jobImage to cloud_build, or remove githubTokenVersion",
    ),
    "promotion of an image that is not delivered": (
        {"promoteFrom": "test", "jobImage": "prebuilt"},
        "dicom-platform:promoteFrom = 'test': only an image that Cloud Build delivers can be taken from another "
        "stack's release record; remove it, or set jobImage to cloud_build",
    ),
    "token without a repository": (
        {"githubTokenVersion": 1},
        "dicom-platform:githubTokenVersion = '1': delivery also needs githubRepository and githubInstallationId; "
        "set both, or remove it",
    ),
    "prod without approval": (
        {"environment": "prod", "deliveryApproval": False},
        "dicom-platform:deliveryApproval = 'false': a deploy to prod needs a person's approval; set it to true",
    ),
    "locked retention where it must be destroyed": (
        {"auditRetentionLocked": True},
        "dicom-platform:auditRetentionLocked = 'true': a locked retention cannot be undone and keeps the stack from "
        "being "
        "destroyed; set it to false; only prod may lock",
    ),
    "phi of which nobody is told": (
        PHI | {"alertEmails": None},
        "dicom-platform:dataClass = 'phi': somebody must be told when grants, logs or keys around phi are "
        "changed; set alertEmails",
    ),
    "prod that forgets within a year": (
        {"environment": "prod", "auditRetentionDays": 364},
        "dicom-platform:auditRetentionDays = '364': prod keeps its audit logs for a year at least; set 365 or more",
    ),
    "logs kept no longer than Google keeps them": (
        {"auditRetentionDays": 29},
        "dicom-platform:auditRetentionDays = '29': Google's own log bucket keeps them as long; set 30 or more",
    ),
    "key of the whole continent": (
        {"datasetKey": "projects/p/locations/europe/keyRings/r/cryptoKeys/k"},
        "dicom-platform:datasetKey = 'projects/p/locations/europe/keyRings/r/cryptoKeys/k': a dataset's key "
        "must be in the dataset's own region; use a key of that region, or set location to the key's",
    ),
}
