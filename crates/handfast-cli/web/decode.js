// Frames, bit by bit (RFC 6455 section 5.2).
import { h, counted } from '/dom.js';
import { asText, toHex, isPlain } from '/bytes.js';

/**
 * @typedef {{ fin: boolean, rsv: boolean[], opcode: number, masked: boolean, lengthBits: number, length: number, key: Uint8Array,
 *   header: Uint8Array, raw: Uint8Array, payload: Uint8Array }} Frame
 * @typedef {{ from: 'client' | 'server', at: number | null, frame: Frame }} Seen `at` in microseconds since the request, where there was one
 */

export const OPCODES = { 0: 'continuation', 1: 'text', 2: 'binary', 8: 'close', 9: 'ping', 10: 'pong' };
const CLOSE_CODES = { 1000: 'normal', 1001: 'going away', 1002: 'protocol error', 1003: 'unsupported data', 1007: 'invalid data', 1008: 'policy violation', 1009: 'too big', 1010: 'extension missing', 1011: 'internal error' };

/** The frame at the begin of the bytes; null where it is not whole. @param {Uint8Array} bytes @returns {{ frame: Frame, size: number } | null} */
export function decode(bytes) {
  if (bytes.length < 2) return null;
  const short = bytes[1] & 0x7f;
  const lengthBits = short === 126 ? 16 : short === 127 ? 64 : 7;
  let at = 2 + (lengthBits === 7 ? 0 : lengthBits / 8);
  if (bytes.length < at) return null;
  const length = lengthBits === 7 ? short : bytes.slice(2, at).reduce((sum, byte) => sum * 256 + byte, 0);
  const masked = (bytes[1] & 0x80) !== 0;
  const key = bytes.slice(at, at + (masked ? 4 : 0));
  at += masked ? 4 : 0;
  // A length that nobody can mean is shown with what is there.
  const end = length > 2 ** 31 ? bytes.length : at + length;
  if (bytes.length < end) return null;
  const raw = bytes.slice(at, end);
  const payload = raw.map((byte, place) => (masked ? byte ^ key[place % 4] : byte));
  const rsv = [0x40, 0x20, 0x10].map((bit) => (bytes[0] & bit) !== 0);
  return { size: end, frame: { fin: (bytes[0] & 0x80) !== 0, rsv, opcode: bytes[0] & 0x0f, masked, lengthBits, length, key, header: bytes.slice(0, at), raw, payload } };
}

/**
 * All whole frames of a recording, in the order of their last byte.
 * @param {{ at: number | null, from: 'client' | 'server', bytes: string }[]} pieces @returns {Seen[]}
 */
export function timeline(pieces) {
  const seen = [];
  const rest = { client: new Uint8Array(), server: new Uint8Array() };
  for (const { at, from, bytes } of pieces) {
    const more = Uint8Array.from(bytes.match(/../g) ?? [], (pair) => parseInt(pair, 16));
    const joined = new Uint8Array(rest[from].length + more.length);
    joined.set(rest[from]);
    joined.set(more, rest[from].length);
    let begin = 0;
    for (let one = decode(joined); one; one = decode(joined.subarray(begin))) {
      seen.push({ from, at, frame: one.frame });
      begin += one.size;
    }
    rest[from] = joined.slice(begin);
  }
  return seen;
}

/** @param {Frame} frame */
export const nameOf = (frame) => OPCODES[frame.opcode] ?? `opcode ${frame.opcode}`;

/** What a frame says, in a few words. @param {Frame} frame */
export function summary({ opcode, payload, rsv }) {
  if (rsv[0] && opcode < 8) return `compressed to ${counted(payload.length, 'byte')}`;
  if (opcode === 8) {
    if (payload.length < 2) return 'without a code';
    const code = payload[0] * 256 + payload[1];
    const reason = asText(payload.slice(2));
    return `${code}${CLOSE_CODES[code] ? ` ${CLOSE_CODES[code]}` : ''}${reason ? ` “${reason}”` : ''}`;
  }
  if (payload.length === 0) return 'empty';
  const text = opcode === 1 || opcode === 0 || opcode > 8 ? asText(payload.slice(0, 60)) : null;
  return text === null ? toHex(payload.slice(0, 16), ' ') + (payload.length > 16 ? ' …' : '') : `“${text}${payload.length > 60 ? '…' : ''}”`;
}

/** Undoes permessage-deflate for one message that keeps no context (RFC 7692 section 7.2.2). @param {Uint8Array} payload */
export async function inflate(payload) {
  // The four bytes that every sender leaves out, and an empty last block, so that the stream has an end.
  const whole = new Blob([payload, Uint8Array.of(0, 0, 0xff, 0xff, 1, 0, 0, 0xff, 0xff)]);
  const stream = whole.stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** A frame that opens to its bits. @param {Seen} seen @param {boolean} [open] */
export function frameView({ from, at, frame }, open = false) {
  const inside = h('div', { class: 'inside' });
  const view = h('details', { class: 'frame', 'data-from': from, 'data-opcode': frame.opcode, open, ontoggle: () => {
    if (view.open && inside.childElementCount === 0) inside.append(bits(frame), payloadView(frame));
  } },
  h('summary', {}, h('b', {}, `${from === 'client' ? '→' : '←'} ${nameOf(frame)}`), h('span', { class: 'unseen' }, from === 'client' ? 'from the client' : 'from the server'),
    h('span', { class: 'mono' }, summary(frame)), h('span', { class: 'when' }, counted(frame.header.length + frame.raw.length, 'byte'), at !== null && ` · ${(at / 1000).toFixed(1)} ms`)),
  inside);
  if (open) inside.append(bits(frame), payloadView(frame));
  return view;
}

/** The header's bits, with their names. @param {Frame} frame */
export function bits(frame) {
  const bit = (value) => (value ? '1' : '0');
  const cell = (value, name) => h('div', {}, h('b', {}, value), h('span', {}, name));
  const extended = frame.header.slice(2, frame.lengthBits === 7 ? 2 : 2 + frame.lengthBits / 8);
  return h('div', { class: 'bits', role: 'group', 'aria-label': 'Header, bit by bit' },
    cell(bit(frame.fin), 'FIN'), frame.rsv.map((one, place) => cell(bit(one), `RSV${place + 1}`)),
    cell(frame.opcode.toString(2).padStart(4, '0'), `opcode: ${nameOf(frame)}`), cell(bit(frame.masked), 'MASK'),
    cell((frame.header[1] & 0x7f).toString(2).padStart(7, '0'), frame.lengthBits === 7 ? `length ${frame.length}` : `${frame.header[1] & 0x7f}: ${frame.lengthBits} bits follow`),
    extended.length > 0 && cell(toHex(extended, ' '), `length ${frame.length}`), frame.masked && cell(toHex(frame.key, ' '), 'masking key'));
}

/** How many bytes are shown with their masking. */
const MASKED_SHOWN = 24;

/** @param {Frame} frame */
function payloadView(frame) {
  const parts = [];
  if (frame.masked && frame.raw.length > 0) {
    const shown = [...frame.raw.slice(0, MASKED_SHOWN)];
    const row = (name, values) => h('tr', {}, h('th', { scope: 'row' }, name), values.map((value) => h('td', {}, value)));
    const hex = (byte) => byte.toString(16).padStart(2, '0');
    parts.push(h('div', { class: 'scroll', tabindex: 0 }, h('table', { class: 'mask' }, h('tbody', {},
      row('on the wire', shown.map(hex)), row('XOR key', shown.map((_, place) => hex(frame.key[place % 4]))), row('payload', shown.map((_, place) => hex(frame.payload[place]))),
      row('as text', shown.map((_, place) => (isPlain(frame.payload[place]) ? String.fromCharCode(frame.payload[place]) : '·')))))));
    if (frame.raw.length > MASKED_SHOWN) parts.push(h('p', { class: 'remark' }, `and ${counted(frame.raw.length - MASKED_SHOWN, 'byte')} more`));
  }
  const shown = frame.payload.slice(0, 2048);
  if (shown.length > 0 && !(frame.rsv[0] && frame.opcode < 8)) {
    parts.push(h('pre', { class: 'wire', tabindex: 0 }, (frame.opcode === 1 ? asText(shown) : null) ?? toHex(shown, ' ')));
  }
  if (frame.rsv[0] && frame.opcode < 8) {
    const result = h('p', { class: 'inflated' }, 'Inflating…');
    inflate(frame.payload).then((whole) => {
      result.textContent = `Inflated: ${counted(frame.payload.length, 'byte')} become ${whole.length}: ${asText(whole.slice(0, 400)) ?? toHex(whole.slice(0, 64), ' ')}${whole.length > 400 ? '…' : ''}`;
    }, () => { result.textContent = 'It cannot be inflated alone.'; });
    parts.push(result);
  }
  return h('div', { class: 'stack' }, parts);
}
