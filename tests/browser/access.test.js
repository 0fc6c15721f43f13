// What axe cannot see: where the focus goes, what is read aloud and how often, forced colours, larger letters, and print.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { isFirefox, notInFirefox } from "./firefox.js";
import { accessibilityFaults, launch, newPage, open, picture, start } from "./kit.js";

let world;
let failed;
before(async () => {
  world = await start();
  const schema = { properties: { iata: { type: "string", maxLength: 3 } } };
  failed = await world.job({ processor: "json-schema", params: { schema }, items: [{ iata: "TOOLONG" }, { iata: "x".repeat(900) }, { iata: "ZRH" }], title: "Airports" });
  await world.ended(failed);
});
after(() => world?.stop());

const held = (title) => { world.gate.close(); return world.job({ processor: "http", params: { endpoint: "gate" }, items: [1, 2, 3], title }); };

// What has the focus, in words.
const focused = (page) => page.evaluate(() => {
  const element = document.activeElement;
  return element === document.body ? "nothing" : element.id || element.getAttribute("aria-label") || element.textContent.trim();
});

async function press(page, button) {
  await button.focus();
  await page.keyboard.press("Enter");
}

test("after a dialog the focus is where it was, or beside it if that is gone", async () => {
  const page = await open(world, `/jobs/${await held("Focus")}`);
  const pause = page.getByRole("button", { name: "Pause", exact: true });
  const dialog = page.getByRole("dialog");
  for (const close of [() => page.keyboard.press("Escape"), () => press(page, dialog.getByRole("button", { name: "No, go back" }))]) {
    await press(page, pause);
    await dialog.waitFor();
    await close();
    await dialog.waitFor({ state: "detached" });
    assert.equal(await focused(page), "Pause");
  }
  await press(page, pause);
  await press(page, dialog.getByRole("button", { name: "Pause" }));
  await page.getByRole("button", { name: "Resume" }).waitFor();
  assert.equal(await focused(page), "Actions");
  await page.keyboard.press("Tab");
  assert.equal(await focused(page), "Resume");
  world.gate.open();
  await page.context().close();
});

// Bug found: Enter pressed twice deleted a job.
test("a dialog for what cannot be undone begins with the way back", async () => {
  const page = await open(world, `/jobs/${failed}`);
  await press(page, page.getByRole("button", { name: "Delete", exact: true }));
  await page.getByRole("dialog").waitFor();
  assert.equal(await focused(page), "No, go back");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.getByRole("heading", { name: "Airports" }).waitFor();
  await page.context().close();
});

test("a file that is dropped beside its field does not take the page away", async () => {
  const page = await open(world, "/new");
  const drop = (name, files) => page.locator(name).evaluate((place, texts) => {
    const dataTransfer = new DataTransfer();
    for (const text of texts) dataTransfer.items.add(new File([text], `${text}.csv`));
    return !place.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
  }, files);
  assert.ok(await drop("h1", ["a"]), "the browser would open the file");
  await drop(".drop", ["first", "second"]);
  await page.getByText("first.csv").waitFor();
  await page.getByText("A job has one file: 1 other file was left out.").waitFor();
  await page.context().close();
});

test("a new page has the focus; a filter keeps it", async () => {
  const page = await open(world);
  await press(page, page.getByRole("link", { name: /Airports/ }));
  await page.getByRole("heading", { name: "Airports" }).waitFor();
  assert.equal(await focused(page), "main");
  await page.goto(`${world.base}#/`);
  await page.locator(".jobs").waitFor();
  await page.getByLabel("Status").focus();
  await page.getByLabel("Status").selectOption("Cancelled");
  await page.locator(".empty").waitFor();
  assert.match(await focused(page), /^All/);
  await page.context().close();
});

test("what opens and closes within a page keeps the focus", async () => {
  const page = await open(world, `/jobs/${failed}`);
  await press(page, page.getByRole("button", { name: /maxLength/ }));
  const item = page.getByRole("article", { name: "Item 0" });
  await press(page, item.getByRole("button", { name: /^Correct this item ?, Item 0$/ }));
  await page.waitForFunction(() => document.activeElement.localName === "input");
  await press(page, item.getByRole("button", { name: "Go back" }));
  await item.locator("form").waitFor({ state: "detached" });
  assert.equal(await focused(page), "Item 0");
  await press(page, page.getByRole("button", { name: /Show all .* characters/ }).first());
  await page.waitForFunction(() => document.activeElement.textContent.includes("x".repeat(900)));
  await page.context().close();
});

test("a button that cannot be used now keeps the focus", async () => {
  const page = await open(world);
  const older = page.getByRole("button", { name: "Older" });
  await press(page, older);
  assert.equal(await older.getAttribute("aria-disabled"), "true");
  assert.match(await focused(page), /^Older/);
  assert.equal(await page.getByText("Page 1", { exact: true }).count(), 1);
  await page.context().close();
});

// Collects what a screen reader is told: each text that a live region has.
const listen = () => {
  window.told = [];
  new MutationObserver((changes) => {
    for (const { target } of changes) {
      const region = (target.nodeType === Node.TEXT_NODE ? target.parentElement : target)?.closest?.("[role=status], [role=alert], [aria-live]");
      const text = region?.textContent.replace(/\s+/g, " ").trim();
      if (text && window.told.at(-1) !== text) window.told.push(text);
    }
  }).observe(document, { subtree: true, childList: true, characterData: true });
};

test("times and numbers that go on are not read aloud", async () => {
  Object.assign(world.gate, { answer: () => 503, headers: { "Retry-After": "600" } });
  world.gate.open();
  const id = await world.job({ processor: "http", params: { endpoint: "gate" }, items: [1], title: "Waits" });
  await world.until(id, (job) => job.waitingFor !== null);
  const page = await open(world, `/jobs/${id}`);
  await page.getByText(/It goes on in \d+ min \d+ s/).waitFor();
  await page.evaluate(listen);
  const shown = await page.locator(".note").filter({ hasText: "It goes on" }).textContent();
  await page.waitForFunction((before) => document.querySelector(".note").textContent !== before, shown);
  assert.deepEqual(await page.evaluate(() => window.told), []);
  await world.api("POST", `jobs/${id}/cancel`);
  await page.waitForFunction(() => window.told.some((text) => text.includes("Cancelled")));
  Object.assign(world.gate, { answer: () => 200, headers: {} });

  await page.goto(`${world.base}#/new`);
  await page.locator("#file-input").waitFor({ state: "attached" });
  await page.evaluate(() => { window.told.length = 0; });
  await page.locator("#file-input").setInputFiles({ name: "many.csv", mimeType: "text/csv", buffer: Buffer.from(`n\n${Array.from({ length: 60_000 }, (_, at) => at).join("\n")}\n`) });
  await page.locator('[data-value="items"]').waitFor();
  const told = await page.evaluate(() => window.told);
  assert.ok(told.length <= 2, `told: ${told.join(" | ")}`);
  await page.context().close();
});

test("somebody who looks elsewhere is told of the end", async () => {
  const id = await held("Told at the end");
  const page = await newPage(world.browser, {}, [world.base]);
  await page.addInitScript(() => {
    window.notes = [];
    window.Notification = class { constructor(title, { body }) { window.notes.push(`${title}: ${body}`); } static permission = "default"; static requestPermission = async () => (Notification.permission = "granted"); };
  });
  await page.goto(`${world.base}#token=${world.token}&job=${id}`);
  const button = page.getByRole("button", { name: "Tell me when it ends" });
  await button.click();
  await page.getByText("Your browser will show a notification.").waitFor();
  assert.equal(await button.getAttribute("aria-pressed"), "true");
  assert.deepEqual(await accessibilityFaults(page), []);
  await picture(page, "tell-me");
  await page.goto(`${world.base}#/new`);
  await page.locator(".drop").waitFor();
  world.gate.open();
  await page.waitForFunction(() => window.notes.length > 0);
  assert.deepEqual(await page.evaluate(() => window.notes), ["Told at the end: Completed. 3 of 3 items succeeded"]);
  await page.goto(`${world.base}#/jobs/${id}`);
  await page.getByText("Completed").first().waitFor();
  assert.equal(await button.count(), 0);
  await page.context().close();
});

test("with forced colours the bar still shows its parts, and axe finds nothing", { skip: notInFirefox }, async () => {
  const page = await open(world, `/jobs/${failed}`, { forcedColors: "active" });
  await page.getByRole("button", { name: /maxLength/ }).click();
  await page.locator("article.item").first().waitFor();
  const colours = await page.evaluate(() => [".bar", ".bar .processed", ".key.failed"].map((name) => getComputedStyle(document.querySelector(name)).backgroundColor));
  assert.equal(new Set(colours).size, 3, String(colours));
  await picture(page, "forced-colours");
  assert.deepEqual(await accessibilityFaults(page), []);
  await page.context().close();
});

// As WCAG 2.2 asks for: 1.4.12.
const SPACED = "* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important; } p { margin-bottom: 2em !important; }";

test("with more space between letters and lines, and with letters of twice the size, nothing is cut off", async () => {
  for (const [width, style] of [[320, SPACED], [640, ":root { font-size: 200% !important; }"]]) {
    const page = await open(world, `/jobs/${failed}`, { viewport: { width, height: 700 } });
    for (const path of [`/jobs/${failed}`, "/new", "/"]) {
      await page.goto(`${world.base}#${path}`);
      await page.locator(".panel, .jobs").first().waitFor();
      await page.evaluate((text) => { const sheet = new CSSStyleSheet(); sheet.replaceSync(text); document.adoptedStyleSheets = [sheet]; }, style);
      const [wide, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      assert.ok(wide <= window, `${path} is ${wide} wide in a window of ${window}`);
    }
    await page.context().close();
  }
});

test("the size of letters that somebody has chosen in the browser is used", { skip: isFirefox && "chosen by an option of Chromium" }, async () => {
  const browser = await launch("--blink-settings=defaultFontSize=24");
  const page = await open({ ...world, browser });
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).fontSize), "24px");
  await browser.close();
});

test("printed, a job is dark on white, and without what can only be pressed", { skip: notInFirefox }, async () => {
  const page = await open(world, `/jobs/${failed}`, { colorScheme: "dark" });
  await page.getByRole("button", { name: /maxLength/ }).click();
  await page.locator("article.item").first().waitFor();
  await page.emulateMedia({ media: "print" });
  const [text, ground] = await page.evaluate(() => [getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]);
  assert.deepEqual([text, ground], ["rgb(23, 33, 45)", "rgba(0, 0, 0, 0)"]);
  for (const name of ["Retry", "Delete", "Sign out", "Download", "Copy id"]) assert.equal(await page.getByRole("button", { name, exact: true }).count(), 0, name);
  assert.equal(await page.getByRole("button", { name: "Correct this item" }).count(), 0);
  await page.getByText("TOOLONG").first().waitFor();
  await picture(page, "printed");
  await page.context().close();
});
