// Failures and results, page by page as lines of text: items are handed on as they came, digit by digit.
const RECORDS_PER_REQUEST = 1000;

// An operator sees any job, but not its items: they do not exist for anybody but the owner.
const OWNER_ONLY = "Only the job's owner can read its items.";

function isHidden(error) {
  return error instanceof Refused && error.status === 404 && isOperator();
}

// A page: `from` is the query that the page before named, or "" for the first one.
async function readRecords(id, kind, from, { format = "ndjson", columns, pageSize = RECORDS_PER_REQUEST, signal } = {}) {
  const query = from || new URLSearchParams({ format, ...(columns ? { columns } : {}), pageSize }).toString();
  const answer = await call(`v1/jobs/${id}/${kind}?${query}`, { signal }).catch((error) => { throw isHidden(error) ? new Error(OWNER_ONLY) : error; });
  const text = await readBody(answer, "text");
  // The query of the next page. The last page has none, and says that it is the last.
  const [, next = null] = /<\?([^>]*)>;\s*rel="next"/.exec(answer.headers.get("Link") || "") || [];
  if ((next === null && answer.headers.get("Headway-More") !== "false") || !/(^|\n)$/.test(text)) throw new Error("The list was cut off on the way.");
  return { text, next, lines: format === "ndjson" ? text.split("\n").filter(Boolean) : [] };
}

// All pages, one after the other. `onWait` says why it takes long. The end of a live job's results is not waited for.
async function* recordPages(id, kind, { format, columns, signal, onWait, isLive: mayGrow }) {
  let next = "";
  do {
    const page = await persistently(() => readRecords(id, kind, next, { format, columns, signal }), onWait, signal);
    yield page;
    // While a job runs, its results have a token for what will come: an empty page is the end for now.
    if (mayGrow && page.text === "" && kind !== "items") return;
    next = page.next;
  } while (next !== null);
}

// Records in order of index, each as `{ index, line }`.
async function* records(id, kind, options) {
  for await (const page of recordPages(id, kind, { ...options, format: "ndjson" })) {
    for (const line of page.lines) yield { index: JSON.parse(line).index, line };
  }
}
