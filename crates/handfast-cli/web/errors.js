// Panel 8: what a message means, by the dictionary of `handfast why`.
import { $, h, fill, intro, card, button, announce, counted, failure, remember, ruleLink } from '/dom.js';
import { getJson, part } from '/api.js';

/** Messages to begin with: who says it, and what. */
const SAMPLES = [
  ['Chromium', "WebSocket connection to 'ws://localhost:8080/' failed: Error during WebSocket handshake: Unexpected response code: 200"],
  ['Chromium', "Error during WebSocket handshake: 'Upgrade' header is missing"],
  ['Firefox', 'Firefox can’t establish a connection to the server at ws://localhost:8080/.'],
  ['ws', 'Error: Unexpected server response: 426'],
  ['gorilla', 'websocket: bad handshake'],
  ['tungstenite', 'WebSocket protocol error: Key mismatch in "Sec-WebSocket-Accept" header'],
];
/** Longer messages are cut: the place that matters stands at the begin or at the end. */
const LONGEST = 6000;
/** Characters of a message that a link keeps. */
const LONGEST_LINK = 2000;

/** @param {HTMLElement} into */
export function mount(into) {
  into.append(
    intro('errors', 'Errors', 'Paste what a console, a log or a library says. The message stays between this page and this server.'),
    card('', h('form', { class: 'stack', onsubmit: (event) => { event.preventDefault(); ask(); } },
      h('label', { for: 'error-text' }, 'The message'),
      h('textarea', { id: 'error-text', rows: 4, spellcheck: 'false', oninput: () => { clearTimeout(timer); timer = setTimeout(ask, 250); } }),
      h('div', { class: 'row' }, h('button', { class: 'primary', id: 'error-ask' }, 'What does it mean?')))),
    h('div', { id: 'error-answer', class: 'answers' }),
    card('For example', h('ul', { class: 'samples' }, SAMPLES.map(([who, text]) => h('li', {},
      h('button', { type: 'button', class: 'sample', onclick: () => { $('error-text').value = text; ask(); scrollTo(0, 0); } }, h('b', {}, who), h('span', { class: 'mono' }, text)))))),
  );
}

let timer = 0;

/** @param {string} _place @param {URLSearchParams} state */
export function show(_place, state) {
  const text = state.get('text');
  if (text === null || text === $('error-text').value) return;
  $('error-text').value = text;
  ask();
}

let asked = 0;

async function ask() {
  const mine = ++asked;
  const whole = $('error-text').value;
  const text = whole.length > LONGEST ? `${whole.slice(0, LONGEST / 2)} ${whole.slice(-LONGEST / 2)}` : whole;
  remember(text ? `#errors?${new URLSearchParams({ text: text.slice(0, LONGEST_LINK) })}` : '#errors');
  if (!text.trim()) return fill($('error-answer'));
  try {
    const situations = await getJson(`/api/why?text=${part(text)}`);
    if (mine === asked) showAnswer(situations);
  } catch (error) {
    if (mine === asked) {
      fill($('error-answer'), failure('No answer', error));
      announce(`No answer. ${error.message}`);
    }
  }
}

function showAnswer(situations) {
  announce(situations.length === 0 ? 'The dictionary does not know this message.' : counted(situations.length, 'situation'));
  if (situations.length === 0) {
    fill($('error-answer'), card('The dictionary does not know this message', h('p', {}, 'Look at the bytes: ', h('code', {}, 'handfast connect -v URL'), ' shows both heads, and ', h('code', {}, 'handfast check URL'), ' names the rules that the server breaks.')));
    return;
  }
  fill($('error-answer'), situations.map(({ id, title, rules, causes }) => h('section', { class: 'card', 'data-situation': id }, h('h2', {}, title),
    h('ol', { class: 'plain causes' }, causes.map(({ cause, probe, fix }) => h('li', { class: 'cause' }, h('p', {}, h('b', {}, cause)), h('p', {}, h('span', { class: 'label-inline' }, 'How to tell '), probe), h('p', {}, h('span', { class: 'label-inline' }, 'Fix '), fix)))),
    rules.length > 0 && h('p', { class: 'remark' }, 'Rules behind it: ', rules.slice(0, 8).flatMap((rule) => [ruleLink(rule), ' '])))));
}
