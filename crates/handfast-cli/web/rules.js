// Panel 7: the whole catalogue, each rule with a link of its own, and its probe in place.
import { $, h, fill, intro, button, choose, counted, copyButton, failure, remember, whileBusy } from '/dom.js';
import { getJson, part } from '/api.js';
import { play, isGood, sign } from '/play.js';

/** @type {any[]} */
let rules = [];
/** @type {{ word: string, meaning: string }[]} */
let words = [];
/** @type {any[]} */
let wrongs = [];
/** @type {Promise<void>} */
let loading;

/** @param {HTMLElement} into */
export function mount(into) {
  into.append(
    intro('rules', 'Rules', 'The catalogue that library, checker and this page share: each rule with its source, its reason, its fix and, where it can be, a probe that runs here.'),
    h('search', {}, h('form', { class: 'card', onsubmit: (event) => event.preventDefault(), oninput: filter }, h('div', { class: 'row' },
      h('input', { type: 'search', id: 'rules-search', placeholder: 'key, 426, origin, permessage-deflate…', 'aria-label': 'Search the rules' }),
      select('rules-role', 'Role', ['server', 'client', 'intermediary']), select('rules-level', 'Level', ['must', 'should', 'may', 'practice'])),
    h('p', { id: 'rules-count', class: 'remark', role: 'status' }),
    h('p', { class: 'remark' }, h('b', {}, 'must'), ', ', h('b', {}, 'should'), ' and ', h('b', {}, 'may'), ' are what the standards say. ', h('b', {}, 'practice'), ': they are silent or disagree, so the checker notes it, and calls it no violation.'))),
    h('div', { id: 'rules-list' }),
  );
  loading = load();
}

function select(id, name, values) {
  return h('select', { id, 'aria-label': name }, h('option', { value: '' }, `Any ${name.toLowerCase()}`), values.map((value) => h('option', { value }, value)));
}

async function load() {
  const [catalogue, list] = await Promise.all([getJson('/api/rules'), getJson('/api/wrong')]);
  ({ rules, words } = catalogue);
  wrongs = list;
  const roles = [...new Set(rules.map(({ id }) => id.split('/')[0]))];
  fill($('rules-role'), h('option', { value: '' }, 'Any role'), roles.map((role) => h('option', { value: role }, role)));
  fill($('rules-list'), rules.map(cardOf));
}

/** @param {string} place @param {URLSearchParams} state */
export async function show(place, state) {
  try {
    await loading;
  } catch (error) {
    fill($('rules-list'), failure('No catalogue', error));
    return;
  }
  const chosen = rules.find(({ id }) => id === place);
  for (const [name, id] of FILTERS) choose($(id), chosen ? '' : state.get(name) ?? '');
  apply();
  if (place && !chosen) $('rules-count').prepend(`There is no rule ${place}. `);
  if (!chosen) return;
  const card = cardElement(place);
  card.open = true;
  card.scrollIntoView({ block: 'start', behavior: 'instant' });
  card.querySelector('summary').focus({ preventScroll: true });
}

/** @param {string} id @returns {HTMLDetailsElement} */
const cardElement = (id) => /** @type {any} */ (document.querySelector(`.rule-card[data-rule="${CSS.escape(id)}"]`));

const overWhat = ({ transport, also }) => ({ h1: 'HTTP/1.1', h2: also ? 'HTTP/2 and HTTP/3' : 'HTTP/2', h3: 'HTTP/3' })[transport] ?? 'every HTTP version';

function cardOf(rule) {
  const inside = h('div', { class: 'stack' });
  const made = h('details', { class: 'rule-card', 'data-rule': rule.id, ontoggle: () => {
    if (made.open && inside.childElementCount === 0) inside.append(...content(rule));
  } }, h('summary', {}, h('span', { class: 'rule' }, rule.id), h('span', { class: `level ${rule.level}` }, rule.level), h('span', { class: 'title' }, rule.title)), inside);
  return made;
}

function content(rule) {
  const rows = [['Rule', rule.rule], ['Source', rule.source], ['Over', overWhat(rule)], ['Why', rule.why], ['Fix', rule.fix], ['Probe', rule.stimulus], ['Right', rule.pass], ['Wrong', rule.fail], ['Note', rule.note]];
  const text = `${rule.stimulus} ${rule.pass} ${rule.fail}`;
  const used = words.filter(({ word }) => new RegExp(`(?<![A-Za-z0-9-])${word}(?![A-Za-z0-9-])`).test(text));
  return [
    h('dl', { class: 'facts' }, rows.filter(([, value]) => value).map(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]),
      used.map(({ word, meaning }) => [h('dt', {}, word), h('dd', { class: 'remark' }, meaning)])),
    probe(rule),
    h('p', { class: 'row' }, copyButton(() => `${location.origin}/#rules/${rule.id}`, 'Copy the link', { class: 'small' }), h('code', {}, `handfast explain ${rule.id}`)),
  ].filter(Boolean);
}

function probe(rule) {
  const result = h('div', { class: 'stack probe-result', 'aria-live': 'polite' });
  const cases = wrongs.filter((one) => one.rule === rule.id && one.path !== '/wrong/correct');
  if (cases.length > 0) {
    const run = button(`Play ${counted(cases.length, 'wrong server')} in this browser`, () => whileBusy([run], async () => {
      fill(result);
      for (const one of cases) {
        const { seen, gone } = await play(one);
        if (gone) {
          fill(result, failure('Not played', gone));
          break;
        }
        const verdict = seen?.verdict ?? 'inconclusive';
        result.append(h('p', {}, h('span', { class: 'outcome', 'data-good': String(isGood(verdict) ?? '') }, `${sign(verdict)} ${verdict}`), ' ', h('a', { href: `#wrong/${one.path.slice(7)}` }, one.label), seen && `: ${seen.words}`));
      }
    }), { class: 'probe' });
    return h('div', { class: 'stack' }, run, result);
  }
  if (!rule.id.startsWith('server/') || !['h1', 'any'].includes(rule.transport)) return null;
  const run = button('Probe this server', () => whileBusy([run], async () => {
    fill(result, h('p', { class: 'remark' }, 'Asking…'));
    try {
      const { verdict, got, reason, sent } = await getJson(`/api/probe?rule=${part(rule.id)}`);
      fill(result, h('p', { class: 'banner', 'data-verdict': verdict, 'data-good': String(isGood(verdict) ?? '') }, h('b', {}, `${sign(verdict)} ${verdict}`), got ?? reason ?? ''), sent && h('pre', { class: 'wire', tabindex: 0 }, sent.replaceAll('\\n', '\\n\n').trimEnd()));
    } catch (error) {
      fill(result, failure('No verdict', error));
    }
  }), { class: 'probe' });
  return h('div', { class: 'stack' }, h('div', { class: 'row' }, run, h('span', { class: 'remark' }, 'by the checker, over real connections from this server to itself')), result);
}

/** What a link keeps, and the controls that hold it. */
const FILTERS = [['q', 'rules-search'], ['role', 'rules-role'], ['level', 'rules-level']];

function filter() {
  const state = new URLSearchParams(FILTERS.map(([name, id]) => [name, $(id).value]).filter(([, value]) => value));
  remember(state.size > 0 ? `#rules?${state}` : '#rules');
  apply();
}

function apply() {
  const wanted = $('rules-search').value.toLowerCase().split(/\s+/).filter(Boolean);
  const [role, level] = [$('rules-role').value, $('rules-level').value];
  let shown = 0;
  for (const rule of rules) {
    const text = [rule.id, rule.title, rule.rule, rule.why, rule.fix, rule.source, rule.note ?? ''].join(' ').toLowerCase();
    const fits = wanted.every((word) => text.includes(word)) && (!role || rule.id.startsWith(`${role}/`)) && (!level || rule.level === level);
    cardElement(rule.id).hidden = !fits;
    if (fits) shown += 1;
  }
  $('rules-count').textContent = shown === rules.length ? `${rules.length} rules` : `${shown} of ${counted(rules.length, 'rule')}`;
}
