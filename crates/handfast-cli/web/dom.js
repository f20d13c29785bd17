// Making and changing elements. Text is only ever set as text, so that no byte of a peer can become markup.

/** @typedef {Node | string | number | null | undefined | false} Child */

/** @template {HTMLElement} T @param {string} id @returns {T} */
export const $ = (id) => /** @type {any} */ (document.getElementById(id));

/**
 * Makes an element. Properties that begin with `on` are listeners, `true` is an attribute without a value, and
 * `null`, `undefined` and `false` leave an attribute out.
 * @param {string} tag @param {Record<string, any>} [properties] @param {...(Child | Child[])} children
 * @returns {HTMLElement}
 */
export function h(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, '');
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, String(value));
  }
  fill(made, ...children);
  return made;
}

/** Puts these children in place of what an element has. @param {Element} into @param {...(Child | Child[])} children */
export function fill(into, ...children) {
  into.replaceChildren();
  for (const child of children.flat(4)) {
    if (child !== null && child !== undefined && child !== false) {
      into.append(child instanceof Node ? child : String(child));
    }
  }
}

/** The head of a panel. @param {string} id @param {string} title @param {...Child} lead */
export const intro = (id, title, ...lead) =>
  h('div', { class: 'intro' }, h('h1', { id: `${id}-title`, tabindex: -1 }, title), h('p', { class: 'lead' }, ...lead));

/** A box with a heading. @param {string} title @param {...(Child | Child[])} children */
export const card = (title, ...children) => h('section', { class: 'card' }, title && h('h2', {}, title), ...children);

/** What stands where an answer would, if there is none. @param {string} title @param {Error} error */
export const failure = (title, error) => h('p', { class: 'banner', 'data-good': 'false' }, h('b', {}, title), h('span', { class: 'words' }, error.message));

/** What stands above a panel that needs HTTP/1.1, on a page that came over HTTP/2. */
export const needsHttp1 = () => h('p', { class: 'banner notice' }, h('b', {}, 'This page came over HTTP/2'),
  h('span', {}, 'Where server and browser can, WebSockets go over it too, as streams without a key, a 101 or bytes of their own. This panel is about those: if it has nothing to show, open the page from ', h('code', {}, 'handfast serve'), ' without a certificate. Browsers speak HTTP/1.1 then.'));

/** Sets a field; a choice that there is none of becomes the first one. @param {HTMLInputElement | HTMLSelectElement} control @param {string | number} value */
export function choose(control, value) {
  control.value = String(value);
  if (control instanceof HTMLSelectElement && control.selectedIndex < 0) control.selectedIndex = 0;
}

/** A button. @param {string} text @param {(event: Event) => void} onclick @param {Record<string, any>} [more] */
export const button = (text, onclick, more = {}) => h('button', { type: 'button', onclick, ...more }, text);

/** Shows a text to be copied by hand, selected, below the row of the button that could not. @param {HTMLElement} row @param {string} text */
function showToCopy(row, text) {
  const box = h('textarea', { class: 'to-copy', rows: 4, readonly: true, spellcheck: 'false', 'aria-label': 'Copy this by hand' });
  box.value = text;
  row.after(box);
  box.select();
  announce('The browser does not permit to copy. The text is selected: copy it by hand.');
}

/** A button that copies a text, and says so. @param {() => string} text @param {string} [label] @param {Record<string, any>} [more] */
export function copyButton(text, label = 'Copy', more = {}) {
  const made = button(label, async () => {
    for (const box of document.querySelectorAll('.to-copy')) box.remove();
    try {
      await navigator.clipboard.writeText(text());
      made.textContent = 'Copied';
      announce('Copied');
    } catch {
      // A browser may forbid it, and does on a page of plain HTTP from another machine.
      made.textContent = 'Could not copy';
      showToCopy(made.parentElement, text());
    }
    setTimeout(() => { made.textContent = label; }, 1500);
  }, more);
  return made;
}

/** Longer fragments are no links any more: browsers become slow, and chats cut them. */
const FRAGMENT_MAX = 60_000;
/** Browsers refuse what comes more often than some 200 times in 10 s: behind this many, the rest comes more slowly. */
const AT_ONCE_MAX = 80;
const AT_ONCE_WINDOW = 10_000;
const SLOWLY = 100;
/** What is to be kept next, and where it was said. @type {{ fragment: string, at: string } | null} */
let next = null;
let waiting = false;
let written = 0;
let windowEnd = 0;

/** Keeps the state in the fragment, so that a link shows the same; a moment later where it has changed often. @param {string} fragment */
export function remember(fragment) {
  next = { fragment: fragment.length > FRAGMENT_MAX ? fragment.split('?')[0] : fragment, at: location.hash };
  if (!waiting) keepNext();
}

function keepNext() {
  const { fragment, at } = next;
  next = null;
  // Whoever has gone to another panel meanwhile has another address.
  if (location.hash === at) setFragment(fragment);
  if (performance.now() > windowEnd) [written, windowEnd] = [0, performance.now() + AT_ONCE_WINDOW];
  written += 1;
  waiting = written > AT_ONCE_MAX;
  if (!waiting) return;
  setTimeout(() => {
    waiting = false;
    if (next) keepNext();
  }, SLOWLY);
}

/** Changes the fragment at once, without a step in the history. @param {string} fragment */
export function setFragment(fragment) {
  try {
    history.replaceState(history.state, '', fragment);
  } catch {
    // The browser does not want to: the link stays as it was.
  }
}

/** Says it to those who listen. @param {string} text */
export function announce(text) {
  $('announcer').textContent = text;
}

/**
 * Disables controls while something is done, and gives the focus back to the one that had it: a disabled one loses it.
 * A control is an element, or the id of one that may be another element afterwards.
 * @template T @param {(string | HTMLButtonElement)[]} controls @param {() => Promise<T>} work @returns {Promise<T>}
 */
export async function whileBusy(controls, work) {
  const find = (control) => (typeof control === 'string' ? $(control) : control);
  const focused = controls.find((control) => find(control) === document.activeElement);
  for (const control of controls) find(control).disabled = true;
  try {
    return await work();
  } finally {
    for (const control of controls) find(control).disabled = false;
    if (focused) refocus(find(focused));
  }
}

/** Gives the focus to an element where it was lost, and nowhere else. Firefox leaves it a while on what is disabled. @param {HTMLElement} element */
export function refocus(element) {
  const focused = document.activeElement;
  if (focused === document.body || focused?.matches(':disabled')) element.focus({ preventScroll: true });
}

/** A link to a rule. @param {string} id */
export const ruleLink = (id) => h('a', { class: 'rule', href: `#rules/${id}` }, id);

/** @typedef {{ rule: string, level: string, source: string, title: string, text: string, fix: string, places?: [number, number][] }} Fault */

/** Faults with rule, source and fix. @param {Fault[]} faults @param {string} [id] */
export const faultList = (faults, id) => h('ul', { class: 'faults', id }, faults.map((fault) =>
  h('li', { 'data-rule': fault.rule },
    h('p', {}, ruleLink(fault.rule), ' ', h('span', { class: 'level' }, fault.level)),
    h('p', {}, fault.text),
    h('p', { class: 'fix' }, h('b', {}, 'Fix '), fault.fix),
    h('p', { class: 'source' }, fault.source))));

/** "1 byte", "2 bytes". @param {number} count @param {string} word */
export const counted = (count, word) => `${count} ${word}${count === 1 ? '' : 's'}`;

/** Saves text as a file. @param {string} name @param {string} kind @param {string} text */
export function download(name, kind, text) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: kind }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
