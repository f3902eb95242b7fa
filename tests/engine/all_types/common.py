"""Names and values that the recorded program used; the recording depends on them."""

PROJECT = "proj-fake"
NUMBER = "123456789012"
LOCATION = "europe-west4"
LABELS = {"rev": "r1", "team": "imaging"}
DESCRIPTION = "description 1"
