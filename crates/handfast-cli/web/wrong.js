// Panel 4: every wrong server of the checker, played in this browser, beside what other clients did.
import { $, h, fill, intro, card, button, announce, counted, download, ruleLink } from '/dom.js';
import { getJson } from '/api.js';
import { byteView, fromHex, linesOf, asText } from '/bytes.js';
import { play, isGood, sign } from '/play.js';

/** @typedef {import('/play.js').Wrong} Wrong @typedef {import('/play.js').Outcome} Outcome */

/** @type {Wrong[]} */
let all = [];
/** @type {{ clients: { name: string, version: string }[], date: string, results: Record<string, string[]> }} */
let recorded = { clients: [], date: '', results: {} };
/** @type {Map<string, Outcome>} */
const outcomes = new Map();
let chosen = '';
let running = false;
/** @type {Promise<void>} */
let loading;

/** @param {HTMLElement} into */
export function mount(into) {
  into.append(
    intro('wrong', 'Wrong servers', 'Each answers the handshake with one fault, or with something odd but right. Does your browser notice? ',
      'It is the table that ', h('code', {}, 'handfast check-client'), ' judges other clients by.'),
    card('', h('div', { class: 'row' }, button('Run all in this browser', runAll, { id: 'wrong-run', class: 'primary' }),
      button('Stop', () => { running = false; }, { id: 'wrong-stop', hidden: true }),
      button('Export Markdown', () => download('handfast-wrong-servers.md', 'text/markdown', markdown()), { id: 'wrong-markdown', disabled: true }),
      button('Export JSON', () => download('handfast-wrong-servers.json', 'application/json', json()), { id: 'wrong-json', disabled: true })),
    h('progress', { class: 'progress', id: 'wrong-progress', value: 0, max: 1, hidden: true, 'aria-label': 'Played' }),
    h('p', { class: 'tally', id: 'wrong-tally', role: 'status' })),
    h('div', { class: 'split' },
      h('section', { class: 'card', 'aria-label': 'The servers' }, h('div', { class: 'scrolls', tabindex: 0, role: 'region', 'aria-label': 'All wrong servers' }, h('ul', { class: 'list', id: 'wrong-list' }))),
      h('div', { id: 'wrong-detail', class: 'answers', 'aria-live': 'polite' })),
    h('p', { class: 'remark' }, 'A script is told “error” and 1006 for nearly everything. The reason stands only in the console: open the developer tools (F12), and play one again.'),
  );
  loading = load();
}

async function load() {
  [all, recorded] = await Promise.all([getJson('/api/wrong'), getJson('/recorded.json')]);
  const groups = Map.groupBy(all, (one) => (one.path === '/wrong/correct' ? '' : one.rule));
  const item = (one) => h('li', {}, h('button', { type: 'button', class: 'case', 'data-path': one.path, onclick: () => { location.hash = `#wrong/${one.path.slice(7)}`; } },
    h('span', { class: 'what' }, one.label), h('span', { class: 'outcome' }, one.wanted)));
  const list = [];
  for (const [rule, cases] of groups) list.push(h('li', { class: 'group' }, rule ? [ruleLink(rule), h('span', { class: 'remark' }, cases[0].title)] : h('span', { class: 'remark' }, 'To compare with'), h('ul', { class: 'list' }, cases.map(item))));
  fill($('wrong-list'), list);
}

/** @param {string} place */
export async function show(place) {
  try {
    await loading;
  } catch (error) {
    fill($('wrong-detail'), h('p', { class: 'banner', 'data-good': 'false' }, h('b', {}, 'No list'), error.message));
    return;
  }
  const wanted = `/wrong/${place}`;
  const one = all.find(({ path }) => path === wanted || path === `${wanted}/1`) ?? all.find(({ path }) => path === chosen) ?? all[1];
  choose(one);
}

/** @param {Wrong} one */
function choose(one) {
  chosen = one.path;
  for (const other of document.querySelectorAll('#wrong-list .case')) {
    const is = /** @type {HTMLElement} */ (other).dataset.path === one.path;
    other.toggleAttribute('aria-current', is);
    if (is) other.setAttribute('aria-current', 'true');
  }
  detail(one);
}

/** @param {Wrong} one */
function detail(one) {
  const outcome = outcomes.get(one.path);
  const bytes = outcome?.seen ?? one.sample;
  fill($('wrong-detail'),
    h('section', { class: 'card' }, h('h2', {}, one.label), h('p', {}, ruleLink(one.rule), ' ', h('span', { class: `level ${one.level}` }, one.level)), h('p', {}, one.title),
      h('dl', { class: 'facts' }, h('dt', {}, 'A client'), h('dd', { id: 'wrong-wanted' }, one.wanted), h('dt', {}, 'Source'), h('dd', {}, one.source), one.needs && [h('dt', {}, 'Needs'), h('dd', {}, one.needs)],
        h('dt', {}, 'Address'), h('dd', { class: 'mono' }, one.path)),
      h('div', { class: 'row' }, button(outcome ? 'Play it again' : 'Play it in this browser', () => playOne(one), { id: 'wrong-play', class: 'primary' }),
        one.takes > 1000 && h('span', { class: 'remark' }, `takes ${Math.round(one.takes / 1000)} s`)),
      outcome && told(outcome)),
    h('section', { class: 'card' }, byteView(outcome?.seen ? 'What the server sent' : 'What it sends, to the sample key', fromHex(bytes.answer), compare(bytes), 'wrong-bytes'), missing(bytes),
      h('p', { class: 'remark' }, '✕ marks lines that differ from the right answer to the same request.')),
    others(one));
}

/** Marks the lines that the right answer does not have. @param {{ right: string }} bytes @returns {import('/bytes.js').Mark} */
function compare({ right }) {
  const known = new Set(lines(fromHex(right)));
  return (line) => (line === '' || known.has(line) ? null : { kind: 'wrong', word: '✕' });
}

/** @param {Uint8Array} bytes */
const lines = (bytes) => linesOf(bytes).map((line) => (asText(line) ?? Array.from(line, (byte) => String.fromCharCode(byte)).join('')).replace(/\r?\n$/, ''));

/** @param {{ answer: string, right: string }} bytes */
function missing({ answer, right }) {
  const here = new Set(lines(fromHex(answer)));
  const gone = lines(fromHex(right)).filter((line) => line !== '' && !here.has(line));
  return gone.length > 0 && h('div', { id: 'wrong-missing' }, h('h3', {}, 'The right answer has here'), h('pre', { class: 'wire', tabindex: 0 }, gone.join('\n')));
}

const WORDS = { pass: 'Right', fail: 'Wrong', remark: 'Worth a remark', skipped: 'Not applicable', inconclusive: 'Open' };

/** @param {Outcome} outcome */
function told({ told: { opened, error, code, clean, time }, seen }) {
  const events = [opened && 'open', error && 'error', code && `close ${code}${clean ? ', clean' : ''}`].filter(Boolean).join(', ');
  return h('div', { class: 'banner', id: 'wrong-outcome', 'data-verdict': seen?.verdict ?? '', 'data-good': String((seen && isGood(seen.verdict)) ?? '') },
    h('b', {}, seen ? `${sign(seen.verdict)} ${WORDS[seen.verdict]}: ${seen.words}` : `Your browser ${opened ? 'opened' : 'failed'}`),
    h('span', {}, `The script was told: ${events}, after ${time.toFixed(0)} ms.`));
}

/** @param {Wrong} one */
function others(one) {
  const results = recorded.results[one.path];
  if (!results) return null;
  const rows = recorded.clients.map((client, at) => {
    const [reaction, verdict] = (results[at] ?? ' ').split(' ');
    const good = isGood(verdict);
    return h('tr', {}, h('th', { scope: 'row' }, client.name, ' ', h('span', { class: 'size' }, client.version)), h('td', { class: 'outcome', 'data-good': String(good ?? '') }, reaction ? `${sign(verdict)} ${reaction}` : 'not recorded'));
  });
  return card('What others did', h('table', { class: 'clients', id: 'wrong-others' }, h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Client'), h('th', { scope: 'col' }, 'On the wire'))), h('tbody', {}, rows)),
    h('p', { class: 'remark' }, `Recorded against these very servers on ${recorded.date}. ✓ right, ✕ wrong, ! worth a remark, – does not apply, ? open.`));
}

/** @param {Wrong} one */
async function playOne(one) {
  $('wrong-play').disabled = true;
  outcomes.set(one.path, await play(one));
  mark(one);
  if (chosen === one.path) detail(one);
  announce($('wrong-outcome')?.textContent ?? '');
  exportable();
}

/** @param {Wrong} one */
function mark(one) {
  const outcome = outcomes.get(one.path);
  const place = document.querySelector(`#wrong-list [data-path="${CSS.escape(one.path)}"] .outcome`);
  const verdict = outcome.seen?.verdict ?? 'inconclusive';
  place.textContent = `${sign(verdict)} ${outcome.seen?.reaction ?? 'unseen'}`;
  /** @type {HTMLElement} */ (place).dataset.good = String(isGood(verdict) ?? '');
}

async function runAll() {
  await loading;
  running = true;
  const [bar, stop] = [$('wrong-progress'), $('wrong-stop')];
  for (const shown of [bar, stop]) shown.hidden = false;
  $('wrong-run').disabled = true;
  // The slow ones last, and the redirects where they stand: browsers open one WebSocket to a host after the other.
  const order = [...all].sort((one, other) => one.takes - other.takes);
  bar.max = order.length;
  for (const [place, one] of order.entries()) {
    if (!running) break;
    $('wrong-tally').textContent = `${place + 1} of ${order.length}: ${one.label}`;
    outcomes.set(one.path, await play(one));
    mark(one);
    bar.value = place + 1;
  }
  running = false;
  for (const shown of [bar, stop]) shown.hidden = true;
  $('wrong-run').disabled = false;
  exportable();
  tally();
  detail(all.find(({ path }) => path === chosen));
}

function exportable() {
  for (const id of ['wrong-markdown', 'wrong-json']) $(id).disabled = false;
}

const count = () => {
  const counts = { pass: 0, fail: 0, remark: 0, skipped: 0, inconclusive: 0 };
  for (const { seen } of outcomes.values()) counts[seen?.verdict ?? 'inconclusive'] += 1;
  return counts;
};

function tally() {
  const counts = count();
  const messages = new Set([...outcomes.values()].filter(({ told: { opened } }) => !opened).map(({ told: { code } }) => code));
  const failed = [...outcomes.values()].filter(({ told: { opened } }) => !opened).length;
  const one = (number, word) => h('span', {}, h('b', {}, number), ` ${word}`);
  fill($('wrong-tally'), one(counts.pass, '✓ right'), one(counts.fail, '✕ wrong'), one(counts.remark, '! worth a remark'), one(counts.skipped, '– not applicable'), counts.inconclusive > 0 && one(counts.inconclusive, '? open'),
    h('span', {}, `For ${counted(failed, 'refused answer')} your browser told the script ${counted(messages.size, 'different close code')}.`));
  $('wrong-tally').dataset.done = String(outcomes.size);
}

function results() {
  return all.filter(({ path }) => outcomes.has(path)).map((one) => {
    const { told, seen } = outcomes.get(one.path);
    return { path: one.path, rule: one.rule, level: one.level, case: one.label, wanted: one.wanted, verdict: seen?.verdict ?? 'inconclusive', reaction: seen?.reaction ?? null, script: { ...told, time: Math.round(told.time) } };
  });
}

const json = () => `${JSON.stringify({ browser: navigator.userAgent, summary: count(), results: results() }, null, 2)}\n`;

function markdown() {
  const cell = (text) => String(text).replaceAll('\\', '\\\\').replaceAll('|', '\\|').replaceAll('`', "'").replaceAll('<', '&lt;').replaceAll('\n', ' ');
  const rows = results().map((one) => `| ${sign(one.verdict)} ${one.verdict} | ${one.rule} | ${cell(one.case)} | ${cell(one.wanted)} | ${one.reaction ?? ''} | ${one.script.code} | ${one.script.time} |`);
  const counts = Object.entries(count()).map(([word, number]) => `${number} ${word}`).join(', ');
  return `# Wrong servers\n\n${cell(navigator.userAgent)}: ${counts}.\n\n| verdict | rule | case | a client | it | close code | ms |\n| --- | --- | --- | --- | --- | --- | --- |\n${rows.join('\n')}\n`;
}
