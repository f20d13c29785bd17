// Panel 1: from the key to its accept value, each step computed by the server that answers real handshakes.
import { $, h, fill, intro, card, button, copyButton, remember, ruleLink, faultList } from '/dom.js';
import { getJson, part } from '/api.js';

const SAMPLE = 'dGhlIHNhbXBsZSBub25jZQ==';

/** Each has to hold for a key; the rules that say so. A soft one may be broken, and says nothing about what is no key. */
const CHECKS = [
  { text: '24 characters', rules: ['server/key-length', 'server/key-over-long', 'server/key-empty'], holds: (key) => [...key].length === 24 },
  { text: 'letters, digits, + and /', rules: ['server/key-alphabet', 'server/key-url-safe', 'server/key-inner-whitespace'], holds: (key) => /^[A-Za-z0-9+/]*=*$/.test(key) },
  { text: 'ends with ==', rules: ['server/key-padding-missing', 'server/key-padding-excess'], holds: (key) => /[^=]==$/.test(key) },
  { text: 'encodes 16 bytes', rules: ['server/key-length'], holds: (key) => Math.floor(key.replace(/=+$/, '').length * 6 / 8) === 16 },
  { text: 'the 4 bits that no byte uses are 0', rules: ['server/key-pad-bits'], holds: (key) => /[AQgw]=*$/.test(key), soft: true },
];

/** Where to go from here. */
const NEXT = [
  ['#edit', 'Break a request', 'Take one as a real client sends it, spoil it, and read every fault.'],
  ['#live', 'See your browser', 'Its own handshake, which no script can see, as the server saw it.'],
  ['#wrong', 'Face wrong servers', 'More than a hundred answers with a fault each. Who notices?'],
  ['#errors', 'Paste an error', 'What your console or log says, with likely causes and fixes.'],
];

/** @param {HTMLElement} into */
export function mount(into) {
  into.append(
    intro('compute', 'From key to proof', 'To open a WebSocket, a client sends a random key. Only a server that has read the request can answer with the accept value that belongs to it. ',
      'Take a new key, or spoil this one, and watch the answer change.'),
    h('section', { class: 'card exchange' },
      h('form', { id: 'key-form', class: 'side', autocomplete: 'off', onsubmit: (event) => event.preventDefault() },
        h('p', { class: 'who', 'aria-hidden': 'true' }, 'The client sends'),
        h('label', { for: 'key-input' }, 'Sec-WebSocket-Key'),
        h('input', { id: 'key-input', class: 'mono', spellcheck: 'false', autocapitalize: 'off', autocorrect: 'off', maxlength: 200,
          'aria-describedby': 'key-verdict', oninput: () => useKey(valueOf($('key-input').value)) }),
        h('div', { class: 'row' }, button('New key', () => compute(null), { id: 'key-random', class: 'primary' }), button('RFC sample', () => useKey(SAMPLE), { id: 'key-sample' }))),
      h('div', { id: 'result', class: 'side answer' },
        h('p', { class: 'who', 'aria-hidden': 'true' }, 'The server answers'),
        h('span', { class: 'label' }, 'Sec-WebSocket-Accept'),
        h('output', { id: 'accept-output', class: 'mono', for: 'key-input' }),
        h('p', { id: 'accept-none', class: 'remark', hidden: true }, 'No accept value: there is none without a valid key.'),
        h('div', { class: 'row' }, copyButton(() => $('accept-output').textContent, 'Copy', { id: 'accept-copy', 'aria-label': 'Copy the accept value' }))),
      h('div', { class: 'below' },
        h('p', { id: 'key-verdict', class: 'verdict', role: 'status' }),
        h('ul', { id: 'key-checks', class: 'checks', 'aria-label': 'What a key must be' }),
        h('div', { id: 'key-faults' }))),
    card('How the answer is made', h('p', { class: 'remark' }, 'Computed by the code that answers real handshakes here.'), h('ol', { id: 'key-steps', class: 'steps' })),
    h('div', { class: 'pair' },
      card('I got this accept', h('p', { class: 'remark' }, 'Paste what a server answered to the key above. A wrong value often tells which mistake made it.'),
        h('label', { for: 'accept-input' }, 'Received Sec-WebSocket-Accept'),
        h('input', { id: 'accept-input', class: 'mono', spellcheck: 'false', autocapitalize: 'off', maxlength: 400, oninput: () => { keep(); compare(); } }),
        h('p', { id: 'accept-verdict', class: 'verdict', role: 'status' })),
      card('What it proves', h('ul', { class: 'plain' },
        h('li', {}, h('b', {}, 'It proves '), 'that the answer was made for this very request, by something that speaks WebSocket: no cache, and no server of another protocol, answers so by chance. ',
          h('a', { href: '#cache' }, 'See it happen.')),
        h('li', {}, h('b', {}, 'It does not prove '), 'who the server is, nor who the client is: everybody can compute it. Identity is the work of TLS, of Origin and of your own tokens.')))),
    h('ul', { class: 'next', 'aria-label': 'Go on' }, NEXT.map(([href, title, text]) => h('li', {}, h('a', { href }, h('b', {}, title), h('span', {}, text))))),
  );
}

/** @param {string} _place @param {URLSearchParams} state */
export function show(_place, state) {
  if (state.has('accept')) $('accept-input').value = state.get('accept');
  const key = state.get('key') ?? ($('key-input').value || SAMPLE);
  if ($('key-input').value === key) return;
  $('key-input').value = key;
  compute(key);
}

/** Whoever pastes a whole line of a head means its value. @param {string} text */
const valueOf = (text) => text.replace(/^\s*sec-websocket-(key|accept):\s*/i, '');

function useKey(key) {
  $('key-input').value = key;
  keep();
  return compute(key);
}

function keep() {
  const state = new URLSearchParams({ key: $('key-input').value });
  if ($('accept-input').value) state.set('accept', $('accept-input').value);
  remember(`#compute?${state}`);
}

/** The newest question counts: answers may come out of order. */
let asked = 0;

async function compute(key) {
  const mine = ++asked;
  // Until it is answered, what stands there belongs to another key.
  $('result').setAttribute('aria-busy', 'true');
  try {
    const answer = await getJson(key === null ? '/api/key' : `/api/key?key=${part(key)}`);
    if (mine === asked) showKey(answer, key === null);
  } catch (error) {
    if (mine !== asked) return;
    showAccept('');
    $('accept-none').hidden = true;
    for (const id of ['key-checks', 'key-faults']) fill($(id));
    verdict('key-verdict', false, `No answer: ${error.message}`);
  }
}

function verdict(id, good, text) {
  $(id).dataset.good = good === null ? '' : String(good);
  $(id).textContent = good === null ? text : `${good ? '✓' : '✕'} ${text}`;
}

/** @param {string} accept empty where there is none */
function showAccept(accept) {
  const is = accept !== '';
  $('accept-output').textContent = accept;
  $('result').dataset.valid = String(is);
  $('result').setAttribute('aria-busy', 'false');
  $('accept-copy').disabled = !is;
  $('key-steps').closest('.card').hidden = !is;
  $('accept-verdict').textContent = '';
}

function showKey(answer, fresh) {
  if (fresh) {
    $('key-input').value = answer.key;
    keep();
  }
  const key = $('key-input').value.trim();
  const valid = answer.faults.length === 0;
  $('key-input').setAttribute('aria-invalid', String(!valid));
  showAccept(valid ? answer.accept : '');
  $('accept-none').hidden = valid;
  fill($('key-checks'), CHECKS.filter(({ soft }) => valid || !soft).map(({ text, rules, holds, soft }) => {
    const is = holds(key);
    // The server says which rules are broken; this only says where each belongs.
    const broken = is ? [] : soft ? rules : rules.filter((rule) => answer.faults.some((fault) => fault.rule === rule));
    return h('li', { 'data-good': is ? 'true' : soft ? 'soft' : 'false' }, h('span', { class: 'mark', 'aria-hidden': 'true' }, is ? '✓' : soft ? '!' : '✕'), ' ',
      h('span', { class: 'unseen' }, is ? 'holds: ' : soft ? 'allowed, but odd: ' : 'does not hold: '), text, broken.length > 0 && [' ', ruleLink(broken[0])]);
  }));
  fill($('key-faults'), !valid && faultList(answer.faults));
  compare();
  if (!valid) {
    const count = answer.faults.length === 1 ? 'a rule' : `${answer.faults.length} rules`;
    verdict('key-verdict', false, `Not a valid key: it breaks ${count}, and a server must refuse the request.`);
    return;
  }
  verdict('key-verdict', true, 'A valid key: 24 characters that encode 16 bytes.');
  fill($('key-steps'), steps(answer));
}

const pairs = (hex) => hex.match(/../g) ?? [];

function steps(answer) {
  const step = (title, ...content) => h('li', {}, h('h3', {}, title), ...content);
  const key = h('span', { class: 'part-key' }, answer.key);
  const digest = pairs(answer.digest);
  const cell = (character, kind) => h('span', { class: `cell ${kind}` }, h('b', {}, character), h('i', {}, character.charCodeAt(0).toString(16)));
  return [
    step('Take the text of the key', h('p', { class: 'value mono', id: 'key-text' }, key),
      h('p', { class: 'remark' }, 'It encodes the 16 bytes ', h('s', { class: 'mono', id: 'key-nonce' }, pairs(answer.nonce).join(' ')),
        ', which are not used: the 24 characters themselves are hashed. ',
        !answer.canonical && 'The last letter has bits set that no byte uses; handfast accepts that, as the example in RFC 6455 has them too.')),
    step('Append the GUID of RFC 6455', h('p', { class: 'cells mono', 'aria-hidden': 'true' }, [...answer.key].map((one) => cell(one, 'is-key')), [...answer.guid].map((one) => cell(one, 'is-guid'))),
      h('p', { class: 'unseen', id: 'key-joined' }, `${answer.key}${answer.guid}`),
      h('p', { class: 'remark' }, h('span', { class: 'part-key' }, '24 characters of the key'), ' and ', h('span', { class: 'part-guid' }, '36 of the GUID'),
        ': 60 bytes. The GUID is the same for everybody, for ever: nobody else would append it by accident.')),
    step('Hash with SHA-1', h('p', { class: 'value mono', id: 'key-digest' }, digest.join(' ')),
      h('p', { class: 'remark' }, '20 bytes. SHA-1 pads the 60 bytes with one bit and their length to two blocks of 64. Nothing here is secret, so the weakness of SHA-1 does no harm.')),
    step('Encode as base64', h('div', { class: 'groups mono', 'aria-hidden': 'true' }, Array.from({ length: 7 }, (_, at) =>
      h('div', {}, h('span', {}, digest.slice(3 * at, 3 * at + 3).join(' ')), h('b', {}, answer.accept.slice(4 * at, 4 * at + 4))))),
    h('p', { class: 'remark' }, 'Three bytes become four characters; the last two bytes become three and a ', h('code', {}, '='), '.')),
  ];
}

let compared = 0;

async function compare() {
  const mine = ++compared;
  const [key, accept] = [$('key-input').value, valueOf($('accept-input').value.trim())];
  if (!accept) return verdict('accept-verdict', null, '');
  if ($('result').dataset.valid !== 'true') return verdict('accept-verdict', null, 'To compare, the key above has to be a valid one.');
  try {
    const answer = await getJson(`/api/accept?key=${part(key)}&accept=${part(accept)}`);
    if (mine !== compared) return;
    if (answer.right) verdict('accept-verdict', true, 'A match: this answer was made for this key.');
    else verdict('accept-verdict', false, `No match: ${answer.mistake ?? 'no mistake that we know makes this value. Is it the answer to another key?'}${answer.mistake ? '.' : ''}`);
  } catch (error) {
    if (mine === compared) verdict('accept-verdict', false, error.message);
  }
}
