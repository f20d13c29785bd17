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

/**
 * How bytes are shown. `wrong` are the places of bytes to mark, in order and apart from each other; an empty place is a gap, where
 * bytes are missing. `kind` is a class for a whole line; without `ends` the line ends are not shown: HTTP/2 has none.
 * @typedef {{ from: number, to: number, missing?: string }} Place
 * @typedef {{ wrong?: Place[], kind?: (line: string, place: number) => string, ends?: boolean }} Look
 */

/** Sorts places, and joins those that overlap. @param {Place[]} places @returns {Place[]} */
export function joined(places) {
  /** @type {Place[]} */
  const apart = [];
  for (const { from, to, missing } of [...places].sort((one, other) => one.from - other.from || one.to - other.to)) {
    const last = apart.at(-1);
    if (last && from < last.to) last.to = Math.max(last.to, to);
    else apart.push({ from, to, missing });
  }
  return apart;
}

/**
 * Cuts `[from, to)` at the places. A gap belongs to the piece that begins there or, with `closes`, ends there.
 * @param {Uint8Array} bytes @param {number} from @param {number} to @param {Place[]} wrong @param {(bytes: Uint8Array) => string} text @param {boolean} [closes]
 */
function pieces(bytes, from, to, wrong, text, closes = false) {
  const made = [];
  let at = from;
  for (const place of wrong) {
    const begin = Math.max(place.from, from);
    const end = Math.min(place.to, to);
    const gap = place.from === place.to && place.from >= from && (place.from < to || (closes && place.from === to));
    if (begin >= end && !gap) continue;
    if (begin > at) made.push(text(bytes.slice(at, begin)));
    made.push(gap ? h('mark', { class: 'gap', role: 'img', 'aria-label': `missing here: ${place.missing ?? 'bytes'}`, title: `missing here: ${place.missing ?? 'bytes'}` })
      : h('mark', {}, text(bytes.slice(begin, end))));
    at = Math.max(at, end);
  }
  if (at < to) made.push(text(bytes.slice(at, to)));
  return made;
}

/** A head, line by line, with its line ends shown, and what stands behind it. @param {Uint8Array} bytes @param {Look} [look] */
export function headView(bytes, { wrong = [], kind = () => '', ends = true } = {}) {
  const end = headEnd(bytes);
  let start = 0;
  const lines = linesOf(bytes.slice(0, end)).map((line, place) => {
    const tail = line.at(-1) === 10 ? (line.at(-2) === 13 ? 2 : 1) : 0;
    const [from, to] = [start, start + line.length - tail];
    start += line.length;
    const text = escapedText(line.slice(0, line.length - tail));
    // The names of HTTP/2's own fields begin with a colon.
    const colon = place > 0 ? line.indexOf(58, 1) : line.length - tail;
    const split = from + (colon > 0 && colon < line.length - tail ? colon + 1 : place === 0 ? line.length - tail : 0);
    const is = wrong.some((one) => one.from < start && (one.to > from || (one.from === one.to && one.from >= from)));
    return h('span', { class: `line ${is ? 'wrong' : ''} ${kind(text, place)}` },
      is && h('span', { class: 'word' }, '✕ '),
      h('span', { class: 'name' }, pieces(bytes, from, split, wrong, escapedText)),
      pieces(bytes, split, to, wrong, escapedText, true),
      ends && tail > 0 && h('span', { class: tail === 2 ? 'end' : 'end odd' }, pieces(bytes, to, start, wrong.filter((one) => one.from < one.to), escapedText)), '\n');
  });
  const body = bytes.length > end && h('span', { class: 'body' }, pieces(bytes, end, bytes.length, wrong, (part) => asText(part) ?? escapedText(part), true));
  return h('pre', { class: 'wire', tabindex: 0 }, ...lines, body);
}

/** The place behind the empty line that ends a head; behind the last one where interim answers stand in front. @param {Uint8Array} bytes */
export function headEnd(bytes) {
  for (let at = 3; at < bytes.length; at++) {
    if (bytes[at] === 10 && bytes[at - 1] === 13 && bytes[at - 2] === 10 && bytes[at - 3] === 13) {
      const isInterim = /^HTTP\/1\.1 10[023] /.test(String.fromCharCode(...bytes.slice(0, 13)));
      const next = at + 1;
      return isInterim && next < bytes.length ? next + headEnd(bytes.slice(next)) : next;
    }
  }
  return bytes.length;
}

/** As `escaped`, with backslashes left as they are: for reading, not for typing. @param {Uint8Array} bytes */
const escapedText = (bytes) => escaped(bytes).replaceAll('\\\\', '\\');

/** Eight bytes a row: place, hexadecimal, text. @param {Uint8Array} bytes @param {Place[]} [wrong] */
export function hexView(bytes, wrong = []) {
  const rows = [];
  const spans = wrong.filter(({ from, to }) => from < to);
  const plain = (part) => Array.from(part, (byte) => (isPlain(byte) ? String.fromCharCode(byte) : '·')).join('');
  for (let at = 0; at < bytes.length; at += 8) {
    const end = Math.min(at + 8, bytes.length);
    // Each byte by itself, so that the blanks between them stay unmarked.
    const row = Array.from({ length: 8 }, (_, place) => [place > 0 ? ' ' : '', at + place < end ? pieces(bytes, at + place, at + place + 1, spans, toHex) : '  ']);
    rows.push(h('span', { class: 'row-hex' }, h('span', { class: 'place' }, at.toString(16).padStart(4, '0')), '  ', row, '  ',
      h('span', { class: 'name' }, pieces(bytes, at, end, spans, plain)), '\n'));
  }
  return h('pre', { class: 'wire hex', tabindex: 0 }, ...rows);
}

/**
 * Bytes with a caption, as a head and, at wish, byte by byte.
 * @param {string} caption @param {Uint8Array} bytes @param {Look} [look] @param {string} [id]
 */
export function byteView(caption, bytes, look, id) {
  const text = headView(bytes, look);
  if (id) text.id = id;
  let dump = null;
  const toggle = h('button', { type: 'button', class: 'small', 'aria-pressed': 'false', onclick: () => {
    const shows = toggle.getAttribute('aria-pressed') !== 'true';
    toggle.setAttribute('aria-pressed', String(shows));
    dump ??= hexView(bytes, look?.wrong);
    text.hidden = shows;
    if (shows) text.after(dump);
    else dump.remove();
  } }, 'Byte by byte');
  // Without line ends these are the fields of HTTP/2, which cross the wire as other bytes.
  const isWire = look?.ends !== false;
  return h('figure', {}, h('figcaption', {}, h('span', {}, caption, isWire && [' ', h('span', { class: 'size' }, counted(bytes.length, 'byte'))]), isWire && toggle), text);
}
