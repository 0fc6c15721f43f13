// A product of your own, in small: it starts imports, and its page shows them. Run it with
//
//     HEADWAY_ORIGINS=http://127.0.0.1:8080 headway serve
//     HEADWAY_URL=http://127.0.0.1:7070 HEADWAY_TOKEN=$(headway token --user dev) PORT=8080 node examples/embed/server.mjs
//
// It needs Node 20 and nothing else. HEADWAY_OWNER names the user that it acts for; the token needs the scope jobs:delegate then.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

const headway = (process.env.HEADWAY_URL ?? "http://127.0.0.1:7070").replace(/\/?$/, "/");
const owner = process.env.HEADWAY_OWNER ? { "Headway-Owner": process.env.HEADWAY_OWNER } : {};
const headers = { Authorization: `Bearer ${process.env.HEADWAY_TOKEN}`, "Content-Type": "application/json", ...owner };
const file = (name) => readFileSync(new URL(name, import.meta.url), "utf8");

// The page names the hash of the script that it wants to run. A deployment of Headway changes it, so it is read once a minute.
let script = { integrity: "", readAt: -Infinity };
async function page() {
  if (performance.now() - script.readAt > 60_000) {
    const { integrity } = await (await fetch(`${headway}embed/integrity.json`)).json();
    script = { integrity, readAt: performance.now() };
  }
  return file("index.html").replaceAll("{{headway}}", headway).replaceAll("{{integrity}}", script.integrity);
}

const origin = new URL(headway).origin;
const policy = `default-src 'none'; script-src 'self' ${origin}; style-src 'self'; connect-src 'self' ${origin}; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'`;
const files = {
  "/": ["text/html; charset=utf-8", page],
  "/page.js": ["text/javascript; charset=utf-8", () => file("page.js")],
  "/style.css": ["text/css; charset=utf-8", () => file("style.css")],
};

async function ask(path, body) {
  const answer = await fetch(`${headway}v1/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`Headway answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
}

function startImport() {
  const items = Array.from({ length: 500 }, (_, n) => ({ name: `Contact ${n}`, email: n % 50 === 7 ? "unknown" : `contact${n}@example.org` }));
  const schema = { properties: { email: { pattern: "@" } } };
  return ask("jobs", { processor: "json-schema", params: { schema }, items, title: "Contacts, November", toleratedFailures: { percentage: 100 } });
}

async function answer(method, path) {
  if (method === "POST" && path === "/imports") return { job: (await startImport()).id };
  const [, job] = /^\/imports\/([0-9a-f-]{36})\/token$/.exec(path) ?? [];
  // Your own product checks here that its user is signed in, and may see this import.
  if (method === "POST" && job) return ask(`jobs/${job}/tokens`, { allow: "act", ttlSeconds: 3600 });
  return null;
}

const server = createServer(async ({ method, url }, response) => {
  const { pathname } = new URL(url, "http://localhost");
  const [type, text] = files[pathname] ?? [];
  try {
    if (text) return response.writeHead(200, { "Content-Type": type, "Content-Security-Policy": policy }).end(await text());
    const body = await answer(method, pathname);
    return response.writeHead(body ? 200 : 404, { "Content-Type": "application/json" }).end(JSON.stringify(body));
  } catch (error) {
    console.error(error.message);
    return response.writeHead(502).end();
  }
});
server.listen(Number(process.env.PORT ?? 8080), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/`));
