// What all checks in a browser share. Each script takes CHROMIUM PAGE-URL [FOLDER], and prints `ok NAME` or `not ok NAME: WHY`
// for each check and `1..N` at the end.

import { chromium } from "playwright-core";

const [executablePath, pageAddress, folder] = process.argv.slice(2);

/** The page of `handfast serve`, ending with a slash. */
export const address = pageAddress;
/** Its echo. */
export const echo = address.replace(/^http/, "ws").replace(/\/?$/, "/echo");
/** Where files of a run go, such as screenshots, if anywhere. */
export const out = folder;
export const LIMIT = 20000;

/** The browser, once `launch` has started it. @type {import("playwright-core").Browser} */
export let browser;

/** Starts the browser, with further options of Chromium. */
export async function launch(...more) {
  browser = await chromium.launch({
    executablePath,
    headless: true,
    timeout: 60000,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...more,
    ],
  });
}

/** A page that remembers all that goes wrong in it. */
export async function open(url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, ...options });
  const page = await context.newPage();
  const trouble = [];
  const asked = new Set();
  page.setDefaultTimeout(LIMIT);
  page.on("request", (request) => asked.add(request));
  for (const end of ["requestfinished", "requestfailed"]) page.on(end, (request) => asked.delete(request));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) trouble.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => trouble.push(`error: ${error.message}`));
  page.on("requestfailed", (request) => trouble.push(`failed: ${request.url()}`));
  page.on("response", (response) => {
    if (response.status() >= 400) trouble.push(`${response.status()}: ${response.url()}`);
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(new URL(url).origin)) trouble.push(`request to elsewhere: ${request.url()}`);
  });
  page.on("websocket", (socket) => {
    if (new URL(socket.url()).host !== new URL(url).host) trouble.push(`WebSocket to elsewhere: ${socket.url()}`);
  });
  await context.addInitScript(() =>
    document.addEventListener("securitypolicyviolation", (event) =>
      console.error(`violation of ${event.violatedDirective} by ${event.blockedURI}`),
    ),
  );
  const answer = await page.goto(url);
  /** Waits until everything that was asked of the server is answered, and shown. */
  const settled = async () => {
    do await page.waitForTimeout(50);
    while (asked.size > 0);
    await page.waitForTimeout(20);
  };
  return { page, trouble, answer, settled, close: () => context.close() };
}

/** The panel of this fragment, shown and ready. */
export async function panel(fragment, options) {
  const opened = await open(`${address}${fragment}`, options);
  const name = fragment.slice(1).split(/[/?]/)[0];
  await opened.page.waitForFunction((name) => document.body.dataset.ready === name, name);
  return opened;
}

export const want = (condition, text) => {
  if (!condition) throw new Error(text);
};

/** Fails when anything went wrong in the page but what these patterns expect. */
export const wantQuiet = ({ trouble }, ...expected) => {
  const rest = trouble.filter((line) => !expected.some((pattern) => pattern.test(line)));
  want(rest.length === 0, rest.join("; "));
};

/** The text of an element, once it fits. */
export async function textOf(page, selector, fits, limit = LIMIT) {
  const locator = page.locator(selector).first();
  const deadline = Date.now() + limit;
  let text = "";
  while (Date.now() < deadline) {
    text = await locator.evaluate((element) => element.value || element.textContent || "");
    if (fits(text)) return text;
    await page.waitForTimeout(20);
  }
  throw new Error(`${selector} shows ${JSON.stringify(text.slice(0, 300))}`);
}

/** Runs checks one after the other, and prints a line for each. */
export async function run(checks) {
  for (const [name, check] of Object.entries(checks)) {
    let timer;
    const limit = new Promise((_, fail) => (timer = setTimeout(fail, 5 * LIMIT, new Error("took too long"))));
    try {
      await Promise.race([check(), limit]);
      console.log(`ok ${name}`);
    } catch (error) {
      console.log(`not ok ${name}: ${error.message}`);
    }
    clearTimeout(timer);
  }
  console.log(`1..${Object.keys(checks).length}`);
  await browser.close();
  process.exit(0);
}
