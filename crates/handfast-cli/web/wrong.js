// Panel 4: every wrong server of the checker, played in this browser, beside what other clients did.
import { $, h, fill, intro, card, button, announce, counted, download, failure, refocus, remember, ruleLink, needsHttp1, whileBusy } from '/dom.js';
import { getJson, isHttp2 } from '/api.js';
import { byteView, fromHex } from '/bytes.js';
import { difference } from '/difference.js';
import { isRecorded, others, scoreboard, tallyOf } from '/recorded.js';
import { play, isGood, sign } from '/play.js';

/** @typedef {import('/play.js').Wrong} Wrong @typedef {import('/play.js').Outcome} Outcome */

/** @type {Wrong[]} */
let all = [];
/** @type {{ clients: import('/recorded.js').Client[] }} */
let recorded = { clients: [] };
/** @type {Map<string, Outcome>} */
const outcomes = new Map();
let chosen = '';
let running = false;
/** @type {Promise<void>} */
let loading;

/** @param {HTMLElement} into */
export function mount(into) {
  fill(into,
    intro('wrong', 'Wrong servers', 'Each answers the handshake with one fault, or with something odd but right. Does your browser notice? ',
      h('code', {}, 'handfast check-client'), ' judges other clients by the same table.'),
    isHttp2() && needsHttp1(),
    card('', h('div', { class: 'row' }, button('Run all in this browser', runAll, { id: 'wrong-run', class: 'primary' }),
      button('Stop', () => { running = false; $('wrong-tally').textContent = 'Stopping after this one…'; }, { id: 'wrong-stop', hidden: true }),
      button('Export Markdown', () => download('handfast-wrong-servers.md', 'text/markdown', markdown()), { id: 'wrong-markdown', disabled: true }),
      button('Export JSON', () => download('handfast-wrong-servers.json', 'application/json', json()), { id: 'wrong-json', disabled: true })),
    h('progress', { class: 'progress', id: 'wrong-progress', value: 0, max: 1, hidden: true, 'aria-label': 'Played' }),
    h('p', { class: 'tally', id: 'wrong-tally' }, h('span', { class: 'remark' }, 'It takes about a minute, and talks to this server only.')),
    h('details', { id: 'wrong-others-all' }, h('summary', {}, 'What other clients did with all of them'), h('div', { id: 'wrong-scoreboard', class: 'stack' }))),
    h('div', { class: 'split' },
      h('section', { class: 'card', 'aria-label': 'The servers' }, h('div', { class: 'scrolls', tabindex: 0, role: 'region', 'aria-label': 'All wrong servers' }, h('ul', { class: 'list', id: 'wrong-list' }))),
      h('div', { id: 'wrong-detail', class: 'answers' })),
    h('p', { class: 'remark' }, 'A script is told “error” and 1006 for nearly everything. The reason stands only in the console: open the developer tools (F12), and play one again.'),
  );
  loading = load();
}

async function load() {
  [all, recorded] = await Promise.all([getJson('/api/wrong'), getJson('/recorded.json')]);
  const groups = Map.groupBy(all, (one) => (one.path === '/wrong/correct' ? '' : one.rule));
  const item = (one) => h('li', {}, h('button', { type: 'button', class: 'case', 'data-path': one.path, onclick: (event) => pick(one, event.detail === 0) },
    h('span', { class: 'what' }, one.label), h('span', { class: 'outcome' }, one.wanted)));
  const list = [];
  for (const [rule, cases] of groups) list.push(h('li', { class: 'group' }, rule ? [ruleLink(rule), h('span', { class: 'remark' }, cases[0].title)] : h('span', { class: 'remark' }, 'To compare with'), h('ul', { class: 'list' }, cases.map(item))));
  fill($('wrong-list'), list);
  scores();
}

/** @param {Record<string, number> | null} [own] */
function scores(own = null) {
  fill($('wrong-scoreboard'), scoreboard(recorded.clients, own), h('p', { class: 'remark' }, 'Right or wrong by the rule that each server tries, as the wire shows it: a client with the smallest program around it and nothing configured. It says nothing else about a client, and some are lenient on purpose. What a client does not offer is not tried. The judge is handfast’s own checker, and one of the judged is handfast.'));
}

/** @param {string} place */
export async function show(place) {
  try {
    await loading;
  } catch (error) {
    fill($('wrong-detail'), failure('No list', error));
    return;
  }
  const wanted = `/wrong/${place}`;
  const known = all.find(({ path }) => path === wanted || path === `${wanted}/1`);
  const one = known ?? all.find(({ path }) => path === chosen) ?? all[1];
  // Without a name it is the one that was looked at before, and the address says so.
  if (!place && chosen) remember(`#wrong/${one.path.slice(7)}`);
  choose(one);
  if (place && !known) $('wrong-detail').prepend(failure('There is no such server here', new Error('This one is shown in its place.')));
  else if (place) announce(`${one.label}: a right client ${one.wanted}`);
  // Where the list stands above, what was chosen from it would be out of sight.
  if (place && !matchMedia('(min-width: 75rem)').matches) $('wrong-detail').scrollIntoView({ block: 'start', behavior: 'instant' });
  enter();
}

/** Whether the one that is shown next was chosen by keyboard. */
let byKeyboard = false;

/** Whoever chose by keyboard goes on in the details: behind the rest of the list they would be a hundred stops away. @param {Wrong} one @param {boolean} keyed */
function pick(one, keyed) {
  byKeyboard = keyed;
  const fragment = `#wrong/${one.path.slice(7)}`;
  if (location.hash === fragment) enter();
  else location.hash = fragment;
}

function enter() {
  if (byKeyboard) $('wrong-detail').querySelector('h2').focus();
  byKeyboard = false;
}

/** @param {Wrong} one */
function choose(one) {
  chosen = one.path;
  for (const other of document.querySelectorAll('#wrong-list .case')) {
    const is = /** @type {HTMLElement} */ (other).dataset.path === one.path;
    other.toggleAttribute('aria-current', is);
    if (is) other.setAttribute('aria-current', 'true');
    if (is) reveal(/** @type {HTMLElement} */ (other));
  }
  detail(one);
}

/** Scrolls the list, and not the page, until an entry is in sight. @param {HTMLElement} entry */
function reveal(entry) {
  const list = entry.closest('.scrolls');
  const [inner, outer] = [entry.getBoundingClientRect(), list.getBoundingClientRect()];
  if (inner.top < outer.top || inner.bottom > outer.bottom) list.scrollTop += inner.top - outer.top - outer.height / 3;
}

/** @param {Wrong} one */
function detail(one) {
  const outcome = outcomes.get(one.path);
  const [answer, right] = [outcome?.seen ?? one.sample].flatMap((bytes) => [fromHex(bytes.answer), fromHex(bytes.right)]);
  const { wrong, missing } = difference(answer, right);
  fill($('wrong-detail'),
    h('section', { class: 'card' }, h('h2', { tabindex: -1 }, one.label), h('p', {}, ruleLink(one.rule), ' ', h('span', { class: `level ${one.level}` }, one.level)), h('p', {}, `${one.title}.`),
      h('dl', { class: 'facts' }, h('dt', {}, 'A right client'), h('dd', { id: 'wrong-wanted' }, one.wanted), h('dt', {}, 'Source'), h('dd', {}, one.source), one.needs && [h('dt', {}, 'Needs'), h('dd', {}, one.needs)],
        h('dt', {}, 'Address'), h('dd', { class: 'mono' }, one.path)),
      h('div', { class: 'row' }, button(outcome ? 'Play it again' : 'Play it in this browser', () => playOne(one), { id: 'wrong-play', class: 'primary' }),
        button('Back to the list', () => document.querySelector('#wrong-list [aria-current]').focus(), { id: 'wrong-back' }),
        one.takes > 1000 && h('span', { class: 'remark' }, `takes ${Math.round(one.takes / 1000)} s`)),
      outcome && told(outcome)),
    h('section', { class: 'card' }, byteView(outcome?.seen ? 'What the server sent' : 'What it sends, to the sample key', answer, { wrong }, 'wrong-bytes'),
      missing.length > 0 && h('div', { id: 'wrong-missing' }, h('h3', {}, 'Missing, and in the right answer'), h('pre', { class: 'wire', tabindex: 0 }, missing.join('\n'))),
      h('p', { class: 'remark' }, wrong.length + missing.length === 0 ? 'No byte differs from the right answer to the same request.' : 'Marked: the bytes that differ from the right answer to the same request. ‸ stands where bytes are missing.')),
    others(recorded.clients, one.path));
}

const WORDS = { pass: 'Right', fail: 'Wrong', remark: 'Worth a remark', skipped: 'Not applicable', inconclusive: 'Undecided' };

/** @param {Outcome} outcome */
function told({ told: { opened, error, code, clean, time }, seen }) {
  const events = [opened && 'open', error && 'error', code && `close ${code}${clean ? ', clean' : ''}`].filter(Boolean).join(', ');
  return h('div', { class: 'banner', id: 'wrong-outcome', 'data-verdict': seen?.verdict ?? '', 'data-good': String((seen && isGood(seen.verdict)) ?? '') },
    h('b', {}, seen ? `${sign(seen.verdict)} ${WORDS[seen.verdict]}: ${seen.words}` : `Your browser ${opened ? 'opened' : 'failed'}`),
    h('span', {}, `The script was told: ${events}, after ${time.toFixed(0)} ms.`));
}

/** @param {Wrong} one */
const playOne = (one) => whileBusy(['wrong-play'], async () => {
  const outcome = await play(one);
  if (outcome.gone) {
    fill($('wrong-tally'), failure('Not played', outcome.gone));
    announce(`Not played. ${outcome.gone.message}`);
    return;
  }
  outcomes.set(one.path, outcome);
  mark(one);
  if (chosen === one.path) {
    detail(one);
    announce($('wrong-outcome').textContent);
  }
  exportable();
});

/** @param {Wrong} one */
function mark(one) {
  const outcome = outcomes.get(one.path);
  const place = document.querySelector(`#wrong-list [data-path="${CSS.escape(one.path)}"] .outcome`);
  const verdict = outcome.seen?.verdict ?? 'inconclusive';
  place.textContent = `${sign(verdict)} ${outcome.seen?.reaction ?? 'unseen'}`;
  /** @type {HTMLElement} */ (place).dataset.good = String(isGood(verdict) ?? '');
}

const runAll = () => whileBusy(['wrong-run'], async () => {
  if (all.length === 0) return;
  running = true;
  const [bar, stop] = [$('wrong-progress'), $('wrong-stop')];
  for (const shown of [bar, stop]) shown.hidden = false;
  refocus(stop);
  // The slow ones last, and the redirects where they stand: browsers open one WebSocket to a host after the other.
  const order = [...all].sort((one, other) => one.takes - other.takes);
  bar.max = order.length;
  let gone = null;
  for (const [place, one] of order.entries()) {
    if (!running) break;
    $('wrong-tally').textContent = `${place + 1} of ${order.length}: ${one.label}`;
    const outcome = await play(one);
    gone = outcome.gone;
    if (gone) break;
    outcomes.set(one.path, outcome);
    mark(one);
    bar.value = place + 1;
  }
  running = false;
  stop.blur();
  for (const shown of [bar, stop]) shown.hidden = true;
  if (outcomes.size > 0) exportable();
  if (gone) fill($('wrong-tally'), failure('Stopped', gone));
  else tally();
  announce($('wrong-tally').textContent);
  const focused = document.activeElement?.id;
  detail(all.find(({ path }) => path === chosen));
  if (['wrong-play', 'wrong-back'].includes(focused)) refocus($(focused));
});

function exportable() {
  for (const id of ['wrong-markdown', 'wrong-json']) $(id).disabled = false;
}

const count = () => tallyOf([...outcomes.values()].map(({ seen }) => seen?.verdict ?? 'inconclusive'));

function tally() {
  const counts = count();
  const messages = new Set([...outcomes.values()].filter(({ told: { opened } }) => !opened).map(({ told: { code } }) => code));
  const failed = [...outcomes.values()].filter(({ told: { opened } }) => !opened).length;
  const one = (number, word) => h('span', {}, h('b', {}, number), ` ${word}`);
  fill($('wrong-tally'), one(counts.pass, '✓ right'), one(counts.fail, '✕ wrong'), one(counts.remark, '! worth a remark'), one(counts.skipped, '– not applicable'), counts.inconclusive > 0 && one(counts.inconclusive, '? undecided'),
    h('span', {}, `For ${counted(failed, 'refused answer')} your browser told the script ${messages.size === 1 ? 'one and the same close code' : counted(messages.size, 'close code')}.`));
  $('wrong-tally').dataset.done = String(outcomes.size);
  scores(tallyOf([...outcomes].filter(([path]) => isRecorded(recorded.clients, path)).map(([, { seen }]) => seen?.verdict ?? 'inconclusive')));
  $('wrong-others-all').open = true;
}

function results() {
  return all.filter(({ path }) => outcomes.has(path)).map((one) => {
    const { told, seen } = outcomes.get(one.path);
    return { path: one.path, rule: one.rule, level: one.level, case: one.label, wanted: one.wanted, verdict: seen?.verdict ?? 'inconclusive', reaction: seen?.reaction ?? null, script: { ...told, time: Math.round(told.time) } };
  });
}

/** The day of the export, by the visitor's clock. */
const today = () => new Date().toLocaleDateString('sv');

const json = () => `${JSON.stringify({ browser: navigator.userAgent, date: today(), servers: all.length, summary: count(), results: results() }, null, 2)}\n`;

function markdown() {
  const cell = (text) => String(text).replaceAll('\\', '\\\\').replaceAll('|', '\\|').replaceAll('`', "'").replaceAll('<', '&lt;').replaceAll('\n', ' ');
  const rows = results().map((one) => `| ${sign(one.verdict)} ${one.verdict} | ${one.rule} | ${cell(one.case)} | ${cell(one.wanted)} | ${one.reaction ?? ''} | ${one.script.code} | ${one.script.time} |`);
  const counts = Object.entries(count()).map(([word, number]) => `${number} ${word}`).join(', ');
  return `# Wrong servers\n\n${cell(navigator.userAgent)}, ${today()}, ${outcomes.size} of ${all.length} servers: ${counts}.\n\n| verdict | rule | case | a right client | this one | close code | ms |\n| --- | --- | --- | --- | --- | --- | --- |\n${rows.join('\n')}\n`;
}
