// Shows the panel that the fragment names: #PANEL, #PANEL/PLACE or #PANEL?NAME=VALUE. A panel is loaded when it is first wanted.
import { $, h, failure } from '/dom.js';
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
let shown = '';

function parts() {
  const fragment = location.hash.slice(1);
  const [path, query = ''] = fragment.split(/\?(.*)/s);
  const [name, ...place] = path.split('/');
  const known = Object.hasOwn(PANELS, name) ? name : 'compute';
  return { name: known, place: known === name ? decode(place.join('/')) : '', state: new URLSearchParams(query) };
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
  if (location.hash === '#main') return;
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
      link.scrollIntoView({ block: 'nearest', inline: 'center' });
    }
  }
  document.title = `${PANELS[name].title} · handfast`;
  const moved = shown !== name;
  shown = name;
  here.panel.show(place, state);
  if (moved && !first) {
    scrollTo(0, 0);
    here.section.querySelector('h1')?.focus({ preventScroll: true });
  }
  document.body.dataset.ready = name;
}

$('echo-address').textContent = socketUrl('/echo');
window.addEventListener('hashchange', route);
route();
