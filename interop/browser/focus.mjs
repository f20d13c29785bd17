// The focus, for those who come with a keyboard: where it begins, that it is not lost, and that all of the list can be reached.

import { panel, want } from "./harness.mjs";

const focused = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.outerHTML.slice(0, 80));

export const focus = {
  async "first-stop-is-the-skip-link-which-keeps-the-address"() {
    for (const fragment of ["#compute", "#edit?request=GET%20%2F%20HTTP%2F1.1"]) {
      const { page, settled, close } = await panel(fragment);
      await settled();
      const before = page.url();
      await page.keyboard.press("Tab");
      want((await focused(page)).includes("skip"), `${fragment} begins at ${await focused(page)}`);
      await page.keyboard.press("Enter");
      want((await focused(page)) === "main" && page.url() === before, `${fragment}: it led to ${page.url()}`);
      await close();
    }
  },

  async "focus-is-not-lost-where-a-button-was-pressed"() {
    const presses = [
      ["#wrong/client/accept-missing-opens/1", "#wrong-play", "#wrong-outcome", "#wrong-play"],
      ["#cache", "#cache-browser", "#cache-flow li", "#cache-browser"],
      ["#rules/server/key-length", '.rule-card[data-rule="server/key-length"] .probe', '.rule-card[data-rule="server/key-length"] [data-verdict]', ".probe"],
      ["#live", "#connect", "#server-saw", "#disconnect"],
      ["#frames", "#frames-connect", "#frames-timeline .frame", ".frames-say"],
      ["#frames", "#malformed-play", "#malformed-rows tr", "#malformed-play"],
    ];
    for (const [fragment, pressed, done, then] of presses) {
      const { page, settled, close } = await panel(fragment);
      await settled();
      await page.focus(pressed);
      await page.keyboard.press("Enter");
      await page.waitForSelector(done);
      await page.waitForFunction((then) => document.activeElement.matches(then), then).catch(async () => want(false, `after ${pressed} it is on ${await focused(page)}`));
      await close();
    }
    // Stopped by the button that goes away then.
    const { page, settled, close } = await panel("#wrong");
    await settled();
    await page.focus("#wrong-run");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.activeElement.id === "wrong-stop");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.activeElement.id === "wrong-run");
    await close();
  },

  async "server-that-was-chosen-by-keyboard-is-played-next"() {
    const { page, settled, close } = await panel("#wrong");
    await settled();
    const one = '#wrong-list [data-path="/wrong/client/accept-missing-opens/1"]';
    // The second time it is shown already.
    for (let turn = 0; turn < 2; turn++) {
      await page.focus(one);
      await page.keyboard.press("Enter");
      await page.waitForFunction(() => document.activeElement.matches("#wrong-detail h2"));
      for (const wanted of ["client/accept-missing-opens", "wrong-play", "wrong-back"]) {
        await page.keyboard.press("Tab");
        want((await focused(page)).includes(wanted), `${wanted} comes behind ${await focused(page)}`);
      }
      await page.keyboard.press("Enter");
      want(await page.$eval(one, (one) => document.activeElement === one), `back is ${await focused(page)}`);
    }
    // By mouse, the list keeps it.
    await page.click('#wrong-list [data-path="/wrong/client/accept-missing-opens/2"]');
    await page.waitForFunction(() => document.querySelector("#wrong-detail dd.mono").textContent.endsWith("/2"));
    want((await page.evaluate(() => document.activeElement.dataset.path)) === "/wrong/client/accept-missing-opens/2", `by mouse: ${await focused(page)}`);
    await close();
  },

  async "list-of-panels-is-reached-on-a-low-screen"() {
    for (const viewport of [{ width: 1400, height: 400 }, { width: 320, height: 256 }]) {
      const { page, close } = await panel("#compute", { viewport, reducedMotion: "reduce" });
      await page.focus('#nav a[href="#errors"]');
      const { top, bottom, left, right } = await page.$eval('#nav a[href="#errors"]', (link) => link.getBoundingClientRect().toJSON());
      want(top >= 0 && bottom <= viewport.height && left >= 0 && right <= viewport.width + 1, `${viewport.width}x${viewport.height}: the last link is at ${left},${top} to ${right},${bottom}`);
      await page.evaluate(() => scrollTo(0, 400));
      // What does not scroll away leaves room to read.
      const covered = await page.evaluate(() => (innerWidth < 992 ? Math.max(0, document.querySelector(".top").getBoundingClientRect().bottom) : 0));
      want(covered < viewport.height / 3, `${covered} of ${viewport.height} pixels are covered`);
      await close();
    }
  },
};
