// How a frame is encoded, told from its first bytes: Google's metadata does not say it. Decodes nothing. The names are the
// keys of `codestreams` in the table of rules, and the answers those of the preparation job.

import { finding } from './findings.js';

const START_OF_FRAME = {
  0xc0: 'jpeg-baseline', 0xc1: 'jpeg-extended', 0xc2: 'jpeg-progressive', 0xc3: 'jpeg-lossless', 0xf7: 'jpeg-ls',
};
const SPIFF = 0xe8; // The only application marker behind which the engine looks for a JPEG-LS.
const TRANSFORMED = ['YBR_ICT', 'YBR_RCT'];
const JPEG_XL_BOXES = 4096;

/** What keeps the engine from showing this frame of `image` rightly, as a finding of rule R07; null when nothing does. */
export function codingProblem(table, image, bytes) {
  const coding = codingOf(bytes, image.frameBytes);
  const row = table.codestreams[coding === 'raw' && image.planar && image.samples > 1 ? 'raw-by-plane' : coding];
  if (!row) return finding(table, 'R07', { problem: 'unreadable', images: [image] });
  const decodable = Object.values(table.codestreams).filter(({ right }) => right.includes('RGB')).map(({ title }) => title);
  const words = { coding: row.title, photometric: image.photometric, decodable: decodable.join(', ') };
  if (!row.decodes) {
    Object.assign(words, { consequence: row.consequence });
    return finding(table, 'R07', { problem: 'undecodable', images: [image], severity: row.severity, words });
  }
  if (TRANSFORMED.includes(image.photometric) && transformed(bytes) === false) {
    return finding(table, 'R07', { problem: 'untransformed', images: [image], severity: 'WRONG' });
  }
  if (!row.wrong.includes(image.photometric)) return null;
  return finding(table, 'R07', { problem: 'colours', images: [image], severity: 'WRONG', words });
}

/** A key of the table's codestreams, or `unknown`. `rawLength` is the frame's length in bytes if it were not compressed. */
export function codingOf(bytes, rawLength) {
  if (bytes.length === rawLength || bytes.length === rawLength + rawLength % 2) return 'raw';
  if (starts(bytes, 0xff, 0xd8)) return jpegKind(bytes);
  if (starts(bytes, 0xff, 0x4f, 0xff, 0x51)) return jpeg2000Kind(bytes, 0);
  if (starts(bytes, 0, 0, 0, 12, 0x6a, 0x50, 0x20, 0x20)) return jpeg2000Kind(bytes, find(bytes, 0xff, 0x4f, 0xff, 0x51));
  if (starts(bytes, 0xff, 0x0a) || starts(bytes, 0, 0, 0, 12, 0x4a, 0x58, 0x4c, 0x20)) {
    const rebuilds = find(bytes.subarray(0, JPEG_XL_BOXES), 0x6a, 0x62, 0x72, 0x64) >= 0;
    return rebuilds ? 'jpeg-xl-of-jpeg' : 'jpeg-xl';
  }
  return isRunLength(bytes) ? 'rle' : 'unknown';
}

/** Walks a JPEG's marker segments to the start of frame, which names the process. */
function jpegKind(bytes) {
  for (let place = 2; place + 4 <= bytes.length && bytes[place] === 0xff;) {
    const marker = bytes[place + 1];
    if (marker in START_OF_FRAME) return jpegAsRead(bytes, place, START_OF_FRAME[marker]);
    place += marker === 0xff ? 1 : 2 + (bytes[place + 2] << 8) + bytes[place + 3];
  }
  return 'unknown';
}

/** What beside the process decides how the engine reads a JPEG: precision, colour markers, the first marker. */
function jpegAsRead(bytes, start, coding) {
  if (coding === 'jpeg-extended' && bytes[start + 4] === 8) return 'jpeg-extended-8';
  if (coding === 'jpeg-ls' && ![bytes[start + 1], SPIFF].includes(bytes[3])) return 'jpeg-ls-behind';
  return coding === 'jpeg-baseline' && isUnmarked(bytes, start) ? 'jpeg-unmarked' : coding;
}

/** Of three samples, and nothing says whether they are RGB: no JFIF, no Adobe, no component called R. */
function isUnmarked(bytes, start) {
  const head = bytes.subarray(0, start);
  const named = [10, 13, 16].map((place) => String.fromCharCode(bytes[start + place])).join('') === 'RGB';
  const marked = find(head, 0x4a, 0x46, 0x49, 0x46) >= 0 || find(head, 0x41, 0x64, 0x6f, 0x62, 0x65) >= 0;
  return bytes[start + 9] === 3 && !named && !marked;
}

/** High-throughput JPEG 2000 announces itself by a CAP segment (FF50) before the first tile part (FF90). */
function jpeg2000Kind(bytes, start) {
  if (start < 0) return 'unknown';
  for (let place = start + 2; place + 4 <= bytes.length && bytes[place] === 0xff && bytes[place + 1] !== 0x90;) {
    if (bytes[place + 1] === 0x50) return 'htj2k';
    place += 2 + (bytes[place + 2] << 8) + bytes[place + 3];
  }
  return 'jpeg2000';
}

/** Whether a JPEG 2000 of three components says that its colours were transformed (COD segment, FF52); null: not told. */
function transformed(bytes) {
  const start = find(bytes.subarray(0, 4096), 0xff, 0x4f, 0xff, 0x51);
  if (start < 0 || (bytes[start + 40] << 8) + bytes[start + 41] !== 3) return null;
  for (let place = start + 2; place + 9 <= bytes.length && bytes[place] === 0xff && bytes[place + 1] !== 0x90;) {
    if (bytes[place + 1] === 0x52) return bytes[place + 8] > 0;
    place += 2 + (bytes[place + 2] << 8) + bytes[place + 3];
  }
  return null;
}

/** RLE begins with 64 bytes: how many segments (up to 15), and where each begins, the first right after (PS3.5 G.5). */
function isRunLength(bytes) {
  if (bytes.length < 64) return false;
  const header = new DataView(bytes.buffer, bytes.byteOffset, 64);
  const segments = header.getUint32(0, true);
  return segments >= 1 && segments <= 15 && header.getUint32(4, true) === 64;
}

function starts(bytes, ...signature) {
  return signature.every((byte, place) => bytes[place] === byte);
}

function find(bytes, ...signature) {
  for (let place = 0; place + signature.length <= bytes.length; place += 1) {
    if (starts(bytes.subarray(place, place + signature.length), ...signature)) return place;
  }
  return -1;
}
