// What people do with a page: going back, pasting more than was asked for, copying where that is forbidden, changing what was sent.

import { panel, textOf, want, wantQuiet } from "./harness.mjs";

export const habits = {
  async "back-and-forward-show-a-panel-where-it-was-left"() {
    const { page, settled, close } = await panel("#rules");
    await page.waitForSelector(".rule-card");
    const at = (height) => page.waitForFunction((height) => Math.abs(scrollY - height) < 2, height).catch(async () => want(false, `at ${await page.evaluate(() => scrollY)} and not at ${height}`));
    await page.evaluate(() => scrollTo({ top: 3000, behavior: "instant" }));
    await settled();
    await page.click('#nav a[href="#compute"]');
    await page.waitForFunction(() => document.body.dataset.ready === "compute");
    await at(0);
    await page.evaluate(() => scrollTo({ top: 200, behavior: "instant" }));
    // What is kept in the address meanwhile is no new step.
    await page.click("#key-random");
    await settled();
    await page.goBack();
    await at(3000);
    await page.goForward();
    await at(200);
    // A new step to the same panel begins at its top.
    await page.click('#nav a[href="#rules"]');
    await page.waitForFunction(() => document.body.dataset.ready === "rules");
    await at(0);
    await close();
  },

  async "head-of-the-page-does-not-cover-what-a-link-leads-to"() {
    for (const width of [320, 768, 1400]) {
      const { page, settled, close } = await panel("#rules/server/key-length", { viewport: { width, height: 900 }, reducedMotion: "reduce" });
      await settled();
      const [covered, top] = await page.evaluate(() => [innerWidth < 992 ? document.querySelector(".top").getBoundingClientRect().bottom : 0, document.querySelector(".rule-card[open]").getBoundingClientRect().top]);
      want(top >= covered && top < covered + 60, `at ${width} it is at ${top}, and ${covered} are covered`);
      await page.evaluate(() => (location.hash = "#wrong/client/accept-missing-opens/1"));
      await page.waitForSelector("#wrong-play");
      await settled();
      const detail = await page.$eval("#wrong-detail", (one) => one.getBoundingClientRect().top);
      want(width >= 1200 || (detail >= covered && detail < covered + 60), `at ${width} the server is at ${detail}, and ${covered} are covered`);
      await close();
    }
  },

  async "text-that-may-not-be-copied-is-shown-selected"() {
    for (const [fragment, button, words] of [["#edit", "#copy-curl", "curl -i"], ["#compute", "#accept-copy", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="], ["#rules/server/key-length", ".rule-card[open] button.small", "#rules/server/key-length"]]) {
      const { page, trouble, close } = await panel(fragment);
      await page.waitForSelector(`${button}:not(:disabled)`);
      // As on a page of plain HTTP from another machine.
      await page.evaluate(() => Object.defineProperty(navigator, "clipboard", { value: undefined }));
      for (let turn = 0; turn < 2; turn++) {
        await page.click(button);
        await page.waitForSelector(".to-copy");
        const [selected, count] = await page.evaluate(() => [document.activeElement.value?.slice(document.activeElement.selectionStart, document.activeElement.selectionEnd) ?? "", document.querySelectorAll(".to-copy").length]);
        want(selected.includes(words) && count === 1, `${button}: ${count} boxes, selected is ${selected}`);
      }
      await textOf(page, "#announcer", (text) => text.includes("copy it by hand"));
      wantQuiet({ trouble });
      await close();
    }
  },

  async "verdict-of-another-request-says-so"() {
    const { page, close } = await panel("#edit");
    await page.waitForSelector('#edit-outcome[data-outcome="accepted"]');
    const note = () => page.textContent("#edit-stale");
    want((await note()) === "", "a fresh verdict is called old");
    await page.locator("#edit-request").pressSequentially("xy");
    want((await note()).includes("Changed"), "an old verdict is not called so");
    await page.click("#edit-send");
    want((await note()) === "", "a fresh verdict is called old");
    await page.selectOption("#edit-ending", "LF only");
    want((await note()).includes("Changed"), "an old verdict is not called so");
    await page.click('[data-way="version 8"]');
    want((await note()) === "", "a fresh verdict is called old");
    await close();
  },

  async "whole-line-that-was-pasted-is-taken-for-its-value"() {
    const { page, close } = await panel("#compute");
    await page.fill("#key-input", "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==");
    await textOf(page, "#accept-output", (text) => text === "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    want((await page.inputValue("#key-input")) === "dGhlIHNhbXBsZSBub25jZQ==", "the name stays in the field");
    await page.fill("#accept-input", "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    await textOf(page, "#accept-verdict", (text) => text.includes("A match"));
    await close();
  },

  async "masking-key-that-is-none-is-told"() {
    const { page, close } = await panel("#frames");
    await page.waitForSelector("#frame-bytes");
    want((await page.$$("#frame-key-note")).length === 0, "a right key is called wrong");
    await page.fill("#frame-key", "zz1");
    await page.waitForSelector("#frame-key-note");
    await page.uncheck("#frame-mask");
    want((await page.$$("#frame-key-note")).length === 0, "a key that is not used is called wrong");
    await close();
  },

  async "handshake-that-failed-is-shown-too"() {
    const { page, close } = await panel("#live");
    await page.fill("#live-protocols", "unknown");
    await page.click("#connect");
    await textOf(page, "#status", (text) => text.includes("It did not open"));
    await textOf(page, "#server-saw", (text) => text.includes("Sec-WebSocket-Protocol: unknown"));
    const answer = await page.textContent("#server-sent");
    want(answer.includes("101") && !answer.includes("Protocol:"), answer);
    want((await page.$$("#times")).length === 0, "times of what did not open");
    await close();
  },
};
