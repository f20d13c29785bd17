// Shows the panel that the fragment names: #PANEL, #PANEL/PLACE or #PANEL?NAME=VALUE. A panel is loaded when it is first wanted.
import { $, h, failure, setFragment } from '/dom.js';
import { Gone, socketUrl } from '/api.js';

/**
 * A panel's module: `mount` makes its content once; `show` is called with the rest of the fragment whenever that changes.
 * @typedef {{ mount: (into: HTMLElement) => void, show: (place: string, state: URLSearchParams) => void }} Panel
 */

/** @type {Record<string, { title: string, load: () => Promise<Panel> }>} */
const PANELS = {
  compute: { title: 'From key to proof', load: () => import('/compute.js') },
  edit: { title: 'Edit a request', load: () => import('/edit.js') },
  live: { title: 'Your browser, live', load: () => import('/live.js') },
  wrong: { title: 'Wrong servers', load: () => import('/wrong.js') },
  cache: { title: 'The cache', load: () => import('/cache.js') },
  frames: { title: 'Frames', load: () => import('/frames.js') },
  rules: { title: 'Rules', load: () => import('/rules.js') },
  errors: { title: 'Errors', load: () => import('/errors.js') },
};

/** @type {Map<string, { section: HTMLElement, panel: Panel }>} */
const mounted = new Map();
/** The fragment of each panel as it was left, where it says more than the name. @type {Map<string, string>} */
const left = new Map();
let shown = '';
/** How far each step of the history was scrolled, by the moment that it was made. @type {Map<number, number>} */
const heights = new Map();
/** The step that is shown. */
let step = stepOfHistory();

function parts() {
  const fragment = location.hash.slice(1);
  const [path, query = ''] = fragment.split(/\?(.*)/s);
  const [name, ...place] = path.split('/');
  const known = Object.hasOwn(PANELS, name) ? name : 'compute';
  return { name: known, place: known === name ? decode(place.join('/')) : '', state: new URLSearchParams(query) };
}

/** Back and forward lead to a step that has its number already. */
function stepOfHistory() {
  const made = history.state?.step ?? performance.timeOrigin + performance.now();
  try {
    history.replaceState({ step: made }, '');
  } catch {
    // Too often for this browser: the step begins at the top.
  }
  return made;
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function mount(name) {
  const known = mounted.get(name);
  if (known) return known;
  const section = h('div', { class: `panel panel-${name}`, id: `panel-${name}`, hidden: true });
  const panel = await PANELS[name].load();
  // Two quick clicks may have asked for it twice.
  if (!mounted.has(name)) {
    panel.mount(section);
    mounted.set(name, { section, panel });
    $('main').append(section);
  }
  return mounted.get(name);
}

async function route() {
  const { name } = parts();
  const first = shown === '';
  let here;
  try {
    here = await mount(name);
  } catch {
    if (parts().name !== name) return;
    // A module that could not be loaded once is not asked for again before the page is.
    for (const { section } of mounted.values()) section.hidden = true;
    $('trouble')?.remove();
    $('main').append(h('section', { class: 'card trouble', id: 'trouble' }, failure('This panel cannot be loaded', new Gone()), h('p', {}, h('a', { href: location.href, onclick: () => location.reload() }, 'Load the page again'))));
    return;
  }
  // Whoever has clicked again while this one was loading wants the other one.
  const { name: wanted, place, state } = parts();
  if (wanted !== name) return;
  $('trouble')?.remove();
  for (const [other, { section }] of mounted) section.hidden = other !== name;
  for (const link of document.querySelectorAll('#nav a')) {
    const is = link.getAttribute('href') === `#${name}`;
    link.toggleAttribute('aria-current', is);
    if (is) {
      link.setAttribute('aria-current', 'page');
      reveal(link.parentElement);
    }
  }
  document.title = `${PANELS[name].title} · handfast`;
  const moved = shown !== name;
  shown = name;
  here.panel.show(place, state);
  if (moved && !first) {
    scrollTo({ top: heights.get(step) ?? 0, behavior: 'instant' });
    here.section.querySelector('h1')?.focus({ preventScroll: true });
  }
  document.body.dataset.ready = name;
}

/** Brings a link of the strip into its middle; `scrollIntoView` would have the first Tab begin there. @param {HTMLElement} item */
function reveal(item) {
  const strip = $('nav');
  strip.scrollLeft += item.getBoundingClientRect().left - strip.getBoundingClientRect().left - (strip.clientWidth - item.clientWidth) / 2;
}

/** A panel's bare name shows it as it was left, and then the address says so again. @param {HashChangeEvent} event */
function arrive({ oldURL }) {
  step = stepOfHistory();
  const before = new URL(oldURL).hash;
  if (before.includes('?')) left.set(before.slice(1).split(/[/?]/)[0], before);
  const again = left.get(location.hash.slice(1));
  if (again) setFragment(again);
  route();
}

$('echo-address').textContent = socketUrl('/echo');
// Not by its address, which belongs to the panel.
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault();
  $('main').focus();
});
window.addEventListener('hashchange', arrive);
window.addEventListener('scroll', () => heights.set(step, scrollY), { passive: true });
route();
