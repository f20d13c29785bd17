// The same request for other tools.
import { linesOf, isPlain } from '/bytes.js';

/** In single quotes, for a shell. @param {string} text */
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** @param {Uint8Array} bytes */
function parts(bytes) {
  const lines = linesOf(bytes).map((line) => new TextDecoder('latin1').decode(line).replace(/\r?\n$/, ''));
  const [method = 'GET', target = '/'] = (lines[0] ?? '').split(' ');
  const fields = lines.slice(1).filter((line) => line !== '');
  return { method, target, fields };
}

/** @param {Uint8Array} bytes @param {string} origin */
export function asCurl(bytes, origin) {
  const { method, target, fields } = parts(bytes);
  const own = new Set(fields.map((field) => field.split(':')[0].toLowerCase()));
  const silent = ['User-Agent', 'Accept', 'Host'].filter((name) => !own.has(name.toLowerCase())).map((name) => `-H '${name}:'`);
  const list = [...fields.map((field) => `-H ${quoted(/^[^:]*:\s*$/.test(field) ? field.replace(/:\s*$/, ';') : field)}`), ...silent];
  return ['curl -i --http1.1 --max-time 3', method === 'GET' ? '' : `-X ${quoted(method)}`, ...list, quoted(origin + target)].filter(Boolean).join(' \\\n  ');
}

/** @param {Uint8Array} bytes @param {string} host @param {boolean} tls */
export function asNetcat(bytes, host, tls) {
  const format = Array.from(bytes, (byte) => {
    if (byte === 13) return '\\r';
    if (byte === 10) return '\\n';
    if (byte === 37) return '%%';
    if (byte === 92) return '\\\\';
    if (byte === 39) return "'\\''";
    return isPlain(byte) ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`;
  }).join('');
  const url = new URL(`http://${host}`);
  const [name, port] = [url.hostname.replace(/^\[|\]$/g, ''), url.port || (tls ? '443' : '80')];
  const pipe = tls ? `openssl s_client -quiet -connect ${host.includes(':') ? host : `${host}:443`}` : `nc -q 2 ${name} ${port}`;
  return `printf '${format}' | ${pipe}`;
}

/** @param {Uint8Array} bytes @param {{ outcome: string, faults: { rule: string }[] }} verdict */
export function asRust(bytes, verdict) {
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
    let policy = Policy { hosts: vec!["localhost".into(), "127.0.0.1".into(), "::1".into()], ..Policy::default() };
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
