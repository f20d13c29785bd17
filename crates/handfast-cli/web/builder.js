// The second part of the frames panel: a frame of the visitor's making, given to the server's real connection.
import { $, h, fill, card, button, announce, choose, counted, failure, remember } from '/dom.js';
import { getJson } from '/api.js';
import { fromHex, toHex, asText } from '/bytes.js';
import { decode, bits, frameView, timeline, OPCODES } from '/decode.js';
import { bytesOf } from '/escapes.js';

/** Frames to begin with. @type {Record<string, Partial<Draft>>} */
const SAMPLES = {
  'A right text': {},
  'No mask': { mask: false },
  'RSV1 set': { rsv1: true },
  'Opcode 3': { opcode: 3 },
  'Ping of 126 bytes': { opcode: 9, payload: 'x'.repeat(126) },
  'Ping without FIN': { opcode: 9, fin: false },
  'Length not in the shortest form': { length: 16 },
  'Not UTF-8': { payload: '\\xc3\\x28' },
  'Close 1005': { opcode: 8, payload: '\\x03\\xed' },
  'Close 1000': { opcode: 8, payload: '\\x03\\xe8bye' },
};

/** @typedef {{ fin: boolean, rsv1: boolean, rsv2: boolean, rsv3: boolean, opcode: number, mask: boolean, key: string, length: number, payload: string }} Draft */

/** @type {Draft} */
const RIGHT = { fin: true, rsv1: false, rsv2: false, rsv3: false, opcode: 1, mask: true, key: '37fa213d', length: 0, payload: 'Hello' };

const TICKS = [['fin', 'FIN'], ['rsv1', 'RSV1'], ['rsv2', 'RSV2'], ['rsv3', 'RSV3'], ['mask', 'MASK']];

export function builder() {
  return card('Make a frame, and send it to the server’s parser',
    h('div', { class: 'chips', role: 'group', 'aria-label': 'Samples' }, Object.entries(SAMPLES).map(([name, change]) => button(name, () => { put({ ...RIGHT, ...change }); keep(); judge(); }, { class: 'chip', 'data-sample': name }))),
    h('form', { class: 'stack', autocomplete: 'off', onsubmit: (event) => { event.preventDefault(); judge(); }, oninput: () => { keep(); preview(); } },
      h('div', { class: 'row' }, TICKS.map(([name, text]) => h('label', { class: 'tick' }, h('input', { type: 'checkbox', id: `frame-${name}` }), text))),
      h('div', { class: 'fields' },
        field('frame-opcode', 'Opcode', h('select', { id: 'frame-opcode' }, Array.from({ length: 16 }, (_, code) => h('option', { value: code }, `${code} ${OPCODES[code] ?? '(not defined)'}`)))),
        field('frame-length', 'Length in', h('select', { id: 'frame-length' }, h('option', { value: 0 }, 'the shortest form'), [7, 16, 64].map((bits) => h('option', { value: bits }, `${bits} bits`)))),
        field('frame-key', 'Masking key, in hex', h('input', { id: 'frame-key', class: 'mono', maxlength: 8, spellcheck: 'false' }))),
      field('frame-payload', 'Payload (\\xNN for single bytes)', h('textarea', { id: 'frame-payload', rows: 2, spellcheck: 'false' })),
      h('div', { id: 'frame-preview' }),
      h('div', { class: 'row' }, h('button', { class: 'primary', id: 'frame-send' }, 'Send to the server’s parser'))),
    h('div', { id: 'frame-verdict', class: 'stack' }));
}

const field = (id, text, control) => h('div', {}, h('label', { for: id }, text), control);

/** @param {Draft} draft */
export function put(draft) {
  for (const [name] of TICKS) $(`frame-${name}`).checked = draft[name];
  choose($('frame-opcode'), draft.opcode);
  choose($('frame-length'), draft.length);
  $('frame-key').value = draft.key;
  $('frame-payload').value = draft.payload;
  preview();
}

/** @returns {Draft} */
function take() {
  const ticks = Object.fromEntries(TICKS.map(([name]) => [name, $(`frame-${name}`).checked]));
  return /** @type {any} */ ({ ...ticks, opcode: Number($('frame-opcode').value), length: Number($('frame-length').value), key: $('frame-key').value, payload: $('frame-payload').value });
}

/** Shows what a link asks for. @param {URLSearchParams} state */
export function restore(state) {
  const draft = { ...RIGHT };
  for (const [name] of TICKS) if (state.has(name)) draft[name] = state.get(name) === '1';
  for (const name of ['opcode', 'length']) if (state.has(name)) draft[name] = Number(state.get(name));
  for (const name of ['key', 'payload']) if (state.has(name)) draft[name] = state.get(name);
  put(draft);
  if (state.size > 0) judge();
}

function keep() {
  const draft = take();
  const state = new URLSearchParams();
  for (const [name, value] of Object.entries(draft)) if (value !== RIGHT[name]) state.set(name, typeof value === 'boolean' ? (value ? '1' : '0') : String(value));
  remember(state.size > 0 ? `#frames?${state}` : '#frames');
}

/** @param {Draft} draft */
export function frameBytes(draft) {
  const payload = bytesOf(draft.payload, '\n');
  const form = draft.length || (payload.length < 126 ? 7 : payload.length < 65536 ? 16 : 64);
  const first = (draft.fin ? 0x80 : 0) | (draft.rsv1 ? 0x40 : 0) | (draft.rsv2 ? 0x20 : 0) | (draft.rsv3 ? 0x10 : 0) | draft.opcode;
  const length = form === 7 ? [payload.length & 0x7f] : form === 16 ? [126, (payload.length >> 8) & 0xff, payload.length & 0xff]
    : [127, 0, 0, 0, 0, (payload.length >>> 24) & 0xff, (payload.length >> 16) & 0xff, (payload.length >> 8) & 0xff, payload.length & 0xff];
  if (draft.mask) length[0] |= 0x80;
  const key = fromHex(draft.key.replace(/[^0-9a-f]/gi, '').padEnd(8, '0').slice(0, 8));
  return Uint8Array.from([first, ...length, ...(draft.mask ? key : []), ...payload.map((byte, at) => (draft.mask ? byte ^ key[at % 4] : byte))]);
}

function preview() {
  const draft = take();
  const bytes = frameBytes(draft);
  const known = decode(bytes);
  const shown = toHex(bytes.slice(0, 64), ' ') + (bytes.length > 64 ? ' …' : '');
  fill($('frame-preview'), known ? bits(known.frame) : h('p', { class: 'remark' }, 'The header states more bytes than there are: the server will wait for the rest.'), h('p', { class: 'mono value', id: 'frame-bytes' }, shown),
    draft.mask && !/^[0-9a-f]{8}$/i.test(draft.key) && h('p', { class: 'remark', id: 'frame-key-note' }, 'The masking key is not 8 hexadecimal digits: other letters are left out, and zeros fill it up.'));
}

async function judge() {
  try {
    const verdict = await getJson(`/api/frames?bytes=${toHex(frameBytes(take()))}`);
    showVerdict(verdict);
  } catch (error) {
    fill($('frame-verdict'), failure('No verdict', error));
    announce(`No verdict. ${error.message}`);
  }
}

function showVerdict({ events, answer, open }) {
  const fault = events.find((event) => event.kind === 'fault');
  const title = fault ? `✕ Close ${fault.code}` : events.length === 0 ? '… Waiting for more' : open ? '✓ Accepted' : '✓ Closed';
  const words = fault ? fault.text : events.length === 0 ? 'The frame, or its message, is not whole yet.' : events.map(eventWords).join('; ');
  announce(`${title.slice(2)}. ${words}`);
  fill($('frame-verdict'), h('div', { class: 'banner', id: 'frame-outcome', 'data-good': fault ? 'false' : events.length === 0 ? '' : 'true' }, h('b', {}, title), h('span', {}, words), fault && h('span', {}, h('b', {}, 'Fix '), fault.fix)),
    answer !== '' && h('div', { class: 'stack' }, h('h3', {}, 'The server writes'), timeline([{ at: null, from: 'server', bytes: answer }]).map((seen) => frameView(seen, true))));
}

function eventWords({ kind, text, bytes, code }) {
  if (kind === 'text') return `the program gets the text “${text}”`;
  if (kind === 'binary') return `the program gets ${counted(bytes.length / 2, 'byte')}`;
  if (kind === 'closed') return `the peer has closed with ${code}`;
  if (bytes === undefined) return kind;
  return `a ${kind} with “${asText(fromHex(bytes)) ?? bytes}”`;
}
