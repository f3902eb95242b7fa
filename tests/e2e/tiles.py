"""The real encoded tissue tiles of the package `wsidicom-data`, each with what its file name says of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import wsidicom_data
from pydicom.uid import AllTransferSyntaxes

SIDE = 240
"""Every tile is 240 x 240 pixels."""
CODINGS = {
    "1.2.840.10008.1.2": "raw",
    "1.2.840.10008.1.2.1": "raw",
    "1.2.840.10008.1.2.2": "raw",
    "1.2.840.10008.1.2.5": "rle",
    "1.2.840.10008.1.2.4.50": "jpeg-baseline",
    "1.2.840.10008.1.2.4.51": "jpeg-extended",
    "1.2.840.10008.1.2.4.57": "jpeg-lossless",
    "1.2.840.10008.1.2.4.80": "jpeg-ls",
    "1.2.840.10008.1.2.4.81": "jpeg-ls",
    "1.2.840.10008.1.2.4.90": "jpeg2000",
    "1.2.840.10008.1.2.4.91": "jpeg2000",
}
PHOTOMETRIC = {
    ("GRAYSCALE", ""): "MONOCHROME2",
    ("RGB", ""): "RGB",
    ("YBR", ""): "YBR_FULL",
    ("YBR", "1.2.840.10008.1.2.4.90"): "YBR_RCT",
    ("YBR", "1.2.840.10008.1.2.4.91"): "YBR_ICT",
}


@dataclass(frozen=True)
class Tile:
    """One encoded tile. `syntax` is its transfer syntax UID, `bits` are stored bits (8, 12 or 16)."""

    name: str
    data: bytes
    syntax: str
    photometric: str
    bits: int

    @property
    def samples(self) -> int:
        return 1 if self.photometric == "MONOCHROME2" else 3

    @property
    def allocated(self) -> int:
        return 8 if self.bits == 8 else 16

    @property
    def raw_bytes(self) -> int:
        return SIDE * SIDE * self.samples * self.allocated // 8

    @property
    def coding(self) -> str:
        return CODINGS[self.syntax]

    def stamped(self, text: str) -> bytes:
        """The tile with `text` in it, so that each frame of a slide is one of a kind; it decodes to the same pixels.

        Compressed tiles get a comment marker, RLE ones a tail, uncompressed ones other values of their first pixels.
        The length is even, as a fragment's must be, so that nothing is padded on the way.
        """
        mark = text.encode("ascii")
        if self.coding != "raw":
            mark += b" " * ((len(self.data) + len(mark)) % 2)
        if self.coding == "raw":
            return mark + self.data[len(mark) :]
        if self.coding == "rle":
            return self.data + mark
        if self.coding == "jpeg2000":
            at = self.data.index(b"\xff\x90")  # before the first tile part; registration 1 is text
            return (
                self.data[:at] + b"\xff\x64" + (len(mark) + 4).to_bytes(2, "big") + b"\x00\x01" + mark + self.data[at:]
            )
        # Behind the first segment: before it, the engine would not know a JPEG-LS any more.
        at = 4 + int.from_bytes(self.data[4:6], "big")
        return self.data[:at] + b"\xff\xfe" + (len(mark) + 2).to_bytes(2, "big") + mark + self.data[at:]


def _tile(path: Path) -> Tile:
    syntax_name, channels, bits = path.stem.rsplit("-", 2)
    by_name = {uid.name.replace(" ", "_"): str(uid) for uid in AllTransferSyntaxes}
    syntax = by_name[syntax_name]
    photometric = PHOTOMETRIC.get((channels, syntax)) or PHOTOMETRIC[channels, ""]
    return Tile(path.stem, path.read_bytes(), syntax, photometric, int(bits))


TILES = tuple(
    _tile(path) for path in sorted(Path(str(wsidicom_data.__file__)).parent.glob("data/encoded/*")) if path.is_file()
)
