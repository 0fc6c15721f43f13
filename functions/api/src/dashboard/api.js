// Calls to the API, with the user's token.
const TOKEN_KEY = "headway-token";

// The server refused: `status`, what it said, and what is wrong with which member.
class Refused extends Error {
  constructor(status, problem, retryAfter) {
    super(problem.detail || `The server answered ${status}.`);
    this.status = status;
    this.type = (problem.type || "").replace("urn:headway:problem:", "");
    this.errors = problem.errors || [];
    this.requestId = problem.requestId;
    this.retryAfter = retryAfter;
  }
}

// No answer came: the network or the server is away.
class Unreached extends Error {
  constructor(cause, message = navigator.onLine ? "The server cannot be reached." : "You are offline.") {
    super(message, { cause });
  }
}

// The answer is not the server's, or not about what was asked for.
class Foreign extends Unreached {
  constructor(cause) {
    super(cause, "Something between this page and the server has answered in its place, such as a network that wants you to sign in, or a proxy.");
  }
}

// What may succeed if it is simply tried again.
function isTemporary(error) {
  return error instanceof Unreached || (error instanceof Refused && (error.status === 429 || error.status >= 500));
}

const session = {
  get token() { return sessionStorage.getItem(TOKEN_KEY); },
  // The token that was used last. What was begun with it goes on only for the same user.
  last: sessionStorage.getItem(TOKEN_KEY),
  // Tokens that the server did not accept.
  refused: new Set(),
  // What goes on after the next sign-in.
  waiting: [],
  // Set by the page: called when the server no longer accepts the token, and when somebody else signs in.
  onEnd() {},
  onOtherUser() {},
  begin(token) {
    if (session.last !== null && !isSameUser(session.last, token)) {
      session.waiting.length = 0;
      session.onOtherUser();
    }
    session.last = token;
    sessionStorage.setItem(TOKEN_KEY, token);
    session.waiting.splice(0).forEach((goOn) => goOn());
  },
  again: (signal) => new Promise((resolve, reject) => {
    session.waiting.push(resolve);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  }),
  // `reason` is what the server said. It is empty if somebody signs out.
  end(reason) {
    if (reason) session.refused.add(session.token);
    sessionStorage.clear();
    session.onEnd(reason);
  },
};

// Of a token that does not say whose it is, that is not known.
function isSameUser(one, other) {
  const [first, second] = [claimsOf(one), claimsOf(other)];
  return one === other || (Boolean(first.sub) && first.sub === second.sub && first.iss === second.iss);
}

// The server's time. This computer's clock may be wrong, and the times in answers are the server's.
const clock = {
  ahead: 0,
  now: () => Date.now() + clock.ahead,
  set(date) {
    const ahead = Date.parse(date) - Date.now();
    // The header has whole seconds, and the answer took some time.
    if (Number.isFinite(ahead)) clock.ahead = Math.abs(ahead) < 3 * SECOND ? 0 : ahead;
  },
};

// The claims of a token, only to show who is signed in. The server checks them.
function claimsOf(token) {
  try {
    const part = token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/");
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(part), (c) => c.charCodeAt(0))));
  } catch {
    return {};
  }
}

async function call(path, options) {
  const token = session.token;
  try {
    return await callAs(token, path, options);
  } catch (refused) {
    if (refused.status === 401 && token === session.token) session.end(refused.message);
    throw refused;
  }
}

async function callAs(token, path, { method = "GET", headers = {}, body, signal } = {}) {
  const all = { Authorization: `Bearer ${token}`, ...headers };
  let answer;
  try {
    answer = await fetch(BASE + path, { method, headers: all, body, signal, cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Unreached(error);
  }
  clock.set(answer.headers.get("Date"));
  if (isForeign(answer, method)) throw new Foreign();
  if (answer.ok || answer.status === 304) return answer;
  throw await refusalOf(answer);
}

// True if the server never answers so. A page that refuses for good (403) is somebody's rule, and is told.
function isForeign({ ok, status, headers }, method) {
  const type = headers.get("Content-Type") || "";
  if (!ok) return status < 500 && ![304, 403].includes(status) && type.startsWith("text/html");
  if (method === "DELETE") return status !== 204;
  return !/^(application\/(json|x-ndjson)|text\/csv)\b/.test(type);
}

// Throws unless the server knows who somebody with this token is. What that user may do is seen later.
async function checkToken(token) {
  await callAs(token, "v1/jobs?pageSize=1").then((answer) => readBody(answer, "json")).catch((error) => { if (error.status !== 403) throw error; });
}

async function refusalOf(answer) {
  const isProblem = (answer.headers.get("Content-Type") || "").startsWith("application/problem+json");
  const problem = isProblem ? await answer.json().catch(() => ({})) : {};
  problem.requestId = answer.headers.get("X-Request-Id");
  return new Refused(answer.status, problem, Number(answer.headers.get("Retry-After")) || null);
}

// A body that breaks off is a lost connection, too. All JSON of the server is an object.
async function readBody(answer, as) {
  try {
    const value = await answer[as]();
    if (as === "text" || isPlainObject(value)) return value;
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw error instanceof SyntaxError ? new Foreign(error) : new Unreached(error);
  }
  throw new Foreign();
}

async function read(path, options) {
  return aboutJob(path, await readBody(await call(path, options), "json"));
}

// What was asked for below the address of a job is about that one.
function aboutJob(path, value) {
  const digits = (id) => id.replace(/[^0-9a-f]/gi, "").toLowerCase();
  const [, id] = /^v1\/jobs\/([^/?]+)/.exec(path) || [];
  if (id !== undefined && typeof value.id === "string" && digits(value.id) !== digits(decodeURIComponent(id))) throw new Foreign();
  return value;
}

function post(path, body, headers = {}) {
  const json = body === undefined ? {} : { "Content-Type": "application/json" };
  return read(path, { method: "POST", headers: { ...json, ...headers }, body: body === undefined ? undefined : JSON.stringify(body) });
}

// Calls until it succeeds or is refused for good, and says in between what it waits for.
async function persistently(doIt, onWait, signal) {
  for (let tries = 0; ; tries += 1) {
    try {
      const done = await doIt();
      onWait(null);
      return done;
    } catch (error) {
      if (!isTemporary(error) || signal?.aborted) throw error;
      const seconds = Math.max(error.retryAfter || 0, Math.min(30, 2 ** tries));
      onWait(`${error.message} Trying again in ${seconds} s.`);
      await sleep(seconds, signal);
    }
  }
}

function sleep(seconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * SECOND);
    signal?.addEventListener("abort", () => { clearTimeout(timer); reject(signal.reason); }, { once: true });
  });
}

// What this server can do beyond its first version, by its own description.
let description = null;
async function features() {
  description = description || read("openapi.json").catch((error) => { description = null; throw error; });
  const { paths, components } = await description;
  const start = components.schemas.StartJobRequest.properties;
  return { correct: Boolean(paths["/v1/jobs/{job_id}/items"]?.patch), limits: Boolean(start.limits) };
}
