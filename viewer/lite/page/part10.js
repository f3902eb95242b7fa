// A dataset in DICOM JSON as a DICOM file: PS3.10, explicit VR little endian. Pure. Knows the VRs of the reports that this
// page writes and throws on others.

const SYNTAX = '1.2.840.10008.1.2.1';
/** Names this page as the writer of a file, and as the device of a report. */
export const IMPLEMENTATION = '2.25.302463947215487603258147920643805127346';
const LONG = new Set(['OB', 'SQ', 'UT']);
const TEXT = new Set(['CS', 'DA', 'IS', 'LO', 'PN', 'SH', 'TM', 'UI', 'UT']);
const utf8 = new TextEncoder();

/** Bytes of the file; `dataset` needs SOPClassUID and SOPInstanceUID. */
export function part10(dataset) {
  const told = encode({
    '00020001': { vr: 'OB', Value: [Uint8Array.of(0, 1)] },
    '00020002': { vr: 'UI', Value: dataset['00080016'].Value },
    '00020003': { vr: 'UI', Value: dataset['00080018'].Value },
    '00020010': { vr: 'UI', Value: [SYNTAX] },
    '00020012': { vr: 'UI', Value: [IMPLEMENTATION] },
  });
  const length = encode({ '00020000': { vr: 'UL', Value: [told.length] } });
  return join([new Uint8Array(128), utf8.encode('DICM'), length, told, encode(dataset)]);
}

function encode(dataset) {
  return join(Object.keys(dataset).sort().map((tag) => element(tag, dataset[tag])));
}

function element(tag, { vr, Value = [] }) {
  const content = even(contentOf(vr, Value), vr);
  const head = new DataView(new ArrayBuffer(LONG.has(vr) ? 12 : 8));
  head.setUint16(0, parseInt(tag.slice(0, 4), 16), true);
  head.setUint16(2, parseInt(tag.slice(4), 16), true);
  head.setUint8(4, vr.charCodeAt(0));
  head.setUint8(5, vr.charCodeAt(1));
  if (LONG.has(vr)) head.setUint32(8, content.length, true);
  else head.setUint16(6, content.length, true);
  // A number that does not fit would make the rest of the file unreadable.
  if (!LONG.has(vr) && content.length > 0xffff) throw new Error(`${tag} has ${content.length} bytes: more than VR ${vr} can hold`);
  return join([new Uint8Array(head.buffer), content]);
}

function contentOf(vr, values) {
  if (vr === 'SQ') return join(values.map((item) => sized(encode(item))));
  if (vr === 'OB') return join(values);
  if (vr === 'FL') return numbers(Float32Array, 'setFloat32', values);
  if (vr === 'UL') return numbers(Uint32Array, 'setUint32', values);
  if (vr === 'US') return numbers(Uint16Array, 'setUint16', values);
  if (!TEXT.has(vr)) throw new Error(`VR ${vr} cannot be written`);
  return utf8.encode(values.map((value) => (vr === 'PN' ? value.Alphabetic : String(value))).join('\\'));
}

/** An item of a sequence, its length said. */
function sized(content) {
  const head = new DataView(new ArrayBuffer(8));
  head.setUint32(0, 0xe000fffe, true);
  head.setUint32(4, content.length, true);
  return join([new Uint8Array(head.buffer), content]);
}

function numbers({ BYTES_PER_ELEMENT: size }, write, values) {
  const view = new DataView(new ArrayBuffer(size * values.length));
  values.forEach((value, place) => view[write](place * size, value, true));
  return new Uint8Array(view.buffer);
}

function even(content, vr) {
  if (content.length % 2 === 0) return content;
  return join([content, Uint8Array.of(TEXT.has(vr) && vr !== 'UI' ? 0x20 : 0)]);
}

function join(parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  parts.reduce((place, part) => {
    whole.set(part, place);
    return place + part.length;
  }, 0);
  return whole;
}
