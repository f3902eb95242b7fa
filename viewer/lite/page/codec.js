// How a frame is encoded, told from its first bytes: Google's metadata does not say it. Decodes nothing.

/** Why the engine cannot draw this frame, or null. `size` is the frame's length in bytes if it were not compressed. */
export function frameProblem(bytes, size) {
  const codec = codecOf(bytes);
  if (codec in UNSUPPORTED) return undecodable(UNSUPPORTED[codec]);
  if (codec !== 'raw') return null;
  // One byte more is padding to an even length.
  if (size !== undefined && bytes.length !== size && bytes.length !== size + 1) {
    return isRunLength(bytes)
      ? undecodable('RLE')
      : `A tile has ${bytes.length} bytes in no known encoding, ${size} were expected (rule R08).`;
  }
  return null;
}

function undecodable(encoding) {
  return `The image is encoded as ${encoding}, which this viewer cannot decode (rule R07).`;
}

const UNSUPPORTED = {
  'jpeg-extended': '12-bit JPEG', 'jpeg-lossless': 'lossless JPEG', jxl: 'JPEG XL',
};

/** `jpeg`, `jpeg-extended`, `jpeg-lossless`, `jpeg-ls`, `j2k`, `jxl` or, when nothing is recognised, `raw`. */
export function codecOf(bytes) {
  if (starts(bytes, 0xff, 0x4f, 0xff, 0x51) || starts(bytes, 0, 0, 0, 12, 0x6a, 0x50)) return 'j2k';
  if (starts(bytes, 0xff, 0x0a) || starts(bytes, 0, 0, 0, 12, 0x4a, 0x58)) return 'jxl';
  if (!starts(bytes, 0xff, 0xd8, 0xff)) return 'raw';
  return jpegKind(bytes);
}

/** Walks a JPEG's markers to the frame header, which names the process. */
function jpegKind(bytes) {
  for (let place = 2; place + 4 < bytes.length && bytes[place] === 0xff;) {
    const marker = bytes[place + 1];
    if (marker === 0xf7) return 'jpeg-ls';
    if (marker === 0xc0) return 'jpeg';
    if (marker === 0xc1) return bytes[place + 4] > 8 ? 'jpeg-extended' : 'jpeg';
    if (marker === 0xc3) return 'jpeg-lossless';
    place += 2 + (bytes[place + 2] << 8) + bytes[place + 3];
  }
  return 'jpeg';
}

/** PackBits as DICOM frames it: a count of up to 15 segments and their offsets, the first right after this header. */
function isRunLength(bytes) {
  const header = new DataView(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 64));
  return bytes.length > 64 && header.getUint32(0, true) <= 15 && header.getUint32(4, true) === 64;
}

function starts(bytes, ...signature) {
  return signature.every((byte, place) => bytes[place] === byte);
}
