// The copies of a request for other tools: what a shell makes of them, whatever stands in the request.

import { execFileSync } from "node:child_process";
import { panel, textOf, want } from "./harness.mjs";

/** What would leave its quotes, be an option, name a file or another host, or press keys in a terminal. */
const HOSTILE = [
  `GET /a?b='"$HOME"\`id\`$(id)[1]{2} HTTP/1.1\nHost: HERE\nX: it's 'quoted' "$HOME" \`id\` $(id) \\\\ %s %n !!\n\n`,
  "GET / HTTP/1.1\nHost: HERE\nX: \\x1b[201~\\x03\\x04\\x07 \\x9b é ☕ \\xff\n\n",
  "GET / HTTP/1.1\nHost: HERE\nX: \\x07'; echo left the quotes; echo '\n\n",
  "GET / HTTP/1.1\nHost: HERE\n@/etc/passwd: x\n@/etc/passwd\n;x: y\n-o/tmp/x: y\n\n",
  "GET @other.example/ HTTP/1.1\nHost: HERE\n\n",
  "GET //other.example/../x#y HTTP/1.1\nHost: HERE\n\n",
  "GET .other.example/ HTTP/1.1\nHost: HERE\n\n",
  "--help / HTTP/1.1\nHost: HERE\n\n",
  "GET / HTTP/1.1\nHost: HERE\n\nbody 'and' \\x00 more",
];

/** The words that a shell gives to the program of this name, and whatever else it does. */
const wordsOf = (program, text, shell = "bash") =>
  execFileSync(shell, ["-c", `${program}() { printf '%s\\0' "$@"; }\n${text}`]).toString("latin1").split("\0").slice(0, -1);

/** A request in the editor, and its copies as the page makes them. */
const copiesOf = async (page, text) => {
  await page.fill("#edit-request", text);
  await page.click("#edit-send");
  return page.evaluate(async (text) => {
    const [{ bytesOf }, { asCurl, asNetcat, curlChanges }, { toHex }] = await Promise.all(["/escapes.js", "/copies.js", "/bytes.js"].map((one) => import(one)));
    const bytes = bytesOf(text, "\r\n");
    return { hex: toHex(bytes), curl: asCurl(bytes, location.origin), netcat: asNetcat(bytes, location.host, false), changes: curlChanges(bytes) };
  }, text);
};

export const copies = {
  async "copied-bytes-are-the-same-in-a-shell"() {
    const { page, close } = await panel("#edit");
    const host = new URL(page.url()).host;
    for (const text of HOSTILE.map((one) => one.replace("HERE", host))) {
      const { hex, netcat } = await copiesOf(page, text);
      const [, print] = /^\((printf .*); sleep 2\) \| nc -w 3 \S+ \d+$/s.exec(netcat) ?? [];
      want(print !== undefined, netcat);
      const printed = execFileSync("sh", ["-c", print]);
      want(printed.toString("hex") === hex, `${JSON.stringify(text)} was printed as ${JSON.stringify(printed.toString("latin1"))}`);
      // Nothing in it is a key for a terminal.
      want(!/[^\x20-\x7e]/.test(netcat), JSON.stringify(netcat));
    }
    await close();
  },

  async "copied-openssl-names-the-server-and-ends"() {
    const { page, close } = await panel("#edit");
    for (const [host, words] of [
      ["a.example", "-connect a.example:443 -servername a.example"],
      ["a.example:8443", "-connect a.example:8443 -servername a.example"],
      ["127.0.0.1:8443", "-connect 127.0.0.1:8443 -noservername"],
      ["[::1]:8443", "-connect [::1]:8443 -noservername"],
    ]) {
      const copied = await page.evaluate(async (host) => {
        const { asNetcat } = await import("/copies.js");
        return asNetcat(Uint8Array.of(71, 10), host, true);
      }, host);
      want(copied === `(printf 'G\\n'; sleep 2) | openssl s_client -quiet -no_ign_eof ${words}`, copied);
    }
    await close();
  },

  async "copied-curl-asks-this-server-reads-no-file-and-presses-no-key"() {
    const { page, close } = await panel("#edit");
    const { host, origin } = new URL(page.url());
    for (const text of HOSTILE.map((one) => one.replace("HERE", host))) {
      const { curl } = await copiesOf(page, text);
      want(!/[^\x20-\x7e\n]/.test(curl), JSON.stringify(curl));
      const words = wordsOf("curl", curl);
      // A shell that does not know $'...' may get a word wrong, but does nothing else.
      want(wordsOf("curl", curl, "sh").length === words.length, `sh: ${curl}`);
      const url = new URL(words.at(-1));
      want(url.origin === origin && url.username === "", `${JSON.stringify(text)} asks ${url}`);
      for (const [at, word] of words.entries()) {
        const isValue = at > 0 && ["-H", "-X", "--request-target", "--max-time"].includes(words[at - 1]);
        want(isValue ? words[at - 1] !== "-H" || !word.startsWith("@") : /^(-i|-H|-X|--http1\.[01]|--max-time|--request-target)$/.test(word) || at === words.length - 1, `${JSON.stringify(text)} gives curl the word ${word}`);
      }
      // A path that curl would tidy goes as it is.
      const target = text.split(" ")[1];
      want(words[words.indexOf("--request-target") + 1] === target || url.pathname + url.search === target, `${target} became ${words}`);
    }
    await close();
  },

  async "page-says-what-curl-cannot-send"() {
    const { page, settled, close } = await panel("#edit");
    await settled();
    want((await page.$$("#copy-changes")).length === 0, "a right request cannot be sent");
    for (const [way, words] of [["LF only", "line ends without CR"], ["a NUL", "a NUL"], ["two Hosts", "a second Host"], ["no empty line", "a head without an end"]]) {
      await page.click("#edit-reset");
      await page.waitForSelector('#edit-outcome[data-outcome="accepted"]');
      await page.click(`[data-way="${way}"]`);
      await textOf(page, "#copy-changes", (text) => text.includes(words));
    }
    await close();
  },
};
