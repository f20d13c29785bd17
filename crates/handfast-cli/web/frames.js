// Panel 6: frames of a live conversation, of the visitor's making, and malformed ones from the server.
import { $, h, fill, intro, card, button, announce, failure, needsHttp1, refocus, whileBusy } from '/dom.js';
import { freshName, getJson, pause, socketUrl, until, isHttp2 } from '/api.js';
import { timeline, frameView } from '/decode.js';
import { builder, restore } from '/builder.js';

/** @type {WebSocket | null} */
let socket = null;
let name = '';
let shownFrames = 0;

const SAY = [
  ['“Hello”', () => 'Hello'], ['an empty text', () => ''], ['“grüße ☕”', () => 'grüße ☕'], ['126 bytes', () => new Uint8Array(126).fill(7)],
  ['300 times “ab”', () => 'ab'.repeat(300)],
];

/** @param {HTMLElement} into */
export function mount(into) {
  fill(into,
    intro('frames', 'Frames', 'After the 101 there are no lines of text any more, only frames: two bytes of header, a longer length where it is needed, the client’s masking key, the payload. Here they are bit by bit, as the server recorded them.'),
    isHttp2() && needsHttp1(),
    card('A live conversation', h('div', { class: 'row' }, button('Connect', connect, { id: 'frames-connect', class: 'primary' }),
      h('label', { class: 'tick' }, h('input', { type: 'checkbox', id: 'frames-deflate' }), 'with compression'),
      h('p', { id: 'frames-status', class: 'status', role: 'status', 'data-state': 'idle' }, 'Not connected.')),
    h('div', { class: 'row', role: 'group', 'aria-label': 'Send' }, SAY.map(([text, what]) => button(`Send ${text}`, () => say(what()), { class: 'chip frames-say', disabled: true })),
      button('Close', () => socket?.close(1000, 'bye'), { class: 'chip frames-say', id: 'frames-close', disabled: true })),
    h('div', { id: 'frames-trouble' }),
    h('div', { id: 'frames-timeline', class: 'timeline', role: 'log', 'aria-label': 'Frames' }),
    h('p', { class: 'remark' }, '→ client to server, masked. ← server to client, never masked. Open a frame to see its bits.')),
    builder(),
    card('Malformed frames for your browser', h('p', { class: 'remark' }, 'The server opens a WebSocket, sends one of these right behind the 101, and records what your browser answers.'),
      h('div', { class: 'row low' }, h('div', {}, h('label', { for: 'malformed' }, 'The server sends'), h('select', { id: 'malformed' })), button('Play it', playMalformed, { id: 'malformed-play' }), button('Play all', playAll, { id: 'malformed-all' })),
      h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Results' }, h('table', { id: 'malformed-table', hidden: true }, h('thead', {}, h('tr', {}, ['Sent', 'Close wanted', 'On the wire', 'The script saw'].map((one) => h('th', { scope: 'col' }, one)))), h('tbody', { id: 'malformed-rows' }))),
      h('p', { id: 'malformed-signs', class: 'remark', hidden: true }, '✓ as wanted, ! failed in another way, ✕ did not fail.'),
      h('div', { id: 'malformed-frames', class: 'timeline' })),
  );
  loading = load();
  // Whoever needs the list hears of it then.
  loading.catch(() => {});
}

/** @param {string} _place @param {URLSearchParams} state */
export function show(_place, state) {
  restore(state);
}

/** @type {Promise<any[]>} */
let loading;

async function load() {
  const all = await getJson('/api/malformed');
  fill($('malformed'), all.map((one) => h('option', { value: one.name }, one.label)));
  $('malformed').value = 'masked';
  return all;
}

function setStatus(state, text) {
  $('frames-status').dataset.state = state;
  $('frames-status').textContent = text;
  const open = state === 'open';
  $('frames-connect').disabled = open || state === 'connecting';
  for (const one of document.querySelectorAll('.frames-say')) /** @type {HTMLButtonElement} */ (one).disabled = !open;
  // The button that was pressed cannot keep the focus.
  if (open) refocus(document.querySelector('.frames-say'));
  else if (state !== 'connecting') refocus($('frames-connect'));
}

function connect() {
  name = freshName();
  shownFrames = 0;
  for (const id of ['frames-timeline', 'frames-trouble']) fill($(id));
  let mine;
  try {
    mine = new WebSocket(socketUrl(`/echo?observe=${name}&deflate=${Number($('frames-deflate').checked)}`));
  } catch (error) {
    setStatus('failed', `The browser refused before it asked: ${error.message}`);
    return;
  }
  socket = mine;
  setStatus('connecting', 'Connecting…');
  let opened = false;
  mine.onopen = () => {
    opened = true;
    setStatus('open', mine.extensions ? `Open, with ${mine.extensions.split(';')[0]}.` : 'Open.');
    say('Hello');
  };
  mine.onmessage = refresh;
  mine.onclose = async ({ code, wasClean }) => {
    setStatus(opened ? 'closed' : 'failed', opened ? `${wasClean ? 'Closed' : 'Lost'}: ${code}.` : `It did not open (${code}).`);
    await pause(100);
    refresh();
  };
}

function say(what) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(what);
}

/** How often the recording is asked for, while messages come. */
const REFRESH_EVERY = 100;
let refreshing = false;
let again = false;

/** Shows what was recorded since. Many messages in a row are one question. */
async function refresh() {
  if (refreshing) {
    again = true;
    return;
  }
  refreshing = true;
  do {
    again = false;
    await look();
    if (again) await pause(REFRESH_EVERY);
  } while (again);
  refreshing = false;
}

async function look() {
  const asked = name;
  let seen;
  try {
    seen = await getJson(`/api/observed?id=${asked}`);
  } catch (error) {
    // Where it did not open there is nothing to see; the status says so.
    if (shownFrames > 0) fill($('frames-trouble'), failure('Not recorded', error));
    return;
  }
  if (asked !== name) return;
  const frames = timeline(seen.frames);
  for (const one of frames.slice(shownFrames)) $('frames-timeline').append(frameView(one, shownFrames === 0 && one === frames[0]));
  shownFrames = Math.max(shownFrames, frames.length);
  if (seen.cut && !$('frames-cut')) $('frames-timeline').append(h('p', { id: 'frames-cut', class: 'remark' }, 'The conversation went on; only its begin is recorded.'));
}

const PLAYING = ['malformed-play', 'malformed-all'];

const playMalformed = () => whileBusy(PLAYING, async () => {
  try {
    const one = (await loading).find(({ name: known }) => known === $('malformed').value);
    const frames = await playOne(one);
    fill($('malformed-frames'), frames.map((seen) => frameView(seen, true)));
  } catch (error) {
    fill($('malformed-frames'), failure('Not played', error));
  }
});

const playAll = () => whileBusy(PLAYING, async () => {
  fill($('malformed-frames'));
  try {
    for (const one of await loading) await playOne(one);
  } catch (error) {
    fill($('malformed-frames'), failure('Not played', error));
  }
});

/** Whoever has not failed by then has overlooked it, and is closed by the server (milliseconds). */
const FAILS_WITHIN = 700;

/**
 * Whether a browser did with a malformed frame what is right: `true`, `false`, or empty where it failed in another way. RFC 6455
 * leaves the choice of the code open, and a Close frame before a failure is a SHOULD (section 7.1.7).
 * @param {{ wanted: number, code: number | null, closes: boolean, told: string[], lasted: number }} what
 */
export function judged({ wanted, code, closes, told, lasted }) {
  if (code === wanted) return true;
  if ([1002, 1007, 1008].includes(code)) return '';
  const took = told.some((event) => event.startsWith('message'));
  return !closes && !took && told.at(-1) === 'close 1006' && lasted < FAILS_WITHIN ? '' : false;
}

async function playOne(one) {
  const mine = freshName();
  const begin = performance.now();
  const told = await new Promise((done) => {
    const events = [];
    const socket = new WebSocket(socketUrl(`/malformed/${one.name}?observe=${mine}`));
    socket.onopen = () => events.push('open');
    socket.onmessage = ({ data }) => events.push(`message “${data}”`);
    socket.onerror = () => events.push('error');
    socket.onclose = ({ code }) => done([...events, `close ${code}`]);
  });
  const lasted = performance.now() - begin;
  const seen = await until(() => getJson(`/api/observed?id=${mine}`), ({ ended }) => ended !== null, 3000);
  const frames = timeline(seen.frames);
  const close = frames.find(({ from, frame }) => from === 'client' && frame.opcode === 8);
  const code = close && close.frame.payload.length > 1 ? close.frame.payload[0] * 256 + close.frame.payload[1] : null;
  const good = judged({ wanted: one.wanted, code, closes: close !== undefined, told, lasted });
  const wire = close ? `Close ${code ?? 'without a code'}` : `${good === '' ? 'failed, with ' : ''}no Close frame`;
  for (const id of ['malformed-table', 'malformed-signs']) $(id).hidden = false;
  document.querySelector(`#malformed-rows [data-name="${one.name}"]`)?.remove();
  $('malformed-rows').append(h('tr', { 'data-name': one.name, 'data-code': code ?? '' }, h('th', { scope: 'row' }, one.label, h('br'), h('span', { class: 'size' }, one.source)), h('td', {}, String(one.wanted)),
    h('td', {}, h('span', { class: 'outcome', 'data-good': String(good) }, `${good === true ? '✓' : good === '' ? '!' : '✕'} ${wire}`)), h('td', {}, told.join(', '))));
  announce(`${one.label}: ${wire}`);
  return frames;
}
