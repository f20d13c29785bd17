// The page of `handfast serve`. It computes nothing of the protocol itself: the server does, with the code that answers
// handshakes. What comes back is only ever shown as text.

const $ = (id) => document.getElementById(id);
const SAMPLE = 'dGhlIHNhbXBsZSBub25jZQ==';

/** An element with text, and nothing but text. */
function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

async function getJson(url) {
  const answer = await fetch(url, { headers: { Accept: 'application/json' }, cache: 'no-store' });
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  return answer.json();
}

// ---- 1: from key to proof ----

let asked = 0;

async function compute(key) {
  const turn = ++asked;
  const query = key === null ? '' : `?key=${encodeURIComponent(key)}`;
  try {
    const answer = await getJson(`/api/key${query}`);
    if (turn === asked) showKey(answer, key === null);
  } catch (error) {
    if (turn === asked) showVerdict(false, `The server could not be asked: ${error.message}.`);
  }
}

function showVerdict(valid, text) {
  $('key-verdict').dataset.valid = String(valid);
  $('key-verdict').textContent = text;
}

function showKey(answer, fresh) {
  if (fresh) {
    $('key-input').value = answer.key;
    remember(answer.key);
  }
  const valid = answer.faults.length === 0;
  $('key-input').setAttribute('aria-invalid', String(!valid));
  $('key-steps').hidden = !valid;
  $('key-faults').hidden = valid;
  $('result').classList.toggle('empty', !valid);
  $('key-faults').replaceChildren(...answer.faults.map(faultItem));
  $('accept-output').textContent = valid ? answer.accept : '';
  if (!valid) {
    const count = answer.faults.length === 1 ? 'one rule' : `${answer.faults.length} rules`;
    showVerdict(false, `✕ Not a valid key: it breaks ${count}, and a server must refuse the request.`);
    return;
  }
  showVerdict(true, '✓ A valid key: 24 characters that encode 16 bytes.');
  $('key-text').textContent = answer.key;
  $('key-nonce').textContent = inPairs(answer.nonce).join(' ');
  $('key-remark').textContent = answer.canonical ? ''
    : 'The last letter has bits set that no byte uses; handfast accepts that, as the example in RFC 6455 has them too.';
  $('joined-key').textContent = answer.key;
  $('joined-guid').textContent = answer.guid;
  $('joined-length').textContent = answer.text.length;
  const bytes = inPairs(answer.digest);
  $('key-digest').textContent = bytes.join(' ');
  $('groups').replaceChildren(...Array.from({ length: Math.ceil(bytes.length / 3) }, (_, place) => {
    const group = document.createElement('div');
    group.append(element('span', '', bytes.slice(3 * place, 3 * place + 3).join(' ')),
      element('b', '', answer.accept.slice(4 * place, 4 * place + 4)));
    return group;
  }));
}

function faultItem(fault) {
  const item = element('li');
  item.dataset.rule = fault.rule;
  const head = element('p');
  head.append(element('span', 'rule', fault.rule), ' ', element('span', 'level', `${fault.level} · ${fault.source}`));
  item.append(head, element('p', '', fault.text), element('p', 'fix', `Fix: ${fault.fix}`));
  return item;
}

const inPairs = (hex) => hex.match(/../g) ?? [];

/** Keeps the key in the fragment, so that a link shows the same. */
function remember(key) {
  history.replaceState(null, '', key ? `#key=${encodeURIComponent(key)}` : location.pathname);
}

function keyOfFragment() {
  const match = /^#key=(.*)$/.exec(location.hash);
  if (!match) return null;
  try {
    return decodeURIComponent(match[1]);
  } catch {
    return match[1];
  }
}

function useKey(key) {
  $('key-input').value = key;
  remember(key);
  return compute(key);
}

$('key-input').addEventListener('input', () => useKey($('key-input').value));
$('key-form').addEventListener('submit', (event) => event.preventDefault());
$('key-random').addEventListener('click', () => compute(null));
$('key-sample').addEventListener('click', () => useKey(SAMPLE));
$('accept-copy').addEventListener('click', async () => {
  try {
    await navigator.clipboard.writeText($('accept-output').textContent);
    $('accept-copy').textContent = 'Copied';
  } catch {
    getSelection().selectAllChildren($('accept-output'));
    $('accept-copy').textContent = 'Selected';
  }
  setTimeout(() => { $('accept-copy').textContent = 'Copy'; }, 1500);
});
window.addEventListener('hashchange', () => useKey(keyOfFragment() ?? SAMPLE));

// ---- 2: the browser's own handshake ----

const ECHO = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/echo`;
let socket = null;

function setStatus(state, text) {
  $('status').dataset.state = state;
  $('status').textContent = text;
  const open = state === 'open';
  $('connect').disabled = open || state === 'connecting';
  $('disconnect').disabled = !open;
  $('echo-input').disabled = !open;
  $('echo-send').disabled = !open;
}

function connect() {
  // A name that only this page knows: the server keeps what it saw of this one handshake under it, for a minute.
  const id = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
  const begin = performance.now();
  let opened = false;
  setStatus('connecting', 'Connecting…');
  $('observed').hidden = true;
  const mine = new WebSocket(`${ECHO}?observe=${id}`);
  socket = mine;
  mine.binaryType = 'arraybuffer';
  mine.addEventListener('open', () => {
    opened = true;
    const milliseconds = (performance.now() - begin).toFixed(1);
    setStatus('open', `Open after ${milliseconds} ms.`);
    log('note', `Opened ${ECHO}`);
    $('script-saw').textContent = `protocol "${mine.protocol}", extensions "${mine.extensions}"`;
    observe(id);
  });
  mine.addEventListener('message', (event) => log('in', event.data));
  mine.addEventListener('close', (event) => {
    const reason = event.reason ? ` "${event.reason}"` : '';
    if (opened) {
      const kind = event.wasClean ? 'Closed' : 'Lost';
      setStatus('closed', `${kind}: ${event.code}${reason}.`);
      log('note', `${kind}: ${event.code}${reason}`);
    } else {
      setStatus('failed', `It did not open (${event.code}). A script is not told why; the server and the browser’s console know more.`);
    }
    if (socket === mine) socket = null;
  });
}

async function observe(id) {
  try {
    const seen = await getJson(`/api/observed?id=${id}`);
    showWire('server-saw', 'saw-size', seen.request, seen.request_bytes);
    showWire('server-sent', 'sent-size', seen.response, seen.response_bytes);
    $('server-key').textContent = seen.key;
    $('observed').hidden = false;
  } catch (error) {
    log('note', `What the server saw cannot be shown: ${error.message}`);
  }
}

const lineEnd = () => element('span', 'end', '\\r\\n');
const MATTERS = /^(host|upgrade|connection|origin|sec-websocket-[a-z]+)$/i;

/** Shows a head line by line; those that take part in the handshake stand out. */
function showWire(id, sizeId, lines, size) {
  $(sizeId).textContent = `${size} bytes`;
  $(id).replaceChildren(...lines.map((text, place) => {
    const colon = text.indexOf(':');
    const name = colon > 0 ? text.slice(0, colon) : '';
    const matters = place === 0 || MATTERS.test(name);
    const line = element('span', matters ? 'line matters' : 'line');
    if (place === 0 || !name) {
      line.append(place === 0 ? element('span', 'name', text) : text);
    } else {
      const value = text.slice(colon + 1);
      const isProof = /^sec-websocket-(key|accept)$/i.test(name);
      line.append(element('span', 'name', `${name}:`));
      if (isProof) line.append(' ', element('span', 'part-key', value.trim()));
      else line.append(value);
    }
    line.append(lineEnd(), '\n');
    return line;
  }), lineEnd());
}

$('connect').addEventListener('click', connect);
$('disconnect').addEventListener('click', () => socket?.close(1000, 'the button was pressed'));
$('use-key').addEventListener('click', async () => {
  await useKey($('server-key').textContent);
  $('compute-title').scrollIntoView({ block: 'start' });
  $('key-input').focus({ preventScroll: true });
});

// ---- 3: the conversation ----

const LOG_ENTRIES_MAX = 200;

function log(direction, content) {
  const entry = element('p');
  entry.dataset.direction = direction;
  if (direction === 'note') {
    entry.textContent = content;
  } else {
    const binary = content instanceof ArrayBuffer;
    const size = binary ? content.byteLength : new TextEncoder().encode(content).length;
    const mark = direction === 'out' ? '> ' : '< ';
    entry.append(element('span', 'mark', mark), element('span', 'text', binary ? '(binary)' : content),
      ' ', element('span', 'size', `[${size} ${size === 1 ? 'byte' : 'bytes'}]`));
    entry.querySelector('.mark').setAttribute('aria-label', direction === 'out' ? 'sent' : 'received');
  }
  const list = $('echo-log');
  list.append(entry);
  while (list.childElementCount > LOG_ENTRIES_MAX) list.firstElementChild.remove();
  list.scrollTop = list.scrollHeight;
}

$('echo-form').addEventListener('submit', (event) => {
  event.preventDefault();
  if (socket?.readyState !== WebSocket.OPEN) return;
  const text = $('echo-input').value;
  socket.send(text);
  log('out', text);
  $('echo-input').select();
});

$('echo-address').textContent = ECHO;
$('connect-command').textContent = `handfast connect -v ${ECHO}`;
{
  const key = keyOfFragment() ?? SAMPLE;
  $('key-input').value = key;
  compute(key);
}
