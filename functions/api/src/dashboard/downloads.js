// Downloads: the page joins the API's pages to one file.
const BOM = "\uFEFF";
const FLUSH_LINES = 2000;
const CHOICES = [
  { what: "failures", word: "Failures", formats: ["csv", "ndjson"], about: "each failed item with its error" },
  { what: "failures-columns", word: "Failed items as a table", formats: ["csv"], about: "the failed items in their own columns, with the error beside them: to correct in a spreadsheet" },
  { what: "results", word: "Results", columns: "outputs", formats: ["csv", "ndjson"], about: "the output of each item that succeeded, in CSV with a column for each of its members" },
  { what: "sent", name: "with-outcome", word: "Your file, with the outcome of each row", formats: ["csv", "ndjson"], about: "the rows of the file that this job was started with, as they are, and beside each what became of it: its status, its error or its output" },
  { what: "joined", name: "everything", list: "items", columns: "outputs", word: "Everything", formats: ["csv", "ndjson"], about: "every item in the order of the file, with what became of it: its error or its output, whether it was corrected, and whether it ran at all" },
];

function Downloads({ job }) {
  const [state, setState] = useState(null);
  const [chosen, setWhat] = useState(null);
  const [source, setSource] = useState(sentFiles.get(job.id) || null);
  const useful = job.failedItems > 0 ? "failures" : source ? "sent" : "joined";
  const what = chosen?.startsWith("failures") && job.failedItems === 0 ? useful : chosen || useful;
  const [format, setFormat] = useState("csv");
  const [forExcel, setForExcel] = useState(false);
  const choice = CHOICES.find((one) => one.what === what);
  if (isOperator() && claimsOf(session.token).sub !== job.createdBy) return html`<section class="panel" aria-labelledby="downloads"><h2 id="downloads">Download</h2><p class="muted">${OWNER_ONLY}</p></section>`;
  const ofFile = what === "sent";
  const total = { failures: job.failedItems, "failures-columns": job.failedItems, joined: job.totalItems, sent: job.totalItems }[what];
  const used = ofFile ? source?.format || "csv" : choice.formats.includes(format) ? format : choice.formats[0];
  const start = async (event) => {
    event.preventDefault();
    if (state?.stop) return;
    if (ofFile && !source) return setState({ error: new Error("Choose the file first.") });
    const stop = new AbortController();
    const say = (change) => setState((old) => ({ ...old, ...change }));
    setState({ stop, lines: 0, doing: "rows so far", wait: null });
    try {
      const options = { signal: stop.signal, onWait: (wait) => say({ wait }), onLines: (lines, doing = "rows so far") => say({ lines, doing }), isLive: isLive(job) || job.settling };
      const pieces = ofFile ? await joinedFile(job, source, options) : await fileOf(job, what, used, options);
      save(used === "csv" && forExcel ? [BOM, ...pieces] : pieces, `${fileName(job)}-${choice.name || what}.${used}`, used);
      say({ stop: null, done: true });
    } catch (error) {
      setState(stop.signal.aborted ? null : { error: fileError(error) });
    }
  };
  return html`<section class="panel" aria-labelledby="downloads"><h2 id="downloads">Download</h2>
    <form class="filters" onSubmit=${start}>
      <label>What <select value=${what} onChange=${(event) => setWhat(event.target.value)}>
        ${CHOICES.map((one) => html`<option key=${one.what} value=${one.what}>${one.word}</option>`)}</select></label>
      ${!ofFile && html`<label>Format <select value=${used} onChange=${(event) => setFormat(event.target.value)}>
        ${choice.formats.map((one) => html`<option key=${one} value=${one}>${one === "csv" ? "CSV" : "NDJSON"}</option>`)}</select></label>`}
      ${used === "csv" && html`<label class="check"><input type="checkbox" checked=${forExcel} onChange=${(event) => setForExcel(event.target.checked)} /> for Excel</label>`}
      <button type="submit" aria-disabled=${String(Boolean(state?.stop))}>Download</button>
      ${state?.stop && html`<button type="button" onClick=${() => state.stop.abort()}>Stop</button>`}
    </form>
    <p class="muted">${choice.word}: ${choice.about}.${isLive(job) ? (ofFile ? " The job is still running: this file can be made once it has ended." : " The job is still running: the file contains what is recorded so far.") : job.settling && !ofFile ? " Items are still being counted: the file contains what is recorded so far." : ""}</p>
    ${ofFile && html`<${SentFile} job=${job} source=${source} onSource=${setSource} />`}
    ${state?.stop && html`<${Busy} says=${`Reading … ${state.wait || ""}`}>${count(state.lines)}${total ? ` of ${count(total)}` : ""} ${state.doing}<//>`}
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
  return rowsOfText(text).length - (hasHeader ? 1 : 0);
}

function cellOf(value) {
  if (value === undefined) return "";
  return typeof value === "string" ? value : exactText(value);
}

// A row that is harmless for spreadsheets, as the API's own CSV.
function csvRow(cells) {
  return csvLine(cells.map((cell) => (typeof cell === "string" ? harmlessCell(cell) : cell)));
}

// RFC 4180.
function csvLine(cells) {
  const written = cells.map(String).map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell));
  return `${written.join(",")}\r\n`;
}
