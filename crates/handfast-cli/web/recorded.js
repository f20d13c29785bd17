// What other clients did with the same servers: recorded.json, which `cargo xtask record` writes.
import { h, card, counted } from '/dom.js';
import { isGood, sign } from '/play.js';

/**
 * A result is [reaction, verdict, what the client said, the close code that its program was told].
 * @typedef {{ name: string, version: string, date: string, results: Record<string, [string, string, string, number | null]> }} Client
 */

const VERDICTS = ['pass', 'remark', 'fail', 'skipped', 'inconclusive'];
const HEADS = { pass: '✓ right', remark: '! remark', fail: '✕ wrong', skipped: '– n/a', inconclusive: '? undecided' };

/** @param {string} path */
const keyOf = (path) => path.replace('/wrong/', '');

/** Whether there are results of this server. @param {Client[]} clients @param {string} path */
export const isRecorded = (clients, path) => clients.some(({ results }) => Object.hasOwn(results, keyOf(path)));

/** How many of each verdict. @param {Iterable<string>} verdicts @returns {Record<string, number>} */
export function tallyOf(verdicts) {
  const counts = Object.fromEntries(VERDICTS.map((one) => [one, 0]));
  for (const one of verdicts) counts[one] += 1;
  return counts;
}

/**
 * One row a client, all of them over the same servers.
 * @param {Client[]} clients @param {Record<string, number> | null} own what this browser did, once it has run
 */
export function scoreboard(clients, own) {
  const row = (name, version, counts) => h('tr', { 'data-client': name }, h('th', { scope: 'row' }, name, ' ', h('span', { class: 'size' }, version)),
    h('td', { class: 'share', 'aria-hidden': 'true' }, bar(counts)), ['pass', 'remark', 'fail'].map((one) => h('td', { class: `number ${one}` }, counts[one])));
  const rows = clients.map(({ name, version, results }) => row(name, version, tallyOf(Object.values(results).map(([, verdict]) => verdict))));
  return h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'All clients' }, h('table', { class: 'scores', id: 'wrong-scores' },
    h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Client'), h('td', { class: 'share' }), ['pass', 'remark', 'fail'].map((one) => h('th', { scope: 'col', class: 'number' }, HEADS[one])))),
    h('tbody', {}, own && row('Your browser', 'just now', own), rows)));
}

/** A bar of the verdicts, for the eye only: the numbers stand beside it. @param {Record<string, number>} counts */
function bar(counts) {
  const made = h('span', { class: 'bar' });
  for (const one of VERDICTS) {
    const part = h('span', { class: one });
    part.style.flexGrow = String(counts[one]);
    if (counts[one] > 0) made.append(part);
  }
  return made;
}

/** What each client did with one server. @param {Client[]} clients @param {string} path */
export function others(clients, path) {
  const known = clients.map((client) => ({ ...client, result: client.results[keyOf(path)] })).filter(({ result }) => result);
  if (known.length === 0) return card('What other clients did', h('p', { class: 'remark' }, 'Not recorded: this one takes several connections, or minutes, or presses a client hard. ', h('code', {}, 'handfast check-client'), ' judges it.'));
  const rows = known.map(({ name, version, date, result: [reaction, verdict, said, code] }) => h('tr', { 'data-client': name, 'data-verdict': verdict },
    h('th', { scope: 'row' }, name, h('span', { class: 'size' }, version, h('span', { class: 'unseen' }, `, recorded on ${date}`))),
    h('td', { class: 'outcome', 'data-good': String(isGood(verdict) ?? '') }, `${sign(verdict)} ${verdict === 'skipped' ? 'not applicable' : reaction}`),
    h('td', { class: 'said' }, said && h('q', {}, said), said && code ? ' ' : '', code && h('span', { class: 'size' }, `close ${code}`), !said && !code && h('span', { class: 'size' }, 'nothing'))));
  const dates = [...new Set(known.map(({ date }) => date))].sort();
  return card('What other clients did', h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'What other clients did' },
    h('table', { class: 'clients', id: 'wrong-others' }, h('thead', {}, h('tr', {}, ['Client', 'On the wire', 'It said'].map((one) => h('th', { scope: 'col' }, one)))), h('tbody', {}, rows))),
  h('p', { class: 'remark' }, `Recorded from ${counted(known.length, 'client')} against these very servers by `, h('code', {}, 'cargo xtask record'), `, ${dates.length > 1 ? `${dates[0]} to ${dates.at(-1)}` : dates[0]}. ✓ right, ✕ wrong, ! worth a remark, – does not apply, ? undecided.`));
}
