// The picture of a QR code, as small as its content: one bit a pixel and hardly anything to compress. Drawn in full colour
// and filtered as a photograph it would take the process twenty times as long.
import { crc32, deflateSync } from 'node:zlib';
import QRCode from 'qrcode';

/** The quiet zone that readers need, in modules. */
const MARGIN = 4;
/** Pixels for each module; enough for a camera, whatever a phone does to the picture. */
const SCALE = 6;
const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** Of these alone, as an invoice in capitals: nothing shorter needs to be searched for. */
const NARROW = /^[0-9A-Z $%*+./:-]+$/;
/** A row that is the one above it, unchanged, is stored as differences of nothing. */
const [PLAIN, AS_ABOVE] = [0, 2];

/**
 * Draws a text as a PNG, dark on white.
 * @throws when the text is too long for a QR code (2,331 bytes at this level of correction).
 */
export function qrPicture(text: string): Buffer {
  const content = NARROW.test(text) ? [{ data: text, mode: 'alphanumeric' as const }] : text;
  const { modules } = QRCode.create(content, { errorCorrectionLevel: 'M' });
  const width = (modules.size + 2 * MARGIN) * SCALE;
  const rowBytes = 1 + Math.ceil(width / 8);
  // A bit that is set is white.
  const white = Buffer.alloc(rowBytes, 0xff);
  white[0] = PLAIN;
  const same = Buffer.alloc(rowBytes);
  same[0] = AS_ABOVE;
  const rows: Buffer[] = [];
  for (let y = -MARGIN; y < modules.size + MARGIN; y++) {
    const row = Buffer.from(white);
    for (let x = 0; x < modules.size && y >= 0 && y < modules.size; x++) {
      if (modules.data[y * modules.size + x] === 1) darken(row, (MARGIN + x) * SCALE);
    }
    rows.push(row, ...Array<Buffer>(SCALE - 1).fill(same));
  }
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', headerOf(width)),
    chunk('IDAT', deflateSync(Buffer.concat(rows), { level: 6 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function darken(row: Buffer, from: number): void {
  for (let pixel = from; pixel < from + SCALE; pixel++) {
    const at = 1 + (pixel >> 3);
    row[at] = (row[at] ?? 0) & ~(0x80 >> (pixel & 7));
  }
}

/** Square, one bit for each pixel, grey, not interlaced. */
function headerOf(width: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(width, 4);
  header[8] = 1;
  return header;
}

function chunk(kind: string, content: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(kind, 'latin1'), content]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
}
