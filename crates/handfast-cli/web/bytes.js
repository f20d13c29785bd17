// Bytes as people read them.
import { h, counted } from '/dom.js';

/** @param {string} hex @returns {Uint8Array} */
export const fromHex = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));

/** @param {Iterable<number>} bytes @param {string} [between] */
export const toHex = (bytes, between = '') => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(between);

/** @param {string} text @returns {Uint8Array} */
export const encode = (text) => new TextEncoder().encode(text);

/** Whether a byte shows as itself in ASCII. @param {number} byte */
export const isPlain = (byte) => byte >= 0x20 && byte < 0x7f;

/** Cuts a head into its lines, ends included. @param {Uint8Array} bytes @returns {Uint8Array[]} */
export function linesOf(bytes) {
  const lines = [];
  let start = 0;
  bytes.forEach((byte, at) => {
    if (byte === 10) {
      lines.push(bytes.slice(start, at + 1));
      start = at + 1;
    }
  });
  if (start < bytes.length) lines.push(bytes.slice(start));
  return lines;
}

/** Bytes as text: what is not printable stands as \xNN, line ends and tabs by their short names. @param {Iterable<number>} bytes */
export const escaped = (bytes) => Array.from(bytes, (byte) => {
  if (byte === 13) return '\\r';
  if (byte === 10) return '\\n';
  if (byte === 9) return '\\t';
  if (byte === 92) return '\\\\';
  return isPlain(byte) ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
}).join('');

/** Whether bytes are UTF-8 without control characters but line ends and tabs; then the text. @param {Uint8Array} bytes */
export function asText(bytes) {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/.test(text) ? null : text;
  } catch {
    return null;
  }
}

/** @typedef {(line: string, place: number) => { kind?: string, word?: string } | null} Mark */

/**
 * A head, line by line, with its line ends shown. `mark` names the lines that matter: `kind` is a class, `word` is said in front.
 * @param {Uint8Array} bytes @param {Mark} [mark]
 */
export function headView(bytes, mark = () => null) {
  const end = headEnd(bytes);
  const lines = linesOf(bytes.slice(0, end)).map((line, place) => {
    const tail = line.at(-1) === 10 ? (line.at(-2) === 13 ? 2 : 1) : 0;
    const text = escapedText(line.slice(0, line.length - tail));
    const marked = mark(text, place);
    const colon = text.indexOf(':');
    const named = place > 0 && colon > 0;
    return h('span', { class: `line ${marked?.kind ?? ''}` },
      marked?.word && h('span', { class: 'word' }, `${marked.word} `),
      h('span', { class: 'name' }, named ? text.slice(0, colon + 1) : place === 0 ? text : ''),
      named ? text.slice(colon + 1) : place === 0 ? '' : text,
      tail > 0 && h('span', { class: tail === 2 ? 'end' : 'end odd' }, tail === 2 ? '\\r\\n' : '\\n'), '\n');
  });
  const body = bytes.slice(end);
  return h('pre', { class: 'wire', tabindex: 0 }, ...lines, body.length > 0 && h('span', { class: 'body' }, asText(body) ?? escapedText(body)));
}

/** The place behind the empty line that ends a head. @param {Uint8Array} bytes */
export function headEnd(bytes) {
  for (let at = 3; at < bytes.length; at++) {
    if (bytes[at] === 10 && bytes[at - 1] === 13 && bytes[at - 2] === 10 && bytes[at - 3] === 13) return at + 1;
  }
  return bytes.length;
}

/** As `escaped`, with backslashes left as they are: for reading, not for typing. @param {Uint8Array} bytes */
const escapedText = (bytes) => escaped(bytes).replaceAll('\\\\', '\\');

/** Eight bytes a row: place, hexadecimal, text. @param {Uint8Array} bytes */
export function hexView(bytes) {
  const rows = [];
  for (let at = 0; at < bytes.length; at += 8) {
    const row = bytes.slice(at, at + 8);
    rows.push(h('span', { class: 'row-hex' },
      h('span', { class: 'place' }, at.toString(16).padStart(4, '0')), '  ', toHex(row, ' ').padEnd(23), '  ',
      h('span', { class: 'name' }, Array.from(row, (byte) => (isPlain(byte) ? String.fromCharCode(byte) : '·')).join('')), '\n'));
  }
  return h('pre', { class: 'wire hex', tabindex: 0 }, ...rows);
}

/**
 * Bytes with a caption, as a head and, at wish, byte by byte.
 * @param {string} caption @param {Uint8Array} bytes @param {Mark} [mark] @param {string} [id]
 */
export function byteView(caption, bytes, mark, id) {
  const text = headView(bytes, mark);
  if (id) text.id = id;
  let dump = null;
  const toggle = h('button', { type: 'button', class: 'small', 'aria-pressed': 'false', onclick: () => {
    const shows = toggle.getAttribute('aria-pressed') !== 'true';
    toggle.setAttribute('aria-pressed', String(shows));
    dump ??= hexView(bytes);
    text.hidden = shows;
    if (shows) text.after(dump);
    else dump.remove();
  } }, 'Byte by byte');
  return h('figure', {}, h('figcaption', {}, h('span', {}, caption, ' ', h('span', { class: 'size' }, counted(bytes.length, 'byte'))), toggle), text);
}
