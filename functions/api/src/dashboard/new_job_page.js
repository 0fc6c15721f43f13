// A new job from a file: choose, look, check, send.
const ENCODINGS = [["utf-8", "UTF-8"], ["windows-1252", "Windows-1252 (Western Europe)"], ["windows-1251", "Windows-1251 (Cyrillic)"], ["utf-16le", "UTF-16"], ["utf-16be", "UTF-16 (big endian)"], ["shift_jis", "Shift JIS"], ["gb18030", "GB 18030"]];
const DELIMITERS = [[",", "comma ,"], [";", "semicolon ;"], ["\t", "tab"], ["|", "bar |"]];

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
      ${error && html`<${Note} tone="bad" title="This file cannot be used."><${Text} value=${error.message} /><//>`}
      ${source && seen?.of !== source && !error && html`<${Busy} says="Reading the file …">${counted(looked, "item")}<//>`}
      ${seen && seen.of === source && html`<p role="status"><strong data-value="items">${counted(seen.items, "item")}</strong>: every line was read.</p><${Preview} seen=${seen} />`}
    </section>
    ${seen && html`<div hidden=${Boolean(error)}><${NewJobForm} source=${source} onSource=${setSource} seen=${seen} onPlan=${onPlan} isSending=${isSending} /></div>`}</div>`;
}

function fileError(problem) {
  const isChanged = ["NotReadableError", "NotFoundError"].includes(problem.name);
  return isChanged ? new FileProblem(CHANGED) : problem;
}

// How to read the file, as far as it says so itself.
async function sourceOf(file) {
  const encoding = await encodingOf(file);
  const isCsv = /\.(csv|tsv|txt)$/i.test(file.name) || (!/\.(ndjson|jsonl|json)$/i.test(file.name) && file.type.includes("csv"));
  const head = await file.slice(0, 1 << 16).arrayBuffer();
  const text = new TextDecoder(encoding).decode(head);
  const isList = /\.json$/i.test(file.name) && /^\s*\[/.test(text);
  return { file, encoding, format: isCsv ? "csv" : isList ? "json" : "ndjson", delimiter: delimiterOf(text.split(/\r|\n/, 1)[0]) };
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
    ${source.format === "csv" && html`<label>Separator <select value=${source.delimiter} onChange=${(event) => set({ delimiter: event.target.value })}>${options(DELIMITERS)}</select></label>`}
    <label>Encoding <select value=${source.encoding} onChange=${(event) => set({ encoding: event.target.value })}>${options(ENCODINGS)}</select></label>
  </div>`;
}

function Preview({ seen }) {
  const columns = [...seen.columns.keys()].slice(0, 30);
  if (columns.length === 0) return html`<pre class="value" tabindex="0">${seen.preview.map((item) => short(JSON.stringify(item), 200)).join("\n")}</pre>`;
  const cell = (item, name) => (isPlainObject(item) && item[name] !== undefined ? short(cellOf(item[name]), 80) : "");
  return html`<div class="scroll" tabindex="0" role="region" aria-label="The first items"><table>
    <caption class="visually-hidden">The first items of the file</caption>
    <thead><tr>${columns.map((name) => html`<th key=${name} scope="col"><bdi>${short(name, 40)}</bdi></th>`)}</tr></thead>
    <tbody>${seen.preview.map((item, at) => html`<tr key=${at}>${columns.map((name) => html`<td key=${name}><bdi>${cell(item, name)}</bdi></td>`)}</tr>`)}</tbody></table></div>
    ${seen.columns.size > 30 && html`<p class="muted">The first 30 of ${count(seen.columns.size)} columns.</p>`}`;
}
