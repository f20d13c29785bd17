// Panel 3: the browser's own handshake as the server saw it, and what a script can and cannot do about it.
import { $, h, fill, intro, card, button, announce, counted, failure, refocus, remember } from '/dom.js';
import { freshName, getJson, Gone, socketUrl, until } from '/api.js';
import { byteView, encode } from '/bytes.js';

/** @type {WebSocket | null} */
let socket = null;

/** @param {HTMLElement} into */
export function mount(into) {
  into.append(
    intro('live', 'Your browser, live', 'A script can open a WebSocket, but it never gets to see the handshake. The server does, and shows it here.'),
    card('', h('form', { class: 'stack', autocomplete: 'off', oninput: keep, onsubmit: (event) => { event.preventDefault(); connect(); } },
      h('div', { class: 'row low' }, h('div', {}, h('label', { for: 'live-protocols' }, 'Subprotocols to offer'),
        h('input', { id: 'live-protocols', class: 'mono', spellcheck: 'false', autocapitalize: 'off', placeholder: 'echo, chat' })),
      h('label', { class: 'tick' }, h('input', { type: 'checkbox', id: 'live-deflate', checked: true }), 'Server agrees to compression')),
      h('div', { class: 'row' }, h('button', { id: 'connect', class: 'primary' }, 'Open a WebSocket'),
        button('Close', () => socket?.close(1000, 'the button was pressed'), { id: 'disconnect', disabled: true }),
        h('p', { id: 'status', class: 'status', role: 'status', 'data-state': 'idle' }, 'Not connected.')))),
    h('div', { id: 'observed', class: 'answers', hidden: true }),
    card('The conversation', h('form', { autocomplete: 'off', onsubmit: say },
      h('label', { for: 'echo-input' }, 'Message'),
      h('div', { class: 'row' }, h('input', { id: 'echo-input', value: 'Hello, handfast', disabled: true }), h('button', { id: 'echo-send', disabled: true }, 'Send'))),
    h('div', { id: 'echo-log', class: 'log', role: 'log', 'aria-label': 'Messages', tabindex: 0 }),
    h('p', { class: 'remark' }, 'The same conversation, frame by frame: ', h('a', { href: '#frames' }, 'Frames'), '.')),
    card('Can a script set these fields by hand?', h('p', { class: 'remark' }, 'Browsers forbid scripts to set them, all but the last, so that no page can forge a handshake. Try it: the server tells what arrived.'),
      h('div', { class: 'row' }, button('With fetch', () => byHand('fetch'), { id: 'hand-fetch' }), button('With XMLHttpRequest', () => byHand('XMLHttpRequest'), { id: 'hand-xhr' })),
      h('div', { id: 'hand-result', class: 'stack' })),
  );
}

/** @param {string} _place @param {URLSearchParams} state */
export function show(_place, state) {
  if (state.has('protocols')) $('live-protocols').value = state.get('protocols');
  if (state.has('deflate')) $('live-deflate').checked = state.get('deflate') !== '0';
}

function keep() {
  const state = new URLSearchParams();
  if ($('live-protocols').value) state.set('protocols', $('live-protocols').value);
  if (!$('live-deflate').checked) state.set('deflate', '0');
  remember(state.size > 0 ? `#live?${state}` : '#live');
}

function setStatus(state, text) {
  $('status').dataset.state = state;
  $('status').textContent = text;
  const open = state === 'open';
  $('connect').disabled = open || state === 'connecting';
  for (const id of ['disconnect', 'echo-input', 'echo-send']) $(id).disabled = !open;
  // The button that was pressed cannot keep the focus.
  if (open) refocus($('disconnect'));
  else if (state !== 'connecting') refocus($('connect'));
}

function connect() {
  const name = freshName();
  const protocols = $('live-protocols').value.split(',').map((one) => one.trim()).filter(Boolean);
  const path = `/echo?observe=${name}&deflate=${Number($('live-deflate').checked)}`;
  const times = { begin: performance.now(), open: 0, first: 0 };
  let mine;
  try {
    mine = protocols.length > 0 ? new WebSocket(socketUrl(path), protocols) : new WebSocket(socketUrl(path));
  } catch (error) {
    setStatus('failed', `The browser refused before it asked: ${error.message}`);
    return;
  }
  socket = mine;
  mine.binaryType = 'arraybuffer';
  setStatus('connecting', 'Connecting…');
  $('observed').hidden = true;
  mine.addEventListener('open', () => {
    times.open = performance.now();
    setStatus('open', `Open after ${(times.open - times.begin).toFixed(1)} ms.`);
    log('note', `Opened ${socketUrl('/echo')}`);
    const hello = 'Hello from this page';
    mine.addEventListener('message', () => { times.first = performance.now(); observe(name, mine, times); }, { once: true });
    mine.send(hello);
    log('out', hello);
  });
  mine.addEventListener('message', (event) => log('in', event.data));
  mine.addEventListener('close', (event) => {
    const reason = event.reason ? ` “${event.reason}”` : '';
    if (times.open) {
      const kind = event.wasClean ? 'Closed' : 'Lost';
      setStatus('closed', `${kind}: ${event.code}${reason}.`);
      log('note', `${kind}: ${event.code}${reason}`);
    } else {
      setStatus('failed', `It did not open (${event.code}). That is all a script is told; the server and the browser’s console know more.`);
      observe(name, mine, times);
    }
    if (socket === mine) socket = null;
  });
}

async function observe(name, mine, times) {
  const into = $('observed');
  try {
    const seen = await until(() => getJson(`/api/observed?id=${name}`), () => true, 2000);
    showSeen(into, seen, mine, times);
  } catch (error) {
    fill(into, failure('Not seen', error));
  }
  into.hidden = false;
}

const MATTERS = /^(:[a-z]+|host|upgrade|connection|origin|sec-websocket-[a-z]+)$/i;
const HIDDEN = ['every other header field', 'the status code', 'pings and pongs', 'what went wrong, if something did'];

/** The value of a field in lines of a head. @param {string[]} lines @param {string} name */
const field = (lines, name) => lines.find((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`))?.replace(/^[^:]*:\s*/, '') ?? null;

function showSeen(into, seen, mine, times) {
  const streams = seen.http === 'HTTP/2';
  const mark = { ends: !streams, kind: (line, place) => (place === 0 || MATTERS.test(line.replace(/(.):.*/, '$1')) ? 'matters' : 'dull') };
  const head = (lines) => encode(streams ? lines.filter(Boolean).join('\n') : `${lines.join('\r\n')}\r\n\r\n`);
  const told = (value) => (value ? h('code', {}, value) : h('span', { class: 'remark' }, 'none'));
  const row = (what, asked, agreed, script) => h('tr', {}, h('th', { scope: 'row' }, what), h('td', {}, told(asked)), h('td', {}, told(agreed)), h('td', {}, told(script)));
  const key = seen.key;
  fill(into,
    h('div', { class: 'pair' },
      h('section', { class: 'card' }, byteView('What the server saw', head(seen.request), mark, 'server-saw')),
      h('section', { class: 'card' }, byteView('What it answered', head(seen.response), mark, 'server-sent'),
        streams ? h('p', { class: 'remark', id: 'live-streams' }, 'It went over HTTP/2: a stream beside this page’s own requests, opened by an extended CONNECT (RFC 8441). There is no key and no accept, and 200 takes the place of 101: a stream belongs to one request, so no cache can answer for another. Over plain ', h('code', {}, 'http://'), ' your browser uses HTTP/1.1.')
          : h('p', { class: 'remark' }, 'The key ', h('code', { id: 'server-key', class: 'part-key' }, key), ' was made by your browser for this connection alone. ',
          h('a', { id: 'use-key', href: `#compute?${new URLSearchParams({ key })}` }, 'Compute with it')))),
    h('div', { class: 'answers' },
      card('What each side knows', h('div', { class: 'scroll', tabindex: 0 }, h('table', { id: 'both-views' },
        h('thead', {}, h('tr', {}, h('td', {}), ['Browser offered', 'Server agreed', 'Script sees'].map((one) => h('th', { scope: 'col' }, one)))),
        h('tbody', {}, row('Subprotocol', field(seen.request, 'Sec-WebSocket-Protocol'), field(seen.response, 'Sec-WebSocket-Protocol'), mine.protocol),
          row('Extension', field(seen.request, 'Sec-WebSocket-Extensions'), field(seen.response, 'Sec-WebSocket-Extensions'), mine.extensions)))),
      h('p', { class: 'remark' }, 'What the script could not see: ', (streams ? HIDDEN : ['Sec-WebSocket-Key', 'Sec-WebSocket-Accept', ...HIDDEN]).join(', '), '.')),
      times.open > 0 && card('Times', bars([
        ['new WebSocket() to open', times.open - times.begin],
        [`request read to ${streams ? '200' : '101'} written, on the server`, (seen.answered ?? 0) / 1000],
        ['first message there and back', times.first - times.open],
      ]))));
}

/** @param {[string, number][]} rows milliseconds */
function bars(rows) {
  const most = Math.max(...rows.map(([, time]) => time), 0.01);
  return h('div', { class: 'bars', id: 'times' }, rows.flatMap(([name, time]) => [
    h('span', {}, name), h('meter', { min: 0, max: most, value: time, 'aria-label': name }), h('span', { class: 'mono' }, `${time.toFixed(time < 1 ? 2 : 1)} ms`)]));
}

const LOG_ENTRIES_MAX = 200;
/** Characters of a message that the log shows. */
const LOG_TEXT_MAX = 4000;

const shortened = (text) => (text.length > LOG_TEXT_MAX ? `${text.slice(0, LOG_TEXT_MAX)}…` : text);

function log(direction, content) {
  const entry = h('p', { 'data-direction': direction });
  if (direction === 'note') {
    entry.textContent = content;
  } else {
    const binary = content instanceof ArrayBuffer;
    const size = binary ? content.byteLength : encode(content).length;
    fill(entry, h('span', { class: 'mark', 'aria-hidden': 'true' }, direction === 'out' ? '> ' : '< '), h('span', { class: 'unseen' }, direction === 'out' ? 'sent ' : 'received '),
      h('bdi', { class: 'text' }, binary ? '(binary)' : shortened(content)), ' ', h('span', { class: 'size' }, `[${counted(size, 'byte')}]`));
  }
  const list = $('echo-log');
  list.append(entry);
  while (list.childElementCount > LOG_ENTRIES_MAX) list.firstElementChild.remove();
  list.scrollTop = list.scrollHeight;
}

function say(event) {
  event.preventDefault();
  if (socket?.readyState !== WebSocket.OPEN) return;
  const text = $('echo-input').value;
  socket.send(text);
  log('out', text);
  $('echo-input').select();
}

/** Forbidden to scripts by the Fetch standard, and one of our own that is allowed. */
const BY_HAND = [['Connection', 'Upgrade'], ['Upgrade', 'websocket'], ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='], ['Sec-WebSocket-Version', '13'], ['Host', 'evil.example'], ['X-Allowed', 'yes']];

async function byHand(way) {
  const into = $('hand-result');
  /** What the browser said when it was asked to set a field. @type {Map<string, string>} */
  const said = new Map();
  let head;
  try {
    head = way === 'fetch' ? await withFetch(said) : await withXhr(said);
  } catch (error) {
    fill(into, failure(way, error));
    return;
  }
  announce(`${counted(BY_HAND.filter(([name, value]) => field(head.lines, name) === value).length, 'field')} of ${BY_HAND.length} arrived as set with ${way}.`);
  const rows = BY_HAND.map(([name, value]) => {
    const came = field(head.lines, name);
    const is = came === value;
    return h('tr', { 'data-field': name, 'data-arrived': String(is) }, h('th', { scope: 'row' }, h('code', {}, `${name}: ${value}`)), h('td', {}, said.get(name) ?? 'nothing'),
      h('td', {}, is ? '✓ as set' : came === null ? '✕ dropped' : h('span', {}, '✕ dropped, the browser sent ', h('code', {}, came))));
  });
  fill(into, h('div', { class: 'scroll', tabindex: 0 }, h('table', { id: 'hand-table', 'data-way': way }, h('thead', {}, h('tr', {}, [`Set with ${way}`, 'The browser said', 'At the server'].map((one) => h('th', { scope: 'col' }, one)))), h('tbody', {}, rows))),
    byteView('The request that arrived', encode(`${head.lines.join('\r\n')}\r\n\r\n`), undefined, 'hand-saw'));
}

async function withFetch(said) {
  const headers = new Headers();
  for (const [name, value] of BY_HAND) {
    try {
      headers.set(name, value);
    } catch (error) {
      said.set(name, error.message);
    }
  }
  const request = new Request('/api/head', { headers });
  for (const [name] of BY_HAND) if (!request.headers.has(name) && !said.has(name)) said.set(name, 'nothing, and left it out');
  try {
    return await (await fetch(request)).json();
  } catch {
    throw new Gone();
  }
}

function withXhr(said) {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open('GET', '/api/head');
    for (const [name, value] of BY_HAND) {
      try {
        request.setRequestHeader(name, value);
      } catch (error) {
        said.set(name, error.message);
      }
    }
    request.onload = () => done(JSON.parse(request.responseText));
    request.onerror = () => fail(new Gone());
    request.send();
  });
}
