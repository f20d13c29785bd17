// Panel 2: a request to edit and break, judged by the server's real parser.
import { $, h, fill, intro, card, button, copyButton, announce, counted, failure, remember, faultList } from '/dom.js';
import { getJson } from '/api.js';
import { byteView, fromHex, joined, toHex } from '/bytes.js';
import { bytesOf } from '/escapes.js';
import { PRESETS, KNOCK_OUTS } from '/presets.js';
import { asCurl, asNetcat, asRust, curlChanges } from '/copies.js';

const SAMPLE = 'dGhlIHNhbXBsZSBub25jZQ==';
const isTls = location.protocol === 'https:';
/** The last verdict, with the bytes that it is about. */
let judged = { bytes: new Uint8Array(), verdict: { outcome: '', faults: [] } };
/** Where it began, and where it goes back to. */
let origin = PRESETS[0];

/** @param {HTMLElement} into */
export function mount(into) {
  into.append(
    intro('edit', 'Edit a request', 'Take a request as a real client sends it, break it, and hand it to the parser that judges every request here. It names ',
      h('em', {}, 'all'), ' faults, each with its rule, its source and its fix.'),
    card('', h('fieldset', {}, h('legend', {}, 'As sent by'), h('div', { class: 'chips', id: 'edit-presets' },
      PRESETS.map((preset) => button(preset.name, () => usePreset(preset), { class: 'chip', title: `version ${preset.version}`, 'data-preset': preset.name })))),
    h('fieldset', {}, h('legend', {}, 'Break it'), h('div', { class: 'ways' }, KNOCK_OUTS.map(({ group, ways }) =>
      h('div', { class: 'way-group', role: 'group', 'aria-label': group }, h('span', { class: 'label' }, group),
        h('div', { class: 'chips' }, ways.map(({ name, apply }) => button(name, () => knockOut(apply, name), { class: 'chip', 'data-way': name }))))))),
    h('div', { id: 'edit-summary', class: 'stack' })),
    h('div', { class: 'pair' },
    card('', h('div', {}, h('label', { for: 'edit-request' }, 'The request'),
      h('textarea', { id: 'edit-request', rows: 14, spellcheck: 'false', autocapitalize: 'off', autocorrect: 'off', 'aria-describedby': 'edit-help', oninput: typed }),
      h('p', { class: 'remark', id: 'edit-help' }, 'Every line ends as chosen below. ', h('code', {}, '\\r'), ', ', h('code', {}, '\\n'), ', ', h('code', {}, '\\t'), ' and ',
        h('code', {}, '\\xNN'), ' stand for single bytes, ', h('code', {}, '\\\\'), ' for a backslash.')),
    h('div', { class: 'row' },
      h('label', { class: 'tick', for: 'edit-ending' }, 'Lines end with ', h('select', { id: 'edit-ending', onchange: typed },
        h('option', { value: '\r\n' }, 'CR LF'), h('option', { value: '\n' }, 'LF only'))),
      button('Send', send, { id: 'edit-send', class: 'primary' }),
      button('Undo all', () => usePreset(origin), { id: 'edit-reset' }),
      h('span', { class: 'remark', id: 'edit-stale', role: 'status' }))),
    h('div', { id: 'edit-reasons', class: 'answers' })),
    h('div', { id: 'edit-verdict', class: 'answers' }),
  );
}

/** @param {string} _place @param {URLSearchParams} state */
export function show(_place, state) {
  if (state.has('request')) {
    const request = state.get('request');
    const ending = state.get('ending') === 'lf' ? '\n' : '\r\n';
    if (request === $('edit-request').value && ending === $('edit-ending').value) return;
    $('edit-request').value = request;
    $('edit-ending').value = ending;
    press('');
    send();
  } else if ($('edit-request').value === '') {
    usePreset(PRESETS[0], false);
  }
}

function usePreset(preset, remembers = true) {
  origin = preset;
  const own = { HOST: location.host, ORIGIN: location.origin, KEY: SAMPLE };
  put({ lines: [...preset.lines.map((line) => line.replace(/\b(HOST|ORIGIN|KEY)$/, (word) => own[word])), '', ''], ending: '\r\n' });
  press(`[data-preset="${preset.name}"]`);
  if (remembers) keep();
  send();
}

function knockOut(apply, name) {
  const draft = { lines: $('edit-request').value.split('\n'), ending: $('edit-ending').value };
  const end = draft.lines.findIndex((line) => line === '');
  const behind = end >= 0 ? draft.lines.splice(end) : [];
  const had = behind.length > 0;
  apply(draft);
  if (name !== 'no empty line' && had) draft.lines.push(...behind);
  else if (name === 'no empty line') draft.lines.push('');
  put(draft);
  changed();
  send();
}

function put({ lines, ending }) {
  $('edit-request').value = lines.join('\n');
  $('edit-ending').value = ending;
}

function press(selector) {
  for (const chip of document.querySelectorAll('#edit-presets button')) chip.setAttribute('aria-pressed', String(selector !== '' && chip.matches(selector)));
}

function changed() {
  press('');
  keep();
}

/** What is shown is about the request as it was. */
function typed() {
  changed();
  $('edit-stale').textContent = 'Changed since it was judged.';
}

function keep() {
  const state = new URLSearchParams({ request: $('edit-request').value });
  if ($('edit-ending').value === '\n') state.set('ending', 'lf');
  remember(`#edit?${state}`);
}

let asked = 0;

async function send() {
  const mine = ++asked;
  $('edit-stale').textContent = '';
  const bytes = bytesOf($('edit-request').value, $('edit-ending').value);
  try {
    const verdict = await getJson(`/api/parse?bytes=${toHex(bytes)}`);
    if (mine !== asked) return;
    judged = { bytes, verdict };
    showVerdict(bytes, verdict);
  } catch (error) {
    if (mine !== asked) return;
    for (const id of ['edit-reasons', 'edit-verdict']) fill($(id));
    fill($('edit-summary'), failure('No verdict', error));
  }
}

/** What to know of a path that is not an echo: the verdict is the parser's, which looks at no path. @param {{ what?: string, path?: string }} verdict */
function elsewhere({ what, path }) {
  if (what === 'page') return [h('b', {}, 'No WebSocket here'), h('span', {}, 'At ', h('code', {}, shortened(path)), ' there is a page or nothing, and no handshake opens a WebSocket. The request is judged as if there were one, as at ', h('code', {}, '/echo'), '.')];
  if (what === 'wrong') return [h('b', {}, 'Not the echo'), h('span', {}, 'What stands at ', h('code', {}, shortened(path)), ' may answer otherwise, on purpose. The request is judged as at ', h('code', {}, '/echo'), '.')];
  return null;
}

const shortened = (path) => (path.length > 100 ? `${path.slice(0, 100)}…` : path);

function showVerdict(bytes, verdict) {
  const changes = curlChanges(bytes);
  const { outcome, status, faults } = verdict;
  const other = elsewhere(verdict);
  const response = fromHex(verdict.response);
  const title = outcome === 'accepted' ? `✓ ${status}: accepted` : outcome === 'waits' ? '… The server waits' : `✕ ${status}: refused`;
  const words = outcome === 'accepted' ? `This request ${other ? 'would open' : 'opens'} a WebSocket.`
    : outcome === 'waits' ? `The head has no end: after ${verdict.waits} s the answer is ${status}.`
      : faults.length === 0 ? '' : `It breaks ${counted(faults.length, 'rule')}.`;
  fill($('edit-summary'), h('p', { class: 'banner', id: 'edit-outcome', 'data-outcome': outcome, 'data-good': outcome === 'accepted' ? 'true' : outcome === 'waits' ? '' : 'false' }, h('b', {}, title), h('span', {}, words)),
    other && h('p', { class: 'banner notice', id: 'edit-elsewhere' }, other));
  announce(`${title.slice(2)}. ${words} ${$('edit-elsewhere')?.textContent ?? ''}`);
  fill($('edit-reasons'), outcome === 'accepted' ? card('What the server learnt', facts(verdict))
    : card(faults.length > 1 ? 'Every fault' : 'The fault', faultList(faults, 'edit-faults')));
  const wrong = joined(faults.flatMap(({ places }) => places.map(([from, to]) => ({ from, to }))));
  fill($('edit-verdict'),
    h('div', { class: 'pair' },
      h('section', { class: 'card' }, byteView('What was sent', bytes, { wrong }, 'edit-sent'),
        wrong.length > 0 && h('p', { class: 'remark' }, 'Marked: the bytes that the faults are about. What is missing cannot be marked.')),
      h('section', { class: 'card' }, byteView(outcome === 'waits' ? 'What is answered in the end' : other ? 'What would be answered' : 'What is answered', response, undefined, 'edit-answer'))),
    card('Take it with you', h('div', { class: 'chips' },
      copyButton(() => asCurl(judged.bytes, location.origin), 'Copy as curl', { id: 'copy-curl' }),
      copyButton(() => asNetcat(judged.bytes, location.host, isTls), isTls ? 'Copy as printf | openssl' : 'Copy as printf | nc', { id: 'copy-nc' }),
      copyButton(() => asRust(judged.bytes, judged.verdict, location.host, isTls), 'Copy as a Rust test', { id: 'copy-rust' }),
      copyButton(() => location.href, 'Copy the link')),
    changes.length > 0 && h('p', { class: 'remark', id: 'copy-changes' }, h('code', {}, 'curl'), ` cannot send ${changes.join(', nor ')}. The other copies are exact.`),
    h('p', { class: 'remark' }, 'The link keeps the request behind its #, which browsers send to nobody.')));
}

function facts({ offer, subprotocol }) {
  const rows = [['Path', offer.path], ['Host', offer.authority], ['Origin', offer.origin ?? 'none: not from a browser'], ['Key', offer.key],
    ['Subprotocols offered', offer.subprotocols.join(', ') || 'none'], ['Subprotocol agreed', subprotocol ?? 'none']];
  return h('dl', { class: 'facts' }, rows.flatMap(([name, value]) => [h('dt', {}, name), h('dd', { class: 'mono' }, value)]),
    h('dt', {}, 'Its proof'), h('dd', {}, h('a', { href: `#compute?${new URLSearchParams({ key: offer.key })}` }, 'from key to accept, step by step')));
}

