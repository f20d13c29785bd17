// A narrow page, with text as it comes and twice as large: what is too wide scrolls in a box of its own, and what is cut off can be read.

import { panel, want } from "./harness.mjs";
import { VIEWS } from "./panels.mjs";

/** Pixels of the browser's own text size, as set by whoever reads. */
const SIZES = [16, 32];

/** What is wrong with the look of the page that is shown. */
const faults = () => {
  const found = [];
  const wide = document.documentElement.scrollWidth - innerWidth;
  if (wide > 0) found.push(`it is ${wide} pixels too wide`);
  const name = (element) => `${element.tagName} ${element.id || element.className} “${element.textContent.slice(0, 30)}”`;
  const shown = (selector) => [...document.querySelectorAll(selector)].filter((one) => one.checkVisibility());
  for (const one of shown("main button, main h1, main h2, main h3, main p, main dd, main summary, .card, .rule-card")) {
    if (one.scrollWidth > one.clientWidth + 4 && getComputedStyle(one).display !== "inline" && !one.classList.contains("unseen")) found.push(`${name(one)} leaves its box by ${one.scrollWidth - one.clientWidth}`);
  }
  for (const one of shown("main dd, main .what, main .remark, main .stop")) {
    // A word a line can be read, a letter a line cannot.
    const letter = parseFloat(getComputedStyle(one).fontSize);
    if (one.textContent.length > 6 && one.clientWidth < 3 * letter && getComputedStyle(one).display !== "inline") found.push(`${name(one)} is ${one.clientWidth} pixels wide`);
  }
  for (const one of shown("main input[type=checkbox]")) if (one.getBoundingClientRect().width < 12) found.push(`${name(one)}: a box of ${one.getBoundingClientRect().width} pixels`);
  return found;
};

export const narrow = Object.fromEntries(SIZES.map((size) => [
  `at-320-pixels-with-text-of-${size}-nothing-is-too-wide-or-cut-off`, async () => {
    const found = [];
    for (const [fragment, act] of Object.entries(VIEWS)) {
      const { page, settled, close } = await panel(fragment, { viewport: { width: 320, height: 900 }, reducedMotion: "reduce" });
      const session = await page.context().newCDPSession(page);
      await session.send("Page.enable");
      await session.send("Page.setFontSizes", { fontSizes: { standard: size, fixed: size - 3 } });
      await page.reload();
      await page.waitForFunction((size) => document.body.dataset.ready && getComputedStyle(document.documentElement).fontSize === `${size}px`, size);
      await act(page);
      for (const one of await page.$$("main details:not([open]):not(.rule-card) > summary")) if (await one.isVisible()) await one.click();
      await settled();
      for (const fault of await page.evaluate(faults)) found.push(`${fragment.slice(0, 20)}: ${fault}`);
      await close();
    }
    want(found.length === 0, found.join("; "));
  },
]));
