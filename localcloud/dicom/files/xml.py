"""The Native DICOM Model (PS3.19 Annex A) of attributes in the JSON model."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from pydicom.datadict import keyword_for_tag

from localcloud.dicom.files.jsonmodel import Attributes

NAMESPACE = "http://dicom.nema.org/PS3.19/models/NativeDICOM"
PRIVATE_KEYWORDS = {("GOOGLE", "00090097"): "FailureDetail"}
NAME_PARTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")


def document(attributes: Attributes) -> bytes:
    """One data set as a UTF-8 XML document."""
    root = Element("NativeDicomModel", {"xmlns": NAMESPACE, "xml:space": "preserve"})
    dataset(root, attributes)
    return tostring(root, encoding="utf-8", xml_declaration=True)


def dataset(parent: Element, attributes: Attributes) -> None:
    creators = {
        tag[:4] + tag[6:]: str(one["Value"][0])
        for tag, one in attributes.items()
        if int(tag[:4], 16) % 2 and 0x10 <= int(tag[4:], 16) <= 0xFF and one.get("Value")
    }
    for tag, one in attributes.items():
        name = {"tag": tag, "vr": one["vr"]}
        if keyword := keyword_for_tag(int(tag, 16)):
            name["keyword"] = keyword
        elif creator := creators.get(tag[:6]):
            # A private element is written relative to its block, which its creator names (PS3.19 A.1.1).
            name.update(tag=f"{tag[:4]}00{tag[6:]}", privateCreator=creator)
            if keyword := PRIVATE_KEYWORDS.get((creator, name["tag"])):
                name["keyword"] = keyword
        values(SubElement(parent, "DicomAttribute", name), one)


def values(parent: Element, one: dict[str, Any]) -> None:
    if "BulkDataURI" in one:
        SubElement(parent, "BulkData", {"uri": one["BulkDataURI"]})
    if "InlineBinary" in one:
        SubElement(parent, "InlineBinary").text = one["InlineBinary"]
    for number, value in enumerate(one.get("Value", ()), 1):
        at = {"number": str(number)}
        if one["vr"] == "SQ":
            dataset(SubElement(parent, "Item", at), value or {})
        elif one["vr"] == "PN":
            person(SubElement(parent, "PersonName", at), value or {})
        elif value is not None:
            SubElement(parent, "Value", at).text = clean(str(value))


def person(parent: Element, groups: dict[str, str]) -> None:
    for group, text in groups.items():
        element = SubElement(parent, group)
        for part, value in zip(NAME_PARTS, text.split("^"), strict=False):
            if value:
                SubElement(element, part).text = clean(value)


def clean(text: str) -> str:
    """Without the control characters that XML 1.0 cannot hold."""
    return "".join(c for c in text if c >= " " or c in "\t\n\r")
