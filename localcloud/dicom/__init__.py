"""The DICOM store: DICOMweb as the Cloud Healthcare API serves it, over files and SQLite.

`DicomStores` is the service; the modules below it know one concept each. Datasets and stores as resources (create, get,
patch, IAM policies) belong to the control plane.
"""

from localcloud.dicom.service import DicomStores

__all__ = ["DicomStores"]
