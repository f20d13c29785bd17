// Links, and the way back and forth: what the address says is what is shown.

import { address, open, panel, textOf, want, wantQuiet } from "./harness.mjs";

const go = async (page, name) => {
  await page.click(`#nav a[href="#${name}"]`);
  await page.waitForFunction((name) => document.body.dataset.ready === name, name);
};

export const links = {
  async "panel-comes-back-as-it-was-left-and-so-does-its-link"() {
    const { page, trouble, settled, close } = await panel("#edit");
    await settled();
    await page.click('[data-way="no key"]');
    await page.waitForSelector('#edit-faults [data-rule="server/key-missing"]');
    const edited = page.url();
    await go(page, "frames");
    await page.click('[data-sample="No mask"]');
    await textOf(page, "#frame-outcome", (text) => text.includes("1002"));
    await go(page, "compute");
    await page.fill("#key-input", "abc");
    await page.waitForSelector('#key-faults [data-rule="server/key-length"]');
    await go(page, "live");
    await page.fill("#live-protocols", "chat");
    await page.uncheck("#live-deflate");
    await go(page, "rules");
    await page.waitForSelector(".rule-card");
    await page.fill("#rules-search", "key");
    await page.selectOption("#rules-role", "server");
    await page.selectOption("#rules-level", "practice");
    const count = await textOf(page, "#rules-count", (text) => / of \d+ rules/.test(text));
    const states = {
      edit: [edited, () => page.$eval("#edit-request", (area) => !area.value.includes("Sec-WebSocket-Key"))],
      frames: [`${address}#frames?mask=0`, async () => !(await page.isChecked("#frame-mask")) && (await page.textContent("#frame-outcome")).includes("1002")],
      compute: [`${address}#compute?key=abc`, async () => (await page.inputValue("#key-input")) === "abc"],
      live: [`${address}#live?protocols=chat&deflate=0`, async () => (await page.inputValue("#live-protocols")) === "chat" && !(await page.isChecked("#live-deflate"))],
      rules: [`${address}#rules?q=key&role=server&level=practice`, async () => (await page.textContent("#rules-count")) === count],
    };
    for (const [name, [url, holds]] of Object.entries(states)) {
      await go(page, name);
      want(page.url() === url && (await holds()), `${name} came back as ${page.url()}`);
    }
    // Whoever gets the link sees the same.
    for (const [name, [url, holds]] of Object.entries(states)) {
      await page.goto("about:blank");
      await page.goto(url);
      await page.waitForFunction((name) => document.body.dataset.ready === name, name);
      await settled();
      want(await holds(), `${name} is another one by its link`);
    }
    // A page that is left drops what it was still loading.
    wantQuiet({ trouble }, /about:blank/, /^failed: /);
    await close();
  },

  async "one-wrong-server-after-the-other-is-in-the-address"() {
    const { page, close } = await panel("#wrong");
    await page.click('[data-path="/wrong/client/accept-missing-opens/2"]');
    await textOf(page, "#wrong-detail dd.mono", (text) => text.endsWith("accept-missing-opens/2"));
    await go(page, "cache");
    await go(page, "wrong");
    await page.waitForFunction(() => location.hash === "#wrong/client/accept-missing-opens/2");
    await page.evaluate(() => (location.hash = "#wrong/client/of-no-name"));
    await textOf(page, "#wrong-detail", (text) => text.includes("no such server"));
    await close();
  },

  async "state-that-is-too-long-for-a-link-is-left-out-of-it"() {
    const { page, close } = await panel("#edit");
    await page.fill("#edit-request", `GET / HTTP/1.1\nX: ${"x".repeat(100_000)}\n\n`);
    await page.waitForFunction(() => location.hash === "#edit");
    await page.click("#edit-send");
    await textOf(page, "#edit-summary", (text) => text.includes("too long for one question"));
    await page.click("#edit-reset");
    await page.waitForFunction(() => location.hash.startsWith("#edit?request=GET"));
    await close();
  },

  async "address-keeps-up-with-a-key-that-is-held"() {
    const { page, trouble, settled, close } = await panel("#edit");
    await settled();
    // Browsers let an address change 200 times in 10 s, but not this one under Playwright.
    await page.$eval("#edit-request", (area) => {
      const write = history.replaceState.bind(history);
      let left = 200;
      history.replaceState = (...all) => {
        if (left-- <= 0) throw new DOMException("Too many", "SecurityError");
        setTimeout(() => (left += 1), 10_000);
        write(...all);
      };
      for (let turn = 0; turn < 400; turn++) {
        area.value += "x";
        area.dispatchEvent(new Event("input", { bubbles: true }));
      }
    });
    const text = await page.inputValue("#edit-request");
    await page.waitForFunction((text) => new URLSearchParams(location.hash.split("?")[1]).get("request") === text, text);
    wantQuiet({ trouble });
    await close();
  },

  async "long-words-stay-on-the-page"() {
    const long = "x".repeat(3000);
    for (const fragment of [`#compute?key=${long}&accept=${long}`, `#edit?request=${long}`, `#live?protocols=${long}`, `#wrong/${long}`, `#frames?payload=${long}`, `#rules/${long}`, `#rules?q=${long}`, `#errors?text=${long}`]) {
      const { page, settled, close } = await open(`${address}${fragment}`, { viewport: { width: 400, height: 900 } });
      await page.waitForFunction(() => document.body.dataset.ready);
      await settled();
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      want(wide <= 0, `${fragment.slice(0, 20)} is ${wide} pixels too wide`);
      await close();
    }
  },

  async "choices-that-there-are-none-of-become-the-first"() {
    const { page, close } = await open(`${address}#frames?opcode=99&length=3`);
    await page.waitForFunction(() => document.body.dataset.ready === "frames");
    want((await page.inputValue("#frame-opcode")) === "0" && (await page.inputValue("#frame-length")) === "0", "a choice is empty");
    await page.goto(`${address}#rules?role=nobody&level=x`);
    await textOf(page, "#rules-count", (text) => /^\d+ rules$/.test(text));
    want((await page.$eval("#rules-role", (one) => one.selectedIndex)) === 0, "a filter is empty");
    await close();
  },
};
