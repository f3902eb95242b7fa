"""Which attributes a search answers at each level (PS3.18 §10.6.3, Google's conformance statement)."""

from __future__ import annotations

from pydicom.datadict import tag_for_keyword


def tags(keywords: str) -> tuple[str, ...]:
    return tuple(f"{int(tag_for_keyword(word) or 0):08X}" for word in keywords.split())


STUDY = tags(
    "SpecificCharacterSet StudyDate StudyTime AccessionNumber ReferringPhysicianName TimezoneOffsetFromUTC "
    "PatientName PatientID PatientBirthDate PatientSex StudyInstanceUID StudyID"
)
STUDY_ALL = (
    *STUDY,
    *tags(
        "StudyDescription InstitutionName ProcedureCodeSequence NameOfPhysiciansReadingStudy "
        "AdmittingDiagnosesDescription ReferencedStudySequence OtherPatientIDsSequence PatientAge "
        "PatientSize PatientWeight EthnicGroup Occupation AdditionalPatientHistory PatientComments IssuerOfPatientID "
        "PatientBirthTime PatientIdentityRemoved DeidentificationMethod "
        "PersonIdentificationCodeSequence PersonAddress PersonTelephoneNumbers PersonTelecomInformation "
        "InstitutionAddress InstitutionCodeSequence ReferringPhysicianIdentificationSequence "
        "ConsultingPhysicianName ConsultingPhysicianIdentificationSequence IssuerOfAccessionNumberSequence "
        "LocalNamespaceEntityID UniversalEntityID UniversalEntityIDType PhysiciansOfRecord "
        "PhysiciansOfRecordIdentificationSequence PhysiciansReadingStudyIdentificationSequence "
        "RequestingServiceCodeSequence ReasonForPerformedProcedureCodeSequence"
    ),
)
SERIES = tags(
    "SpecificCharacterSet Modality TimezoneOffsetFromUTC SeriesDescription StudyInstanceUID SeriesInstanceUID "
    "SeriesNumber PerformedProcedureStepStartDate PerformedProcedureStepStartTime RequestAttributesSequence"
)
SERIES_ALL = (
    *SERIES,
    *tags(
        "SeriesDate SeriesTime Laterality PerformingPhysicianName ProtocolName OperatorsName BodyPartExamined "
        "PatientPosition Manufacturer ManufacturerModelName StationName InstitutionName InstitutionAddress "
        "DeviceSerialNumber SoftwareVersions SmallestPixelValueInSeries LargestPixelValueInSeries "
        "PerformedProcedureStepID PerformedProcedureStepDescription FrameOfReferenceUID PositionReferenceIndicator"
    ),
)
INSTANCE = tags(
    "SpecificCharacterSet SOPClassUID SOPInstanceUID StudyInstanceUID SeriesInstanceUID TimezoneOffsetFromUTC "
    "InstanceNumber Rows Columns BitsAllocated NumberOfFrames"
)
