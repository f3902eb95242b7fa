"""Makes studies ready for the viewer: reads a study through DICOMweb, judges it by rules, adds what it lacks, reports.

Talks DICOMweb, Cloud Storage and Pub/Sub, and imports nothing of the repository around it, so that it can be lifted
out. It overwrites nothing, and takes away only what it put before viewers itself.
"""

import warnings

VERSION = "1.0.0"
"""Part of every fingerprint: a new version looks at every series again."""

# Said at import, about Python versions a year before they end; our output is log lines for machines.
warnings.filterwarnings("ignore", category=FutureWarning, module=r"google\.api_core")
