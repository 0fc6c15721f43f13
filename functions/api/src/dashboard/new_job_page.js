// A new job from a file: choose, look, check, send.

function NewJobPage({ isSending, onPlan }) {
  const [source, setSource] = useState(() => drafts.get(DRAFT_OF_NEW_JOB)?.source || null);
  const [seen, setSeen] = useState(null);
  const [error, setError] = useState(null);
  const [looked, setLooked] = useState(0);
  useEffect(() => { document.title = "New job · Headway"; }, []);
  useEffect(() => {
    if (!source) return undefined;
    const stop = new AbortController();
    // Another way to read the same file keeps what was typed below.
    setSeen((old) => (old?.file === source.file ? old : null));
    setError(null);
    setLooked(0);
    survey(source, { say: setLooked, signal: stop.signal }).then((found) => setSeen({ ...found, file: source.file, of: source }), (problem) => { if (!stop.signal.aborted) setError(fileError(problem)); });
    return () => stop.abort();
  }, [source]);
  const choose = (file) => sourceOf(file).then(setSource, (problem) => { setSource(null); setSeen(null); setError(fileError(problem)); });
  // What was typed stays, in case the server refuses it.
  return html`<div hidden=${isSending}><p class="crumbs"><a href="#/">← All jobs</a></p><h1>New job from a file</h1>
    <section class="panel" aria-labelledby="file"><h2 id="file">1. The file</h2>
      <${DropZone} id="file-input" file=${source?.file} onFile=${choose} hint="or drop it here: CSV with a header row, NDJSON with one item a line, or a JSON list" />
      ${source && html`<${ReadingChoices} source=${source} onChange=${setSource} />`}
      ${error && html`<${Note} tone="bad" title="This file cannot be used."><${Text} value=${error.message} /><${ReadAsItIs} error=${error} source=${source} onChange=${setSource} /><//>`}
      ${source && seen?.of !== source && !error && html`<${Busy} says="Reading the file …">${counted(looked, "item")}<//>`}
      ${seen && seen.of === source && html`<p role="status"><strong data-value="items">${counted(seen.items, "item")}</strong>: every line was read.${seen.skipped > 0 ? ` ${counted(seen.skipped, "row")} ${seen.skipped === 1 ? "is" : "are"} empty in every column and ${seen.skipped === 1 ? "was" : "were"} skipped.` : ""}</p><${Preview} seen=${seen} />`}
    </section>
    ${seen && html`<div hidden=${Boolean(error)}><${NewJobForm} source=${source} onSource=${setSource} seen=${seen} onPlan=${onPlan} isSending=${isSending} /></div>`}</div>`;
}

function fileError(problem) {
  const isChanged = ["NotReadableError", "NotFoundError"].includes(problem.name);
  return isChanged ? new FileProblem(CHANGED) : problem;
}

function DropZone({ id, file, onFile, hint }) {
  const [isOver, setOver] = useState(false);
  const [others, setOthers] = useState(0);
  const input = useRef(null);
  const drop = (event) => {
    event.preventDefault();
    setOver(false);
    const [first, ...rest] = event.dataTransfer.files;
    setOthers(rest.length);
    if (first) onFile(first);
  };
  const over = (event) => { event.preventDefault(); setOver(true); };
  return html`<div class=${`drop ${isOver ? "over" : ""}`} onDragOver=${over} onDragLeave=${() => setOver(false)} onDrop=${drop}>
    <input ref=${input} id=${id} type="file" accept=".csv,.tsv,.txt,.ndjson,.jsonl,.json,text/csv,application/x-ndjson" class="visually-hidden"
      onChange=${(event) => { if (event.target.files[0]) onFile(event.target.files[0]); event.target.value = ""; }} />
    <label for=${id} class="button">${file ? "Choose another file" : "Choose a file"}</label>
    <span>${file ? html`<strong><${Text} value=${file.name} max=${120} /></strong>, ${bytes(file.size)}` : hint}</span>
    ${others > 0 && html`<span role="status">A job has one file: ${counted(others, "other file")} ${others === 1 ? "was" : "were"} left out.</span>`}
  </div>`;
}

// `isTable`: the file is CSV in any case.
function ReadingChoices({ source, isTable, onChange }) {
  const set = (change) => onChange({ ...source, ...change });
  const options = (all) => all.map(([value, word]) => html`<option key=${value} value=${value}>${word}</option>`);
  return html`<div class="filters">
    ${!isTable && html`<label>Format <select value=${source.format} onChange=${(event) => set({ format: event.target.value })}>${options([["csv", "CSV"], ["ndjson", "NDJSON"], ["json", "one JSON list"]])}</select></label>`}
    ${source.format === "csv" && html`<label>Separator <select value=${source.delimiter} onChange=${(event) => set({ delimiter: event.target.value, isNamed: true })}>${options(DELIMITERS)}</select></label>`}
    <label>Encoding <select value=${source.encoding} onChange=${(event) => set({ encoding: event.target.value })}>${options(ENCODINGS)}</select></label>
  </div>`;
}

// If only the looks of the file speak against the separator.
function ReadAsItIs({ error, source, onChange }) {
  return error.canStay ? html`<p><button type="button" class="small" onClick=${() => onChange({ ...source, isNamed: true })}>The separator is right: read the file as it is</button></p>` : null;
}

function Preview({ seen }) {
  const columns = [...seen.columns.keys()].slice(0, 30);
  if (columns.length === 0) return html`<pre class="value" tabindex="0">${seen.preview.map((item) => short(exactText(item), 200)).join("\n")}</pre>`;
  const cell = (item, name) => (Object.hasOwn(item, name) ? short(cellOf(item[name]), 80) : "");
  const row = (item) => (isPlainObject(item) ? columns.map((name) => html`<td key=${name}><bdi>${cell(item, name)}</bdi></td>`) : html`<td colspan=${columns.length}><bdi>${short(exactText(item), 200)}</bdi></td>`);
  return html`<div class="scroll" tabindex="0" role="region" aria-label="The first items"><table>
    <caption class="visually-hidden">The first items of the file</caption>
    <thead><tr>${columns.map((name) => html`<th key=${name} scope="col"><bdi>${short(name, 40)}</bdi></th>`)}</tr></thead>
    <tbody>${seen.preview.map((item, at) => html`<tr key=${at}>${row(item)}</tr>`)}</tbody></table></div>
    ${seen.columns.size > 30 && html`<p class="muted">The first 30 of ${count(seen.columns.size)} columns.</p>`}`;
}
