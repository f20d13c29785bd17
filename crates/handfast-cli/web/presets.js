// Requests as real clients send them, each captured from the client of that version, and the ways to break one.
// HOST and ORIGIN stand for this page's own; KEY for a fresh key.

/** @type {{ name: string, version: string, lines: string[] }[]} */
export const PRESETS = [
  { name: 'Chromium', version: '156', lines: ['GET /echo HTTP/1.1', 'Host: HOST', 'Connection: Upgrade', 'Pragma: no-cache',
    'Cache-Control: no-cache', 'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36',
    'Upgrade: websocket', 'Origin: ORIGIN', 'Sec-WebSocket-Version: 13', 'Accept-Encoding: gzip, deflate, br, zstd',
    'Accept-Language: en-US,en;q=0.9', 'Sec-WebSocket-Key: KEY', 'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits'] },
  { name: 'Firefox', version: '153', lines: ['GET /echo HTTP/1.1', 'Host: HOST',
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0', 'Accept: */*', 'Accept-Language: en-US,en;q=0.9',
    'Accept-Encoding: gzip, deflate, br, zstd', 'Sec-WebSocket-Version: 13', 'Origin: ORIGIN', 'Sec-WebSocket-Extensions: permessage-deflate',
    'Sec-WebSocket-Key: KEY', 'Connection: Upgrade', 'Sec-Fetch-Dest: empty', 'Sec-Fetch-Mode: websocket', 'Sec-Fetch-Site: same-origin',
    'Pragma: no-cache', 'Cache-Control: no-cache', 'Upgrade: websocket'] },
  { name: 'curl, by hand', version: '7.88', lines: ['GET /echo HTTP/1.1', 'Host: HOST', 'User-Agent: curl/7.88.1', 'Accept: */*',
    'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: KEY'] },
  { name: 'ws', version: '8.23', lines: ['GET /echo HTTP/1.1', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: KEY', 'Connection: Upgrade',
    'Upgrade: websocket', 'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits', 'Host: HOST'] },
  { name: 'undici', version: '7.30', lines: ['GET /echo HTTP/1.1', 'host: HOST', 'connection: upgrade', 'upgrade: websocket', 'sec-websocket-key: KEY',
    'sec-websocket-version: 13', 'sec-websocket-extensions: permessage-deflate; client_max_window_bits', 'accept: */*', 'accept-language: *',
    'sec-fetch-mode: websocket', 'user-agent: undici', 'pragma: no-cache', 'cache-control: no-cache', 'accept-encoding: gzip, deflate'] },
  { name: 'Python websockets', version: '17.4', lines: ['GET /echo HTTP/1.1', 'Host: HOST', 'Upgrade: websocket', 'Connection: Upgrade',
    'Sec-WebSocket-Key: KEY', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits',
    'User-Agent: Python/3.11 websockets/17.4'] },
  { name: 'gorilla', version: '1.5', lines: ['GET /echo HTTP/1.1', 'Host: HOST', 'User-Agent: Go-http-client/1.1', 'Connection: Upgrade',
    'Sec-WebSocket-Key: KEY', 'Sec-WebSocket-Version: 13', 'Upgrade: websocket'] },
];

/** @typedef {{ lines: string[], ending: string }} Draft */

/** The place of a field's first line, or -1. @param {string[]} lines @param {string} name */
const find = (lines, name) => lines.findIndex((line, at) => at > 0 && line.toLowerCase().startsWith(`${name.toLowerCase()}:`));

/** @param {string} name @returns {(draft: Draft) => void} */
const without = (name) => ({ lines }) => {
  for (let at = find(lines, name); at > 0; at = find(lines, name)) lines.splice(at, 1);
};

/** @param {string} name @param {string} value @returns {(draft: Draft) => void} */
const set = (name, value) => ({ lines }) => {
  const at = find(lines, name);
  if (at > 0) lines[at] = `${lines[at].slice(0, lines[at].indexOf(':'))}: ${value}`;
  else lines.push(`${name}: ${value}`);
};

/** @param {string} line @returns {(draft: Draft) => void} */
const add = (line) => ({ lines }) => lines.push(line);

/** @param {(line: string) => string} change @returns {(draft: Draft) => void} */
const first = (change) => ({ lines }) => { lines[0] = change(lines[0]); };

/** Ways to break a request, sorted by what they break. @type {{ group: string, ways: { name: string, apply: (draft: Draft) => void }[] }[]} */
export const KNOCK_OUTS = [
  { group: 'The key', ways: [
    { name: 'no key', apply: without('Sec-WebSocket-Key') },
    { name: '15-byte key', apply: set('Sec-WebSocket-Key', 'AAECAwQFBgcICQoLDA0O') },
    { name: 'key “x”', apply: set('Sec-WebSocket-Key', 'x') },
    { name: 'URL-safe key', apply: set('Sec-WebSocket-Key', '-_-_-_-_-_-_-_-_-_-_-Q==') },
    { name: 'two keys', apply: add('Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==') }] },
  { group: 'The upgrade', ways: [
    { name: 'no Upgrade', apply: without('Upgrade') },
    { name: 'no Connection', apply: without('Connection') },
    { name: 'Connection: keep-alive', apply: set('Connection', 'keep-alive') },
    { name: 'version 8', apply: set('Sec-WebSocket-Version', '8') },
    { name: 'no version', apply: without('Sec-WebSocket-Version') }] },
  { group: 'HTTP', ways: [
    { name: 'POST', apply: first((line) => line.replace(/^\S+/, 'POST')) },
    { name: 'HTTP/1.0', apply: first((line) => line.replace(/HTTP\/\S+$/, 'HTTP/1.0')) },
    { name: 'LF only', apply: (draft) => { draft.ending = '\n'; } },
    { name: 'no Host', apply: without('Host') },
    { name: 'two Hosts', apply: add('Host: other.example') },
    { name: 'foreign Host', apply: set('Host', 'rebind.example') },
    { name: 'space before a colon', apply: ({ lines }) => { const at = find(lines, 'Upgrade'); if (at > 0) lines[at] = lines[at].replace(':', ' :'); } },
    { name: 'a NUL', apply: add('X-Odd: a\\x00b') },
    { name: 'a body', apply: add('Content-Length: 5') },
    { name: 'no empty line', apply: (draft) => { draft.lines = draft.lines.filter((line) => line !== ''); } }] },
  { group: 'Who and what', ways: [
    { name: 'foreign Origin', apply: set('Origin', 'https://evil.example') },
    { name: 'Origin: null', apply: set('Origin', 'null') },
    { name: 'a subprotocol twice', apply: set('Sec-WebSocket-Protocol', 'chat, chat') },
    { name: 'empty subprotocol', apply: set('Sec-WebSocket-Protocol', '') },
    { name: 'malformed extension', apply: set('Sec-WebSocket-Extensions', 'permessage-deflate; =1') }] },
];
