"""Makes studies ready for the viewer: reads a series through DICOMweb, judges it by rules, writes `readiness.json`.

Talks DICOMweb, Cloud Storage and Pub/Sub, and imports nothing of the repository around it, so that it can be lifted
out. It reads; in this version it changes no image.
"""

VERSION = "1.0.0"
"""Part of every fingerprint: a new version looks at every series again."""
