// Calls of the API on one job, with its token.
class Refused extends Error {
  constructor(answer, problem) {
    super(problem.detail || `The server answered ${answer.status}.`);
    this.status = answer.status;
    this.retryAfter = Number(answer.headers.get("Retry-After")) || null;
  }

  // It may succeed if it is tried again.
  get isTemporary() { return this.status === 429 || this.status >= 500; }
}

// No answer came.
class Unreached extends Error {
  get isTemporary() { return true; }
}

// A browser refuses to send any other characters, before it asks the server.
function canBeSent(token) {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(token);
}

// The job's address below the service's, or null if one of the two cannot be.
const JOB_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

class Calls {
  constructor(base, id, token) {
    Object.assign(this, { base: `${base}embed/v1/jobs/${id}`, id, token });
  }

  // The job, or no job if it is the one with this tag, and in how many seconds to ask again.
  async job(tag, signal) {
    const answer = await this.send("", { headers: tag ? { "If-None-Match": tag } : {}, signal });
    const asked = answer.headers.get("Retry-After");
    const wait = asked === null ? null : Math.max(1, Number(asked) || 1);
    if (answer.status === 304) return { wait };
    const job = await json(answer, signal);
    if (job.id !== this.id) throw new Unreached();
    return { wait, tag: answer.headers.get("ETag"), job };
  }

  async groups(signal) {
    return json(await this.send("/failures/groups", { signal }), signal);
  }

  // The request names the round, so that sending it twice does not start two rounds.
  async act(action, job, signal) {
    const body = action === "retry" ? JSON.stringify({ round: job.round }) : undefined;
    await this.send(`/${action}`, { method: "POST", body, headers: body ? { "Content-Type": "application/json" } : {}, signal });
  }

  async send(path, { headers, ...options }) {
    let answer;
    try {
      answer = await fetch(this.base + path, { ...options, headers: { Authorization: `Bearer ${this.token}`, ...headers },
        cache: "no-store", credentials: "omit", redirect: "error", referrerPolicy: "no-referrer" });
    } catch (error) {
      throw options.signal?.aborted ? error : new Unreached("", { cause: error });
    }
    if (answer.ok || answer.status === 304) return answer;
    throw new Refused(answer, await answer.json().catch(() => ({})));
  }
}

// A body that breaks off is a lost connection, too, and so is one that something else has written.
async function json(answer, signal) {
  try {
    const value = await answer.json();
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch (error) {
    throw signal?.aborted ? error : new Unreached("", { cause: error });
  }
  throw new Unreached();
}
