// The same request for other tools.
import { linesOf, isPlain } from '/bytes.js';

/**
 * A word for a shell. What a terminal would take for a key, or show as something else, stands as \xNN; so does a quote there,
 * which a shell that does not know $'...', such as dash, would take for the end.
 * @param {Uint8Array} bytes
 */
function quoted(bytes) {
  if (bytes.every(isPlain)) return `'${latin1(bytes).replaceAll("'", "'\\''")}'`;
  const escaped = Array.from(bytes, (byte) => {
    if (byte === 92) return '\\\\';
    return isPlain(byte) && byte !== 39 ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
  });
  return `$'${escaped.join('')}'`;
}

const latin1 = (bytes) => String.fromCharCode(...bytes);
const bytesOf = (text) => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** The lines of a head as text, a character for each byte, without their ends. @param {Uint8Array} bytes */
function parts(bytes) {
  const lines = linesOf(bytes).map(latin1);
  const whole = lines.map((line) => line.replace(/\r?\n$/, ''));
  const [, method = 'GET', target = '/', version = ''] = /^(\S*) (.*) (\S*)$/s.exec(whole[0] ?? '') ?? [];
  const end = whole.indexOf('', 1);
  return { lines, method, target, version, fields: whole.slice(1, end < 0 ? undefined : end), behind: end < 0 ? null : whole.length - end - 1 };
}

/** A field as curl can be told it; null where it would leave it out, or read a file. @param {string} field */
function curlField(field) {
  const [, name, value] = /^([^\s:;@][^:;]*):(.*)$/s.exec(field) ?? [];
  if (name === undefined) return null;
  return value.trim() === '' ? `${name};` : field;
}

/** @param {Uint8Array} bytes @param {string} origin */
export function asCurl(bytes, origin) {
  const { method, target, version, fields } = parts(bytes);
  const told = fields.map(curlField).filter((field) => field !== null);
  const own = new Set(told.map((field) => field.split(/[:;]/)[0].toLowerCase()));
  const silent = ['User-Agent', 'Accept', 'Host'].filter((name) => !own.has(name.toLowerCase())).map((name) => `-H '${name}:'`);
  // curl tidies the path of an address, and takes more than a path for another host.
  const isPlainPath = /^\/(?!\/)[\w~!$&'()*+,;=:@%/?-]*$/.test(target);
  return [`curl -i --http${version === 'HTTP/1.0' ? '1.0' : '1.1'} --max-time 3`, method === 'GET' ? '' : `-X ${quoted(bytesOf(method))}`,
    ...told.map((field) => `-H ${quoted(bytesOf(field))}`), ...silent, isPlainPath ? '' : `--request-target ${quoted(bytesOf(target))}`,
    `'${origin}${isPlainPath ? target.replaceAll("'", "'\\''") : '/'}'`].filter(Boolean).join(' \\\n  ');
}

/** What curl cannot send as it stands in this request, in words. @param {Uint8Array} bytes */
export function curlChanges(bytes) {
  const { lines, version, fields, behind } = parts(bytes);
  return [
    lines.some((line) => line.endsWith('\n') && !line.endsWith('\r\n')) && 'line ends without CR',
    bytes.includes(0) && 'a NUL',
    !/^HTTP\/1\.[01]$/.test(version) && 'a request line of this form',
    fields.some((field) => curlField(field) === null) && 'a line that is no field',
    fields.filter((field) => /^host:/i.test(field)).length > 1 && 'a second Host',
    behind === null && 'a head without an end',
    behind > 0 && 'what stands behind the head',
  ].filter(Boolean);
}

/**
 * The command that the checker gives, too. The bytes are followed by a wait, so that the answer is not cut off, and then by the
 * end, after which nothing waits for a WebSocket that was opened.
 * @param {Uint8Array} bytes @param {string} host @param {boolean} tls
 */
export function asNetcat(bytes, host, tls) {
  const format = Array.from(bytes, (byte, at) => {
    if (byte === 13) return '\\r';
    if (byte === 10) return '\\n';
    if (byte === 37) return '%%';
    if (byte === 92) return '\\\\';
    if (byte === 39) return "'\\''";
    // A hyphen in front would be an option.
    return isPlain(byte) && (at > 0 || byte !== 45) ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`;
  }).join('');
  const url = new URL(`http://${host}`);
  const [name, port] = [url.hostname.replace(/^\[|\]$/g, ''), url.port || (tls ? '443' : '80')];
  // An address is no server name, and some servers end the handshake over one (RFC 6066 section 3).
  const serverName = /^\[|^[\d.]+$/.test(url.hostname) ? '-noservername' : `-servername ${name}`;
  const pipe = tls ? `openssl s_client -quiet -no_ign_eof -connect ${url.hostname}:${port} ${serverName}` : `nc -w 3 ${name} ${port}`;
  return `(printf '${format}'; sleep 2) | ${pipe}`;
}

/** @param {Uint8Array} bytes @param {{ outcome: string, faults: { rule: string }[] }} verdict @param {string} host @param {boolean} tls */
export function asRust(bytes, verdict, host, tls) {
  const hosts = [...new Set(['localhost', '127.0.0.1', '::1', new URL(`http://${host}`).hostname.replace(/^\[|\]$/g, '')])];
  const body = linesOf(bytes).map((line) => `        ${rustLine(line)}\\`).join('\n');
  const rules = (verdict.faults ?? []).map((fault) => `"${fault.rule}"`).join(', ');
  const check = verdict.outcome === 'accepted'
    ? '    assert!(faults.is_empty(), "{faults:?}");'
    : verdict.outcome === 'waits' ? '    assert!(faults.is_empty(), "the head has not ended: {faults:?}");'
      : `    assert_eq!(faults, [${rules}]);`;
  return `#[test]
fn this_request_is_${verdict.outcome === 'accepted' ? 'accepted' : verdict.outcome === 'waits' ? 'waited_for' : 'refused'}() {
    use handfast_proto::handshake::{Policy, Progress, RequestReader};
    let request = b"\\
${body}
    ";
    // As \`handfast serve\` judges: set the hosts, and whether the connection is TLS, as your server does.
    let hosts = [${hosts.map((name) => `"${name}"`).join(', ')}].map(String::from).to_vec();
    let policy = Policy { hosts, secure: ${tls}, ..Policy::default() };
    let refusal = match RequestReader::new().read(request, &policy) {
        Ok(Progress::Complete { value, .. }) => value.into_offer(&policy).err(),
        Ok(Progress::Partial) => None,
        Err(refusal) => Some(refusal),
    };
    let faults: Vec<_> = refusal.iter().flat_map(|refusal| refusal.faults()).map(|fault| fault.rule().id).collect();
${check}
}
`;
}

/** A blank at the begin of a line would be lost behind a backslash. @param {Uint8Array} line */
const rustLine = (line) => Array.from(line, (byte, at) => {
  if (byte === 13) return '\\r';
  if (byte === 10) return '\\n';
  if (byte === 34 || byte === 92) return `\\${String.fromCharCode(byte)}`;
  if (byte === 32 && at === 0) return '\\x20';
  return isPlain(byte) ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
}).join('');
