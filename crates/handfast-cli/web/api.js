// What the server is asked.

/** The server cannot be reached any more. */
export class Gone extends Error {
  constructor() {
    super('The server does not answer. Is handfast serve still running?');
  }
}

/** Text as a part of a query. Half a surrogate pair, which is no character, becomes U+FFFD. @param {string} text */
export const part = (text) => encodeURIComponent(text.toWellFormed());

/** The longest that is waited for an answer (milliseconds): a probe may take many connections. */
const ANSWER_LIMIT = 60_000;

/** Asks for JSON; fails with the server's words, or with `Gone`. @param {string} path @returns {Promise<any>} */
export async function getJson(path) {
  let answer;
  try {
    answer = await fetch(path, { headers: { Accept: 'application/json' }, signal: AbortSignal.timeout(ANSWER_LIMIT) });
  } catch {
    throw new Gone();
  }
  if (answer.status === 414) throw new Error('That is too long for one question to the server: about 32,000 bytes fit.');
  if (!answer.ok) throw new Error((await answer.text()).trim() || `status ${answer.status}`);
  return answer.json();
}

/** A name that only this page knows: the server keeps what it sees under it, for some minutes. */
export const freshName = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');

/** The WebSocket address of a path on this server. @param {string} path */
export const socketUrl = (path) => `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${path}`;

/** Whether this page came over HTTP/2. Its WebSockets go that way too then, in browsers that can. */
export const isHttp2 = () => /** @type {any} */ (performance.getEntriesByType('navigation')[0])?.nextHopProtocol === 'h2';

/** @param {number} milliseconds */
export const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/**
 * Asks until there is an answer that fits, or the time is over.
 * @template T @param {() => Promise<T>} ask @param {(answer: T) => boolean} fits @param {number} limit milliseconds
 */
export async function until(ask, fits, limit) {
  const end = performance.now() + limit;
  for (;;) {
    try {
      const answer = await ask();
      if (fits(answer) || performance.now() > end) return answer;
    } catch (error) {
      if (performance.now() > end) throw error;
    }
    await pause(60);
  }
}
