// Every page at every size, in light and dark, with the keyboard alone, and for screen readers.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { COLOURS, notInFirefox } from "./firefox.js";
import { accessibilityFaults, open, picture, start } from "./kit.js";

let world;
let places;
before(async () => {
  world = await start();
  const schema = { type: "object", properties: { iata: { type: "string", maxLength: 3 }, seats: { type: "integer" } } };
  const items = Array.from({ length: 400 }, (_, at) => ({ iata: at % 30 === 3 ? "TOOLONG" : "ZRH", seats: at % 90 === 5 ? "many" : at }));
  const failed = await world.job({ processor: "json-schema", params: { schema }, items, title: "Airports, November", metadata: { file: "airports.csv" } });
  await world.job({ processor: "json-schema", params: { schema: true }, items: [1, 2, 3], title: "All is well" });
  const cancelled = await world.job({ processor: "json-schema", params: { schema: true }, sealed: false });
  await world.api("POST", `jobs/${cancelled}/cancel`);
  await world.ended(failed);
  places = { jobs: ["/", ".jobs"], failed: [`/jobs/${failed}`, ".group"], new: ["/new", ".drop"], none: ["/?status=Failed", ".empty"], missing: ["/jobs/x", ".note.bad"] };
});
after(() => world?.stop());

// A job that waits for an answer for as long as one test takes: the endpoint's time limit ends it.
async function showRunning(page) {
  const id = await world.job({ processor: "http", params: { endpoint: "gate" }, items: [{ a: 1 }, { a: 2 }], title: "Sync every member to the CRM" });
  await page.goto(`${world.base}#/jobs/${id}`);
  await page.locator("[data-action=cancel]").first().waitFor();
}

async function show(page, name) {
  if (name === "running") return showRunning(page);
  const [path, sign] = places[name];
  await page.goto(`${world.base}#${path}`);
  await page.locator(sign).first().waitFor();
  if (name === "failed") {
    await page.locator(".picture canvas").waitFor();
    await page.locator(".group").first().click();
    await page.locator("article.item").first().waitFor();
  }
}

for (const [width, height] of [[320, 640], [768, 1024], [1280, 800], [3840, 2160]]) {
  for (const colorScheme of COLOURS) {
    test(`every page fits ${width} pixels in ${colorScheme}, and axe finds nothing`, async () => {
      const page = await open(world, "", { viewport: { width, height }, colorScheme, reducedMotion: width === 768 ? "reduce" : "no-preference" });
      for (const name of ["running", ...Object.keys(places)]) {
        await show(page, name);
        await picture(page, `${name}-${width}-${colorScheme}`);
        const [wide, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
        assert.ok(wide <= window, `${name} is ${wide} wide in a window of ${window}`);
        assert.deepEqual(await accessibilityFaults(page), [], name);
      }
      assert.deepEqual(page.faults, []);
      await page.context().close();
    });
  }
}

test("the reader of the API has every call, at every size, and axe finds nothing", async () => {
  for (const [width, colorScheme] of [[320, "dark"], [1280, "light"]]) {
    const page = await open(world, "", { viewport: { width, height: 900 }, colorScheme });
    await page.goto(`${world.base}docs`);
    await page.getByRole("heading", { name: "Schemas" }).waitFor();
    const { paths } = await (await fetch(`${world.base}openapi.json`)).json();
    for (const path of Object.keys(paths)) assert.ok(await page.locator("h3 code").filter({ hasText: path }).count(), path);
    const [wide, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(wide <= window);
    assert.deepEqual(await accessibilityFaults(page), []);
    assert.deepEqual(page.faults, []);
    await picture(page, `docs-${width}`);
    await page.context().close();
  }
});

test("with reduced motion nothing moves", { skip: notInFirefox }, async () => {
  const page = await open(world, "", { reducedMotion: "reduce" });
  await show(page, "running");
  const moving = await page.evaluate(() => document.getAnimations().length);
  assert.equal(moving, 0);
  await page.context().close();
});

// Presses Tab until the focus is on something with this name, and says how it looks.
async function tabTo(page, name) {
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press("Tab");
    const focused = await page.evaluate(() => {
      const element = document.activeElement;
      const label = element.labels?.[0]?.textContent || element.textContent || element.getAttribute("aria-label") || "";
      const shown = element.id === "file-input" ? element.nextElementSibling : element;
      return { label: label.trim(), outline: getComputedStyle(shown).outlineStyle };
    });
    if (focused.label.includes(name)) return focused;
  }
  throw new Error(`Tab does not reach ${name}`);
}

test("everything can be done with the keyboard, and the focus is seen", async () => {
  const page = await open(world);
  await page.locator(".jobs").waitFor();
  for (const name of ["Skip to the content", "Headway", "API", "Sign out", "New job from a file", "Status", "Text", "Search"]) {
    assert.notEqual((await tabTo(page, name)).outline, "none", name);
  }
  await tabTo(page, "Airports, November");
  await page.keyboard.press("Enter");
  await page.locator(".group").first().waitFor();
  await tabTo(page, "/iata maxLength");
  await page.keyboard.press("Enter");
  await page.locator("article.item").first().waitFor();
  await page.locator("#main").focus();
  await tabTo(page, "Retry");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await picture(page, "dialog");
  assert.deepEqual(await accessibilityFaults(page), []);
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.goto(`${world.base}#/new`);
  await page.locator("#file-input").waitFor({ state: "attached" });
  assert.notEqual((await tabTo(page, "Choose a file")).outline, "none");
  await page.context().close();
});

// Bug found: Firefox drew the stripes of the failed part the other way round, so that it was hardly the colour of its key.
test("most of the bar's failed part has the colour of its key", async () => {
  const page = await open(world);
  await show(page, "failed");
  const shot = (await page.locator(".bar .failed").first().screenshot()).toString("base64");
  const share = await page.evaluate(async (png) => {
    const image = new Image();
    image.src = `data:image/png;base64,${png}`;
    await image.decode();
    const pen = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height }).getContext("2d");
    pen.drawImage(image, 0, 0);
    const { data } = pen.getImageData(0, 0, image.width, image.height);
    const key = getComputedStyle(document.querySelector(".key.failed")).backgroundColor.match(/\d+/g).map(Number);
    const pixels = Array.from({ length: data.length / 4 }, (_, at) => data.slice(4 * at, 4 * at + 3));
    return pixels.filter((pixel) => pixel.every((part, at) => Math.abs(part - key[at]) < 4)).length / pixels.length;
  }, shot);
  assert.ok(share > 0.5, `${share} of it`);
  await page.context().close();
});
