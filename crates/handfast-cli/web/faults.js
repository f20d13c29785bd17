// Faults with rule, source and fix.
import { h, ruleLink } from '/dom.js';

/** @typedef {{ rule: string, level: string, source: string, title: string, text: string, fix: string }} Fault */

/** @param {Fault[]} faults @param {string} [id] */
export const faultList = (faults, id) => h('ul', { class: 'faults', id }, faults.map((fault) =>
  h('li', { 'data-rule': fault.rule },
    h('p', {}, ruleLink(fault.rule), ' ', h('span', { class: 'level' }, fault.level)),
    h('p', {}, fault.text),
    h('p', { class: 'fix' }, h('b', {}, 'Fix '), fault.fix),
    h('p', { class: 'source' }, fault.source))));

/** The header field that a server rule is about, in lower case; the empty text is the request line, null is none in particular. @param {string} rule */
export function fieldOf(rule) {
  const name = rule.replace(/^(server|client)\//, '');
  const known = [
    [/^key-/, 'sec-websocket-key'], [/^version-/, 'sec-websocket-version'], [/^upgrade-/, 'upgrade'],
    [/^connection-/, 'connection'], [/^host-/, 'host'], [/^origin-/, 'origin'], [/^subprotocol-/, 'sec-websocket-protocol'],
    [/^extension-|^deflate-/, 'sec-websocket-extensions'], [/^accept-/, 'sec-websocket-accept'],
    [/^method-|^target-|^http-|^request-line|^status-/, ''], [/^body-|^length-/, 'content-length'],
  ];
  return known.find(([pattern]) => /** @type {RegExp} */ (pattern).test(name))?.[1] ?? null;
}

/** Marks the lines that the faults are about. @param {Fault[]} faults @returns {import('/bytes.js').Mark} */
export function markFaults(faults) {
  const fields = new Set(faults.map((fault) => fieldOf(fault.rule)));
  return (line, place) => {
    const name = place === 0 ? '' : line.slice(0, Math.max(0, line.indexOf(':'))).toLowerCase();
    const is = place === 0 ? fields.has('') : name !== '' && fields.has(name);
    return is ? { kind: 'wrong', word: '✕' } : null;
  };
}
