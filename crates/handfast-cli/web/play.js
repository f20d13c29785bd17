// Plays a wrong server in this browser: what the script is told, and what the server saw on the wire.
import { freshName, getJson, Gone, socketUrl, until } from '/api.js';

/**
 * @typedef {{ path: string, rule: string, level: string, title: string, source: string, label: string, wanted: string, needs: string | null,
 *   takes: number, sample: { answer: string, right: string } }} Wrong
 * @typedef {{ opened: boolean, error: boolean, code: number, clean: boolean, time: number }} Told what the script was told; time in milliseconds
 * @typedef {{ reaction: string, verdict: string, words: string, lasted: number, answer: string, answer_bytes: number, right: string }} Seen
 * @typedef {{ told: Told, seen: Seen | null, url: string, gone: Error | null }} Outcome `gone`: why nothing can be played
 */

/** How long an open one stays open, so that the server can see it. */
const OPEN_FOR = 300;
/** The longest that is waited for a browser to give up. */
const LIMIT = 25_000;

/** @param {Wrong} wrong @returns {Promise<Outcome>} */
export async function play(wrong) {
  const name = freshName();
  const url = socketUrl(`${wrong.path}?observe=${name}`);
  let told = { opened: false, error: false, code: 0, clean: false, time: 0 };
  let seen = null;
  let gone = null;
  try {
    told = await tell(url, wrong.takes);
  } catch (error) {
    // A browser, or something in it, that permits no WebSocket.
    return { told, seen, url, gone: error };
  }
  try {
    seen = await until(() => getJson(`/api/played?id=${name}`), (answer) => answer !== null, 6000);
  } catch (error) {
    // Else the server saw no end of it; what the script was told still stands.
    if (error instanceof Gone) gone = error;
  }
  return { told, seen, url, gone };
}

/** @param {string} url @param {number} takes @returns {Promise<Told>} */
function tell(url, takes) {
  return new Promise((done) => {
    const begin = performance.now();
    const told = { opened: false, error: false, code: 0, clean: false, time: 0 };
    const socket = new WebSocket(url, ['handfast']);
    const limit = setTimeout(() => socket.close(), LIMIT);
    const since = () => performance.now() - begin;
    socket.onopen = () => {
      Object.assign(told, { opened: true, time: since() });
      setTimeout(() => socket.close(), OPEN_FOR + takes);
    };
    socket.onerror = () => { told.error = true; };
    socket.onclose = ({ code, wasClean }) => {
      clearTimeout(limit);
      done({ ...told, code, clean: wasClean, time: told.opened ? told.time : since() });
    };
  });
}

/** Whether a verdict of the judge is good; null where it is neither. @param {string} verdict */
export const isGood = (verdict) => ({ pass: true, fail: false })[verdict] ?? null;

/** A verdict with its sign. @param {string} verdict */
export const sign = (verdict) => ({ pass: '✓', fail: '✕', remark: '!', skipped: '–', inconclusive: '?' })[verdict] ?? '';
