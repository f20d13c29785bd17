// Panel 5: the story of the cache, told and played.
import { $, h, fill, intro, card, button, announce, failure, needsHttp1, faultList, whileBusy } from '/dom.js';
import { freshName, getJson, socketUrl, isHttp2 } from '/api.js';
import { headView, encode } from '/bytes.js';

let name = freshName();
let visits = 0;

/** @param {HTMLElement} into */
export function mount(into) {
  fill(into,
    intro('cache', 'Why the key exists', 'Between client and server there may be a cache that has never heard of WebSocket. It sees a GET with an answer, stores the answer, and serves it to whoever asks next. Then nobody is at the other end.'),
    isHttp2() && needsHttp1(),
    card('A cache that is wrong on purpose', h('p', {}, 'It stores the first 101 and replays it. Send it clients in any order: the first one reaches the server, all others get what was stored.'),
      trip('A client', false, 'A client asks the cache, and the cache asks the server'),
      h('div', { class: 'row' }, button('Your browser', withBrowser, { id: 'cache-browser', class: 'primary' }),
        button('handfast’s client', () => withClient('handfast'), { id: 'cache-handfast' }),
        button('A client that reads the status only', () => withClient('careless'), { id: 'cache-careless' }),
        button('Empty the cache', empty, { id: 'cache-empty' }))),
    h('ol', { id: 'cache-flow', class: 'flow' }),
    card('What this shows', h('ul', { class: 'plain' },
      h('li', {}, 'The key is random for each connection, so the right answer differs each time: a stored one cannot fit.'),
      h('li', {}, 'A client has to compare every byte of the accept value (', h('a', { class: 'rule', href: '#rules/client/accept-wrong-opens' }, 'client/accept-wrong-opens'), '). One that only looks for 101 talks to nobody, or to an attacker who filled the cache.'),
      h('li', {}, 'Caches in use do not store a 101. What they do store are refusals without ', h('code', {}, 'Cache-Control: no-store'), ': each refusal here has it (', h('a', { class: 'rule', href: '#rules/server/refusal-cacheable' }, 'server/refusal-cacheable'), ').'))),
  );
}

export function show() {}

function empty() {
  name = freshName();
  visits = 0;
  fill($('cache-flow'));
  $('cache-flow').dataset.visits = '0';
}

/** One client at a time. @param {() => Promise<void>} visit */
const alone = (visit) => whileBusy(['cache-browser', 'cache-handfast', 'cache-careless', 'cache-empty'], async () => {
  try {
    await visit();
  } catch (error) {
    append(h('li', {}, failure('No answer', error)));
    announce(`No answer. ${error.message}`);
  }
});

const withClient = (client) => alone(async () =>
  tell(client === 'handfast' ? 'handfast’s client' : 'The careless client', await getJson(`/api/cache?id=${name}&client=${client}`), client === 'careless'));

const withBrowser = () => alone(async () => {
  const before = await getJson(`/api/cache?id=${name}`);
  const opened = await new Promise((done) => {
    let is = false;
    const socket = new WebSocket(socketUrl(`/cache?observe=${name}`));
    socket.onopen = () => { is = true; socket.close(1000); };
    socket.onclose = () => done(is);
  });
  const { came, last } = await getJson(`/api/cache?id=${name}`);
  if (came === before.came) throw new Error('The cache saw no request of your browser: its console says why.');
  tell('Your browser', { ...last, opened, faults: [] });
});

/** More than this many visits are not shown: the oldest make room. */
const SHOWN_MAX = 20;

/** @param {HTMLElement} item */
function append(item) {
  const flow = $('cache-flow');
  flow.append(item);
  while (flow.childElementCount > SHOWN_MAX) flow.firstElementChild.remove();
}

const keyOf = (lines, field) => lines.find((line) => line.toLowerCase().startsWith(`${field}:`))?.replace(/^[^:]*:\s*/, '') ?? '';

/** The way of a request. @param {string} who @param {boolean} stored whether the cache answers by itself @param {string} words */
function trip(who, stored, words) {
  const stop = (text, off = false) => h('span', { class: `stop${off ? ' off' : ''}` }, text);
  return h('p', { class: 'trip', role: 'img', 'aria-label': words }, stop(who), h('span', { class: 'way' }, '⇄'), stop(stored ? 'Cache: “I have that”' : 'Cache'), h('span', { class: 'way' }, stored ? '✕' : '⇄'), stop('Server', stored));
}

/** @param {string} who @param {{ opened: boolean, replay: boolean, faults: import('/dom.js').Fault[], request: string[], response: string[] }} visit @param {boolean} [careless] */
function tell(who, visit, careless = false) {
  visits += 1;
  const fooled = visit.replay && visit.opened;
  const good = !fooled;
  const title = fooled ? '✕ Fooled: it believes that the WebSocket is open' : visit.replay ? '✓ Refused: the answer was made for another key' : '✓ Opened: the server answered this very key';
  const words = fooled ? 'What it sends now reaches nobody.' : visit.replay ? (visit.faults.length > 0 ? '' : 'The script is told “error” and 1006; the console says more.') : 'The cache has stored the answer.';
  announce(`${who}. ${title.slice(2)}. ${words}`);
  const key = keyOf(visit.request, 'sec-websocket-key');
  const accept = keyOf(visit.response, 'sec-websocket-accept');
  const answer = `${visit.response.join('\r\n')}\r\n\r\n`;
  append(h('li', { 'data-replay': String(visit.replay), 'data-opened': String(visit.opened), 'data-careless': String(careless) },
    trip(who, visit.replay, visit.replay ? `${who} asks the cache, which answers by itself; the server is not asked` : `${who} asks the cache, which asks the server`),
    h('p', { class: 'banner', 'data-good': String(good) }, h('b', {}, title), words),
    h('dl', { class: 'facts' }, h('dt', {}, 'Its key'), h('dd', {}, h('code', { class: 'part-key' }, key)), h('dt', {}, 'Got accept'), h('dd', {}, h('code', {}, accept)),
      h('dt', {}, 'Compare'), h('dd', {}, h('a', { href: `#compute?${new URLSearchParams({ key, accept })}` }, 'compute the accept of this key'))),
    visit.faults.length > 0 && h('div', {}, h('p', { class: 'label' }, 'What the client says'), faultList(visit.faults)),
    h('details', {}, h('summary', {}, 'The answer it got'), headView(encode(answer), { wrong: visit.replay ? [{ from: answer.indexOf(accept), to: answer.indexOf(accept) + accept.length }] : [] }))));
  $('cache-flow').dataset.visits = String(visits);
}
