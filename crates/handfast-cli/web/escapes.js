// Text that stands for bytes, as the visitor types it.
import { encode } from '/bytes.js';

/** The bytes that the text stands for: \xNN, \r, \n, \t and \\ are single bytes, a line end is `ending`. @param {string} text @param {string} ending */
export function bytesOf(text, ending) {
  const bytes = [];
  const pattern = /\\(?:x([0-9a-fA-F]{2})|([rnt\\]))|\n|[^\\\n]+|\\/g;
  for (const [piece, hex, short] of text.matchAll(pattern)) {
    if (hex) bytes.push(parseInt(hex, 16));
    else if (short) bytes.push({ r: 13, n: 10, t: 9, '\\': 92 }[short]);
    else for (const byte of encode(piece === '\n' ? ending : piece)) bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}
