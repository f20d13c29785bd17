// Faults with rule, source and fix.
import { h, ruleLink } from '/dom.js';

/** @typedef {{ rule: string, level: string, source: string, title: string, text: string, fix: string, places?: [number, number][] }} Fault */

/** @param {Fault[]} faults @param {string} [id] */
export const faultList = (faults, id) => h('ul', { class: 'faults', id }, faults.map((fault) =>
  h('li', { 'data-rule': fault.rule },
    h('p', {}, ruleLink(fault.rule), ' ', h('span', { class: 'level' }, fault.level)),
    h('p', {}, fault.text),
    h('p', { class: 'fix' }, h('b', {}, 'Fix '), fault.fix),
    h('p', { class: 'source' }, fault.source))));
