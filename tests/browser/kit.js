// A real server, a real browser, and an endpoint that answers when a test says so.
import { execFileSync, spawn } from "node:child_process";
import { accessSync, constants, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

import { adapt, isFirefox, launchFirefox } from "./firefox.js";

const here = fileURLToPath(new URL(".", import.meta.url));
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
export const binary = process.env.HEADWAY_BINARY || join(here, "../../target/debug/headway");
// A name that is not this machine's, to the page.
export const ELSEWHERE = "elsewhere.test";
const CHROMIUM = { name: "Chromium", variable: "CHROMIUM", names: ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"], debian: "chromium" };
const FIREFOX = { name: "Firefox", variable: "FIREFOX", names: ["firefox-esr", "firefox"], debian: "firefox-esr" };

function pathOf({ name, variable, names, debian }) {
  if (process.env[variable]) return process.env[variable];
  const places = process.env.PATH.split(delimiter).flatMap((folder) => names.map((one) => join(folder, one)));
  const found = places.find((path) => { try { accessSync(path, constants.X_OK); return true; } catch { return false; } });
  if (!found) throw new Error(`No ${name} found: install it (Debian: apt-get install ${debian}), or give its path with ${variable}=…`);
  return found;
}

export function launch(...options) {
  if (isFirefox) return launchFirefox(pathOf(FIREFOX));
  return chromium.launch({ executablePath: pathOf(CHROMIUM), args: ["--no-sandbox", "--disable-gpu", `--host-resolver-rules=MAP ${ELSEWHERE} 127.0.0.1`, ...options] });
}

// An endpoint for the processor `http`. It holds each request until the gate is open.
async function startGate() {
  const gate = { held: [], isOpen: false, headers: {}, answer: () => 200 };
  const reply = ({ body, response }) => { response.writeHead(gate.answer(JSON.parse(body)), gate.headers).end("{}"); };
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += piece;
    if (gate.isOpen) reply({ body, response });
    else gate.held.push({ body, response });
  });
  await new Promise((done) => { server.listen(0, "127.0.0.1", done); });
  gate.open = () => { gate.isOpen = true; gate.held.splice(0).forEach(reply); };
  gate.close = () => { gate.isOpen = false; };
  gate.url = `http://127.0.0.1:${server.address().port}/`;
  gate.stop = () => { server.closeAllConnections(); server.close(); };
  return gate;
}

async function startServer(gate, directory, more) {
  const endpoints = { gate: { url: gate.url, secret: `whsec_${Buffer.alloc(32, 7).toString("base64")}`, allowPrivate: true } };
  // More jobs than one owner may usually start.
  const HEADWAY_QUOTAS = "startsPerMinute=1000000,liveJobs=1000";
  const env = { ...process.env, HEADWAY_QUOTAS, XDG_STATE_HOME: directory, HEADWAY_HTTP_ENDPOINTS: JSON.stringify(endpoints), ...more };
  const server = spawn(binary, ["--json", "serve", "--listen", "127.0.0.1:0", "--memory"], { env, stdio: ["ignore", "pipe", "ignore"] });
  const url = await new Promise((done, fail) => {
    let text = "";
    server.on("error", (error) => fail(new Error(`${binary} cannot be run: build it first (cargo build), or name it in HEADWAY_BINARY`, { cause: error })));
    server.on("exit", (code) => fail(new Error(`the server ended with ${code} before it was ready`)));
    server.stdout.on("data", (piece) => {
      text += piece;
      if (text.includes("\n")) done(JSON.parse(text.split("\n")[0]).url);
    });
  });
  const tokenOf = (user, ...scopes) => execFileSync(binary, ["token", "--user", user, ...scopes.flatMap((scope) => ["--scope", scope])], { env, encoding: "utf8" }).trim();
  return { url, tokenOf, stop: () => server.kill() };
}

export async function start(variables = {}) {
  const directory = mkdtempSync(join(tmpdir(), "headway-browser-"));
  const gate = await startGate();
  const server = await startServer(gate, directory, variables);
  const browser = await launch();
  const [base, token] = server.url.split("#token=");
  const stop = async () => { await browser.close(); server.stop(); gate.stop(); rmSync(directory, { recursive: true, force: true }); };
  return { gate, browser, base, token, tokenOf: server.tokenOf, stop, ...callers(base, token) };
}

function callers(base, token) {
  const api = async (method, path, body) => {
    const json = body === undefined ? {} : { "Content-Type": "application/json" };
    const answer = await fetch(`${base}v1/${path}`, { method, headers: { Authorization: `Bearer ${token}`, ...json }, body: body && JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : null;
  };
  const job = async (members) => (await api("POST", "jobs", { toleratedFailures: { percentage: 100 }, ...members })).id;
  // Waits until a state is reached. It asks; it does not assume how long it takes.
  const until = async (id, isReached) => {
    for (;;) {
      const now = await api("GET", `jobs/${id}`);
      if (isReached(now)) return now;
      await new Promise((done) => { setTimeout(done, 50); });
    }
  };
  const ended = (id) => until(id, ({ status, settling }) => ["Completed", "Failed", "Cancelled"].includes(status) && !settling);
  return { api, job, until, ended };
}

// An empty page that expects these addresses.
export async function newPage(browser, options, bases) {
  // This Firefox has the language of the machine's.
  const context = await browser.newContext(isFirefox ? options : { locale: "en-US", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(Number(process.env.HEADWAY_PATIENCE_MS || 60_000));
  if (isFirefox) await adapt(page, bases);
  return page;
}

// A page that is signed in. Whatever the page reports as an error, or loads from elsewhere, fails the test at `check`.
export async function open(world, path = "", { token = world.token, ...options } = {}) {
  const page = await newPage(world.browser, { viewport: { width: 1280, height: 900 }, ...options }, [world.base, `${world.base}docs`]);
  const faults = [];
  page.on("pageerror", (error) => faults.push(`error: ${error.stack}`));
  page.on("dialog", (dialog) => { faults.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("console", (message) => { if (/Content Security Policy|Refused to/.test(message.text())) faults.push(message.text()); });
  page.on("request", (request) => { if (!request.url().startsWith(world.base) && !/^(blob|data):/.test(request.url())) faults.push(`foreign: ${request.url()}`); });
  await page.goto(`${world.base}#token=${token}`);
  await page.getByRole("heading", { name: "Jobs" }).waitFor();
  if (path) await page.goto(`${world.base}#${path}`);
  page.faults = faults;
  return page;
}

// Waits until the page shows exactly these numbers beside its bar. A job that has ended does not say that nothing is pending.
export async function showsCounts(page, job) {
  const wanted = { processed: job.processedItems, failed: job.failedItems, pending: job.pendingItems, total: job.totalItems };
  for (const [name, number] of Object.entries(wanted)) {
    if (name === "pending" && number === 0) {
      await page.locator(`[data-count="${name}"]`).waitFor({ state: "detached" });
      continue;
    }
    const exactly = new RegExp(`^${number.toLocaleString("en-US")}$`);
    await page.locator(`[data-count="${name}"]`).filter({ hasText: exactly }).first().waitFor();
  }
}

// What axe-core finds. It is run in the page's own world, past its policy for scripts.
export async function accessibilityFaults(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 200)} ${failureSummary}`).join("; ")}`);
}

// Pictures for people to look at: only with SCREENSHOTS=1.
export async function picture(page, name) {
  if (!process.env.SCREENSHOTS) return;
  mkdirSync(join(here, "screenshots"), { recursive: true });
  const browser = isFirefox ? "firefox-" : "";
  await page.screenshot({ path: join(here, "screenshots", `${browser}${name}.png`), fullPage: true });
}
