// The four pictures of the README: node screenshots.mjs CHROMIUM PAGE-URL FOLDER

import { browser, launch, out, panel } from "./harness.mjs";

const SIZE = { width: 1280, height: 860 };

/** The name of the picture, the panel, the colours, and what a visitor does first. */
const PICTURES = [
  ["compute", "#compute", "light", async (page) => page.waitForSelector("#key-steps li")],
  ["edit", "#edit", "dark", async (page) => {
    for (const way of ["version 8", "15-byte key"]) await page.click(`[data-way="${way}"]`);
    await page.waitForSelector('#edit-faults [data-rule="server/key-length"]');
  }],
  ["wrong", "#wrong/client/accept-duplicate-opens/2", "light", async (page) => {
    await page.click("#wrong-play");
    await page.waitForSelector("#wrong-outcome");
    // The marked bytes, and the other clients below them.
    await page.evaluate(() => {
      const detail = document.querySelector("#wrong-detail");
      document.querySelector(".split").scrollIntoView({ behavior: "instant" });
      detail.scrollTop = document.querySelector("#wrong-bytes").closest(".card").offsetTop - detail.offsetTop;
    });
  }],
  ["frames", "#frames", "dark", async (page) => {
    await page.click("#frames-connect");
    await page.waitForSelector('#frames-timeline [data-from="server"]');
    await page.click('#frames-timeline [data-from="server"] summary');
  }],
];

await launch();
for (const [name, fragment, colorScheme, act] of PICTURES) {
  const { page, close } = await panel(fragment, { colorScheme, viewport: SIZE, reducedMotion: "reduce" });
  await act(page);
  await page.mouse.move(0, 0);
  await page.evaluate(() => document.activeElement?.blur());
  await page.screenshot({ path: `${out}/playground-${name}.png` });
  await close();
}
await browser.close();
process.exit(0);
