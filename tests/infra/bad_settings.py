"""Values that are wrong by themselves in a stack `dev` that is otherwise right, and the one line that says so."""

from __future__ import annotations

from typing import Any

REGIONS = (
    "asia-east1, asia-east2, asia-northeast1, asia-northeast2, asia-northeast3, asia-south1, asia-southeast1, "
    "asia-southeast2, australia-southeast1, australia-southeast2, europe-north1, europe-west2, europe-west3, "
    "europe-west4, europe-west6, me-central1, me-central2, me-west1, northamerica-northeast1, northamerica-northeast2, "
    "southamerica-east1, us-central1, us-east1, us-east4, us-west1, us-west2, us-west3"
)
A_DIGEST = "sha256:" + "ab" * 32
PHI: dict[str, Any] = {
    "environment": "prod",
    "dataClass": "phi",
    "viewerHost": "cloud_run",
    "datasetKey": "projects/my-imaging/locations/europe-west4/keyRings/r/cryptoKeys/k",
    "auditRetentionLocked": True,
    "auditRetentionDays": 2190,
    "alertEmails": ["on-call@example.org"],
}
"""What makes phi acceptable."""

BAD_VALUES: dict[str, tuple[dict[str, Any], str]] = {
    "no project": (
        {"gcp:project": None},
        "gcp:project is not set and has no default; run: pulumi config set -s dev gcp:project my-imaging-dev",
    ),
    "project number": (
        {"gcp:project": "123456789012"},
        "gcp:project = '123456789012': must be a project id: 6 to 30 lower-case letters, digits and hyphens, "
        "a letter first (neither number nor name); for example my-imaging-dev",
    ),
    "project name": (
        {"gcp:project": "My Imaging"},
        "gcp:project = 'My Imaging': must be a project id: 6 to 30 lower-case letters, digits and hyphens, "
        "a letter first (neither number nor name); for example my-imaging-dev",
    ),
    "no environment": (
        {"environment": None},
        "dicom-platform:environment is not set and has no default (one of local, dev, prod); "
        "run: pulumi config set -s dev dicom-platform:environment local",
    ),
    "environment that does not exist": (
        {"environment": "staging"},
        "dicom-platform:environment = 'staging': must be one of local, dev, prod; set one of these",
    ),
    "region without the Healthcare API": (
        {"location": "europe-west1"},
        f"dicom-platform:location = 'europe-west1': must be a region of the Cloud Healthcare API ({REGIONS}); "
        "for example europe-west4",
    ),
    "multi-region": (
        {"location": "eu"},
        f"dicom-platform:location = 'eu': must be a region of the Cloud Healthcare API ({REGIONS}); "
        "for example europe-west4",
    ),
    "region without Cloud Build": (
        {"buildRegion": "global"},
        "dicom-platform:buildRegion = 'global': must be a region of Cloud Build; every project may build in "
        "asia-east1, australia-southeast1, europe-west1, southamerica-east1, us-central1, us-west2; "
        "for example europe-west1",
    ),
    "data class that does not exist": (
        {"dataClass": "secret"},
        "dicom-platform:dataClass = 'secret': must be one of synthetic, deidentified, phi; set one of these",
    ),
    "switch that YAML turned into a boolean": (
        {"protection": True},
        "dicom-platform:protection = 'true': must be one of on, off; set one of these (in YAML, with quotes)",
    ),
    "dataset with a slash": (
        {"dataset": "a/b"},
        "dicom-platform:dataset = 'a/b': must be 1 to 256 letters, digits, '_', '-' or '.'; for example imaging",
    ),
    "key without its full name": (
        {"datasetKey": "my-key"},
        "dicom-platform:datasetKey = 'my-key': must be a key's full name; for example "
        "projects/my-bootstrap/locations/europe-west4/keyRings/pulumi/cryptoKeys/dev",
    ),
    "policy that does not exist": (
        {"labelPolicy": "shared"},
        "dicom-platform:labelPolicy = 'shared': must be one of keep, withhold; set one of these",
    ),
    "group with IAM's prefix": (
        {"viewers": ["group:a@example.org"]},
        "dicom-platform:viewers = '[\"group:a@example.org\"]': element 'group:a@example.org' must be the e-mail of a "
        "Google group (name@domain), without 'group:' and never allUsers; for example pathologists@example.org",
    ),
    "everybody": (
        {"annotators": ["allUsers"]},
        "dicom-platform:annotators = '[\"allUsers\"]': element 'allUsers' must be the e-mail of a Google group "
        "(name@domain), without 'group:' and never allUsers; for example pathologists@example.org",
    ),
    "one group in place of a list": (
        {"viewers": "a@example.org"},
        "dicom-platform:viewers = 'a@example.org': must be a list of strings; in YAML write one `- item` a line",
    ),
    "list of numbers": (
        {"ingestWriters": [1, 2]},
        "dicom-platform:ingestWriters = '[1,2]': must be a list of strings; in YAML write one `- item` a line",
    ),
    "group named twice": (
        {"viewers": ["a@example.org", "b@example.org", "a@example.org"]},
        'dicom-platform:viewers = \'["a@example.org","b@example.org","a@example.org"]\': names a@example.org more than '
        "once; remove the repetition",
    ),
    "bucket as a URL": (
        {"importBuckets": ["gs://scans"]},
        "dicom-platform:importBuckets = '[\"gs://scans\"]': element 'gs://scans' must be a bucket's name, without "
        "gs:// "
        "and without a path; for example scanner-archive",
    ),
    "image from nowhere": (
        {"jobImage": "podman"},
        "dicom-platform:jobImage = 'podman': must be one of docker, cloud_build, prebuilt; set one of these",
    ),
    "tag in place of a digest": (
        {"jobImageDigest": "latest"},
        "dicom-platform:jobImageDigest = 'latest': must be an image digest, sha256: and 64 hexadecimal digits; a tag "
        "can "
        "move; for example sha256:…",
    ),
    "digest cut short": (
        {"jobImageDigest": "sha256:abc"},
        "dicom-platform:jobImageDigest = 'sha256:abc': must be an image digest, sha256: and 64 hexadecimal digits; a "
        "tag "
        "can move; for example sha256:…",
    ),
    "image on Container Registry": (
        {"jobImage": "prebuilt", "jobImageRepository": "eu.gcr.io/p/prepare"},
        "dicom-platform:jobImageRepository = 'eu.gcr.io/p/prepare': must be an image in Artifact Registry without tag "
        "or "
        "digest (Container Registry, gcr.io, is shut); for example "
        "europe-west4-docker.pkg.dev/my-project/images/prepare",
    ),
    "schedule of four fields": (
        {"jobSchedule": "*/5 * * *"},
        "dicom-platform:jobSchedule = '*/5 * * *': must be a cron expression of five fields: minute hour day month "
        'weekday; for example "*/15 * * * *"',
    ),
    "schedule in words": (
        {"jobSchedule": "hourly"},
        "dicom-platform:jobSchedule = 'hourly': must be a cron expression of five fields: minute hour day month "
        "weekday; "
        'for example "*/15 * * * *"',
    ),
    "number in words": (
        {"jobTasks": "four"},
        "dicom-platform:jobTasks = 'four': must be a whole number; set one",
    ),
    "no tasks": (
        {"jobTasks": -1},
        "dicom-platform:jobTasks = '-1': must be 1 to 10000; set a number in that range",
    ),
    "time-out longer than Cloud Run's": (
        {"jobTimeoutSeconds": 999_999},
        "dicom-platform:jobTimeoutSeconds = '999999': must be 60 to 604800; set a number in that range",
    ),
    "vCPUs that Cloud Run does not offer": (
        {"jobCpu": "3"},
        "dicom-platform:jobCpu = '3': must be a whole number of vCPUs that Cloud Run offers: 1, 2, 4, 6 or 8; "
        "for example 2",
    ),
    "viewer that does not exist": (
        {"viewerApp": "ohif"},
        "dicom-platform:viewerApp = 'ohif': must be one of lite, slim; set one of these",
    ),
    "site with capitals": (
        {"viewerSite": "Viewer"},
        "dicom-platform:viewerSite = 'Viewer': must be 3 to 30 lower-case letters, digits and hyphens, as it becomes "
        "SITE.web.app; for example my-imaging-viewer",
    ),
    "domain as a URL": (
        {"customDomain": "https://slides.example.org/"},
        "dicom-platform:customDomain = 'https://slides.example.org/': must be a host name only: no scheme, port, path "
        "or "
        "wild-card; for example slides.example.org",
    ),
    "secret of the client": (
        {"oauthClientId": "GOCSPX-abc"},
        "dicom-platform:oauthClientId = 'GOCSPX-abc': must be the id of an OAuth client of type Web application "
        "(never its "
        "secret); for example 123456789012-abc123.apps.googleusercontent.com",
    ),
    "sign-in in the clear": (
        {"signInAuthority": "http://login.example.org"},
        "dicom-platform:signInAuthority = 'http://login.example.org': must be an https URL without a trailing slash "
        "(http "
        "only on this machine); for example https://accounts.google.com",
    ),
    "repository as a URL": (
        {"githubRepository": "https://github.com/lab/platform"},
        "dicom-platform:githubRepository = 'https://github.com/lab/platform': must be OWNER/NAME, not a URL; for "
        "example "
        "my-lab/dicom-platform",
    ),
    "branch as a pattern": (
        {"githubBranch": "^main$"},
        "dicom-platform:githubBranch = '^main$': must be one branch's name, not a pattern; for example main",
    ),
    "yes in place of true": (
        {"deliveryApproval": "yes"},
        "dicom-platform:deliveryApproval = 'yes': must be true or false; set one of these",
    ),
    "misspelt setting": (
        {"viewerSit": "slides"},
        "dicom-platform:viewerSit = 'slides': is not a setting; did you mean viewerSite? "
        "run: pulumi config rm -s dev dicom-platform:viewerSit",
    ),
    "setting of a former version": (
        {"viewerStore": "separate"},
        "dicom-platform:viewerStore = 'separate': is no setting any more: viewers always read a store of their own, to "
        "which the job copies what is ready; run: pulumi config rm -s dev dicom-platform:viewerStore",
    ),
    "viewers who read the raw store": (
        {"viewerStore": "same"},
        "dicom-platform:viewerStore = 'same': is no setting any more: viewers always read a store of their own, to "
        "which the job copies what is ready; run: pulumi config rm -s dev dicom-platform:viewerStore; the next deploy "
        "adds that store, then `gcloud run jobs execute prepare --args=--sweep` fills it",
    ),
    "misspelt setting of the provider": (
        {"gcp:projct": "x"},
        "gcp:projct = 'x': is not a setting; did you mean project? run: pulumi config rm -s dev gcp:projct",
    ),
    "endpoint without its slash": (
        {"gcp:pubsubCustomEndpoint": "http://127.0.0.1:1/v1"},
        "gcp:pubsubCustomEndpoint = 'http://127.0.0.1:1/v1': must be a URL that ends in a slash; "
        "for example https://healthcare.googleapis.com/v1beta1/",
    ),
    "retention of nothing": (
        {"auditRetentionDays": -1},
        "dicom-platform:auditRetentionDays = '-1': must be 1 to 3650; set a number in that range",
    ),
    "retention in years": (
        {"auditRetentionDays": "6y"},
        "dicom-platform:auditRetentionDays = '6y': must be a whole number; set one",
    ),
    "retention beyond what Google keeps": (
        {"auditRetentionDays": 3651},
        "dicom-platform:auditRetentionDays = '3651': must be 1 to 3650; set a number in that range",
    ),
    "alert to a name": (
        {"alertEmails": ["on call"]},
        "dicom-platform:alertEmails = '[\"on call\"]': element 'on call' must be an e-mail address, better of a"
        " group than of a person; for example on-call@example.org",
    ),
    "alert to one in place of a list": (
        {"alertEmails": "on-call@example.org"},
        "dicom-platform:alertEmails = 'on-call@example.org': must be a list of strings; in YAML write one `- "
        "item` a line",
    ),
    "retries without end": (
        {"jobMaxRetries": 11},
        "dicom-platform:jobMaxRetries = '11': must be 0 to 10; set a number in that range",
    ),
    "window that never closes": (
        {"eventWindowSeconds": 3601},
        "dicom-platform:eventWindowSeconds = '3601': must be 1 to 3600; set a number in that range",
    ),
    "series that is complete before it came": (
        {"jobQuietSeconds": -1},
        "dicom-platform:jobQuietSeconds = '-1': must be 0 to 3600; set a number in that range",
    ),
    "tasks beyond Cloud Run's": (
        {"jobTasks": 10_001},
        "dicom-platform:jobTasks = '10001': must be 1 to 10000; set a number in that range",
    ),
    "memory without a unit": (
        {"jobMemory": "4096"},
        "dicom-platform:jobMemory = '4096': must be 1Gi to 32Gi; for example 4Gi",
    ),
    "rotation on a day": (
        {"githubTokenRotation": "2027-03-01"},
        "dicom-platform:githubTokenRotation = '2027-03-01': must be a UTC time like 2027-03-01T00:00:00Z; for"
        " example 2027-03-01T00:00:00Z",
    ),
    "installation by name": (
        {"githubInstallationId": "my-lab"},
        "dicom-platform:githubInstallationId = 'my-lab': must be a whole number; set one",
    ),
    "latest token": (
        {"githubTokenVersion": "latest"},
        "dicom-platform:githubTokenVersion = 'latest': must be a whole number; set one",
    ),
    "state bucket with a path": (
        {"stateBucket": "gs://state/imaging"},
        "dicom-platform:stateBucket = 'gs://state/imaging': must be a bucket's name, without gs:// and "
        "without a path; for example scanner-archive",
    ),
    "state key cut short": (
        {"stateKey": "projects/p/locations/europe-west4/keyRings/r"},
        "dicom-platform:stateKey = 'projects/p/locations/europe-west4/keyRings/r': must be a key's full name;"
        " for example projects/my-bootstrap/locations/europe-west4/keyRings/pulumi/cryptoKeys/dev",
    ),
    "domain with a wild-card": (
        {"customDomain": "*.example.org"},
        "dicom-platform:customDomain = '*.example.org': must be a host name only: no scheme, port, path or "
        "wild-card; for example slides.example.org",
    ),
    "host that does not exist": (
        {"viewerHost": "netlify"},
        "dicom-platform:viewerHost = 'netlify': must be one of firebase, cloud_run; set one of these",
    ),
    "person in place of a group": (
        {"viewers": ["user:ada@example.org"]},
        "dicom-platform:viewers = '[\"user:ada@example.org\"]': element 'user:ada@example.org' must be the "
        "e-mail of a Google group (name@domain), without 'group:' and never allUsers; for example "
        "pathologists@example.org",
    ),
    "everybody who is signed in": (
        {"ingestWriters": ["allAuthenticatedUsers"]},
        "dicom-platform:ingestWriters = '[\"allAuthenticatedUsers\"]': element 'allAuthenticatedUsers' must be "
        "the e-mail of a Google group (name@domain), without 'group:' and never allUsers; for example "
        "pathologists@example.org",
    ),
}
