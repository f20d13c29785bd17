// Where an answer differs from the right one, byte by byte.
import { linesOf } from '/bytes.js';

/** @typedef {import('/bytes.js').Place} Place @typedef {{ bytes: Uint8Array, text: string, from: number, pair: Line | null }} Line */

/**
 * The places in `answer` that are not as in `right`, and the lines of `right` that `answer` has no counterpart to.
 * @param {Uint8Array} answer @param {Uint8Array} right @returns {{ wrong: Place[], missing: string[] }}
 */
export function difference(answer, right) {
  const [here, there] = [cut(answer), cut(right)];
  pair(here, there, (one, other) => one.text === other.text);
  pair(here, there, (one, other) => nameOf(one) === nameOf(other) && nameOf(one) !== '');
  const wrong = [];
  for (const line of here) {
    if (line.pair === null) wrong.push({ from: line.from, to: line.from + line.bytes.length });
    else wrong.push(...within(line.bytes, line.pair.bytes, line.from));
  }
  return { wrong, missing: there.filter((line) => line.pair === null).map((line) => line.text.replace(/\r?\n$/, '')).filter(Boolean) };
}

/** @param {Uint8Array} bytes @returns {Line[]} */
function cut(bytes) {
  let from = 0;
  return linesOf(bytes).map((line) => {
    const made = { bytes: line, text: String.fromCharCode(...line), from, pair: null };
    from += line.length;
    return made;
  });
}

/** Pairs lines that fit, the last with the last: what is too much stands in front. @param {Line[]} here @param {Line[]} there @param {(one: Line, other: Line) => boolean} fit */
function pair(here, there, fit) {
  for (const line of [...there].reverse()) {
    const found = line.pair === null && here.findLast((one) => one.pair === null && fit(one, line));
    if (found) [found.pair, line.pair] = [line, found];
  }
}

/** The name of a field, or a word for the first line of an answer. @param {Line} line */
function nameOf({ text }) {
  if (/HTTP\//.test(text) || /^\S+ \d/.test(text)) return 'status';
  return text.includes(':') ? text.slice(0, text.indexOf(':')).trim().toLowerCase() : '';
}

/** @param {Uint8Array} line @param {Uint8Array} right @param {number} from @returns {Place[]} */
function within(line, right, from) {
  const places = [];
  if (line.length === right.length) {
    line.forEach((byte, at) => {
      if (byte === right[at]) return;
      if (places.at(-1)?.to === from + at) places.at(-1).to += 1;
      else places.push({ from: from + at, to: from + at + 1 });
    });
    return places;
  }
  const shorter = Math.min(line.length, right.length);
  let head = 0;
  while (head < shorter && line[head] === right[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && line.at(-1 - tail) === right.at(-1 - tail)) tail += 1;
  const gone = String.fromCharCode(...right.slice(head, right.length - tail));
  return [{ from: from + head, to: from + line.length - tail, missing: gone }];
}
