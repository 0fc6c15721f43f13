// The same tests in Firefox, with BROWSER=firefox. It is driven with WebDriver BiDi, by the last version of playwright-core that knows
// Firefox ESR 140: later ones need a later Firefox.
import { readFileSync } from "node:fs";

export const isFirefox = process.env.BROWSER === "firefox";
// It cannot be told to be dark.
export const COLOURS = isFirefox ? ["light"] : ["light", "dark"];
// For tests of what cannot be done this way.
export const notInFirefox = isFirefox && "WebDriver BiDi cannot do it in this Firefox";

export async function launchFirefox(executablePath) {
  const { default: playwright } = await import("playwright-for-firefox");
  return playwright._bidiFirefox.launch({ executablePath });
}

// What Firefox cannot do this way is done otherwise.
export async function adapt(page, bases) {
  for (const base of bases) await page.route(base, allowEvaluate);
  const goto = page.goto.bind(page);
  // Going to another place of the same page loads nothing, and that is waited for without an end.
  page.goto = (url) => {
    const [to, place] = url.split("#");
    const isSame = place !== undefined && page.url().split("#")[0] === to;
    return isSame ? page.evaluate((hash) => { location.hash = hash; }, place) : goto(url);
  };
  await page.addInitScript(() => {
    const create = URL.createObjectURL;
    URL.createObjectURL = (blob) => { (window.saved ||= []).push(blob); return create.call(URL, blob); };
  });
}

// The functions of a test are run with `eval`, which the page's policy forbids. The rest of the policy stays.
async function allowEvaluate(route) {
  const answer = await route.fetch();
  const { "content-encoding": _, "content-length": __, etag: ___, ...headers } = answer.headers();
  const policy = headers["content-security-policy"];
  if (policy) headers["content-security-policy"] = policy.replace("script-src ", "script-src 'unsafe-eval' ");
  await route.fulfill({ status: answer.status(), headers, body: await answer.body() });
}

// The text of the file that the page saves after `click`. There is no event for a download in this Firefox.
export async function saved(page, click) {
  if (!isFirefox) {
    const [file] = await Promise.all([page.waitForEvent("download"), click()]);
    return readFileSync(await file.path(), "utf8");
  }
  const before = await page.evaluate(() => (window.saved || []).length);
  await click();
  await page.waitForFunction((files) => (window.saved || []).length > files, before);
  return page.evaluate(() => window.saved.at(-1).text());
}
