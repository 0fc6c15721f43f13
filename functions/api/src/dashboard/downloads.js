// Downloads: the page joins the API's pages to one file.
const BOM = "\uFEFF";
const FLUSH_LINES = 2000;
const CHOICES = [
  { what: "failures", word: "Failures", formats: ["csv", "ndjson"], about: "each failed item with its error" },
  { what: "failures-columns", word: "Failed items as a table", formats: ["csv"], about: "the failed items in their own columns, with the error beside them: to correct in a spreadsheet" },
  { what: "results", word: "Results", columns: "outputs", formats: ["csv", "ndjson"], about: "the output of each item that succeeded, in CSV with a column for each of its members" },
  { what: "joined", list: "items", columns: "outputs", word: "Everything", formats: ["csv", "ndjson"], about: "every item in the order of the file, with what became of it: its error or its output, whether it was corrected, and whether it ran at all" },
];

function Downloads({ job }) {
  const [state, setState] = useState(null);
  const [chosen, setWhat] = useState(null);
  const what = chosen || (job.failedItems > 0 ? "failures" : "results");
  const [format, setFormat] = useState("csv");
  const [forExcel, setForExcel] = useState(false);
  const choice = CHOICES.find((one) => one.what === what);
  const used = choice.formats.includes(format) ? format : choice.formats[0];
  const start = async (event) => {
    event.preventDefault();
    if (state?.stop) return;
    const stop = new AbortController();
    const say = (change) => setState((old) => ({ ...old, ...change }));
    setState({ stop, lines: 0, wait: null });
    try {
      const options = { signal: stop.signal, onWait: (wait) => say({ wait }), onLines: (lines) => say({ lines }), isLive: isLive(job) || job.settling };
      const pieces = await fileOf(job, what, used, options);
      save(used === "csv" && forExcel ? [BOM, ...pieces] : pieces, `${fileName(job)}-${what}.${used}`, used);
      say({ stop: null, done: true });
    } catch (error) {
      setState(stop.signal.aborted ? null : { error });
    }
  };
  return html`<section class="panel" aria-labelledby="downloads"><h2 id="downloads">Download</h2>
    <form class="filters" onSubmit=${start}>
      <label>What <select value=${what} onChange=${(event) => setWhat(event.target.value)}>
        ${CHOICES.map((one) => html`<option key=${one.what} value=${one.what}>${one.word}</option>`)}</select></label>
      <label>Format <select value=${used} onChange=${(event) => setFormat(event.target.value)}>
        ${choice.formats.map((one) => html`<option key=${one} value=${one}>${one === "csv" ? "CSV" : "NDJSON"}</option>`)}</select></label>
      ${used === "csv" && html`<label class="check"><input type="checkbox" checked=${forExcel} onChange=${(event) => setForExcel(event.target.checked)} /> for Excel</label>`}
      <button type="submit" aria-disabled=${String(Boolean(state?.stop))}>Download</button>
      ${state?.stop && html`<button type="button" onClick=${() => state.stop.abort()}>Stop</button>`}
    </form>
    <p class="muted">${choice.word}: ${choice.about}.${isLive(job) ? " The job is still running: the file contains what is recorded so far." : ""}</p>
    ${state?.stop && html`<${Busy} says=${`Reading … ${state.wait || ""}`}>${counted(state.lines, "row")} so far<//>`}
    ${state?.done && html`<p role="status">Done: ${counted(state.lines, "row")}. Your browser has the file.</p>`}
    ${state?.error && html`<${ErrorNote} error=${state.error} />`}
  </section>`;
}

function fileName(job) {
  const title = (job.title || job.processor).normalize("NFKD").replace(/[^A-Za-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 60);
  return `${title || "job"}-${job.id.slice(0, 8)}`;
}

function save(pieces, name, format) {
  const type = format === "csv" ? "text/csv;charset=utf-8" : "application/x-ndjson";
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(pieces, { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), MINUTE);
}

// The file's text, in pieces.
async function fileOf(job, what, format, options) {
  if (what === "failures-columns") return columnsFile(job, options);
  const { list = what, columns } = CHOICES.find((one) => one.what === what);
  const pieces = [];
  let lines = 0;
  for await (const { text } of recordPages(job.id, list, { ...options, format, columns: format === "csv" ? columns : undefined })) {
    // A blob is kept outside of the page's memory.
    pieces.push(new Blob([text]));
    lines += format === "csv" ? rowsIn(text, pieces.length === 1) : text.split("\n").length - 1;
    options.onLines(lines);
  }
  return pieces;
}

// Cells may contain line breaks, so only a reader of CSV can count rows.
function rowsIn(text, hasHeader) {
  const { data } = Papa.parse(text, { skipEmptyLines: true });
  return data.length - (hasHeader ? 1 : 0);
}

// The union of the items' members, first seen first, after what the page says about each.
async function columnsFile(job, options) {
  const rows = [];
  const columns = new Set();
  for await (const { line } of records(job.id, "failures", options)) {
    const failure = readExactly(line);
    const item = isPlainObject(failure.item) ? failure.item : { item: failure.item };
    Object.keys(item).forEach((name) => columns.add(name));
    rows.push([failure, item]);
    if (rows.length % FLUSH_LINES === 0) options.onLines(rows.length);
  }
  options.onLines(rows.length);
  const names = [...columns];
  const lines = rows.map(([failure, item]) => csvRow([failure.index, failure.id ?? "", failure.message, ...names.map((name) => cellOf(item[name]))]));
  return [csvRow(["_index", "_id", "_error", ...names]), ...lines];
}

function cellOf(value) {
  if (value === undefined) return "";
  return typeof value === "string" ? value : exactText(value);
}

// RFC 4180, harmless for spreadsheets as the API's own CSV.
function csvRow(cells) {
  const row = cells.map((cell) => (typeof cell === "string" ? harmlessCell(cell) : cell));
  return `${Papa.unparse([row], { newline: "\r\n" })}\r\n`;
}
