// Takes back the table of failed items that somebody has corrected in a spreadsheet.
const MARKS = ["_index", "_id", "_error"];
const CORRECTIONS_PER_REQUEST = 5000;

// The item with the cells of its row. A cell that still shows the old value leaves it as it is.
function correctedItem(item, row) {
  const isObject = isPlainObject(item);
  const old = isObject ? item : { item };
  const next = { ...old };
  for (const [written, cell] of Object.entries(row)) {
    const name = valueOfCell(written);
    if (MARKS.includes(name)) continue;
    const text = valueOfCell(cell);
    const has = Object.hasOwn(old, name);
    if (text === (has ? cellOf(old[name]) : "")) continue;
    Object.defineProperty(next, name, { value: has && typeof old[name] === "string" ? text : jsonOrText(text), enumerable: true, configurable: true, writable: true });
  }
  return isObject ? next : next.item;
}

// The corrections in the file, by comparing it with what failed. Nothing is sent yet.
async function correctionsIn(file, job, { say, signal }) {
  const items = new Map();
  for await (const { line } of records(job.id, "failures", { signal, onWait: () => {} })) {
    const failure = readExactly(line);
    items.set(failure.index, failure.item);
    if (items.size % SAY_EACH === 0) say(items.size);
  }
  const source = { ...(await sourceOf(file)), format: "csv" };
  const corrections = new Map();
  let rows = 0;
  for await (const { value, line } of csvItems(source.file, source)) {
    rows += 1;
    if (!Object.hasOwn(value, "_index")) throw new FileProblem("This is not the table of failed items: it has no column “_index”.");
    const index = /^\d+$/.test(value._index.trim()) ? Number(value._index) : NaN;
    if (!items.has(index)) throw new FileProblem(`no item with the index “${short(value._index, 40)}” has failed.`, line);
    const item = correctedItem(items.get(index), value);
    if (exactText(item) !== exactText(items.get(index))) corrections.set(index, { index, item });
  }
  return { rows, corrections: [...corrections.values()] };
}

function CorrectedFile({ job, refresh }) {
  const [state, setState] = useState({});
  const stop = useRef(new AbortController());
  useEffect(() => () => stop.current.abort(), []);
  const choose = async (event) => {
    const [file] = event.target.files;
    event.target.value = "";
    if (!file) return;
    setState({ isBusy: true });
    try {
      setState({ name: file.name, found: await correctionsIn(file, job, { say: () => {}, signal: stop.current.signal }) });
    } catch (error) {
      setState({ error: fileError(error) });
    }
  };
  const download = async () => {
    setState({ isBusy: true });
    try {
      save(await columnsFile(job, { signal: stop.current.signal, onWait: () => {}, onLines: () => {} }), `${fileName(job)}-to-correct.csv`, "csv");
      setState({});
    } catch (error) {
      setState({ error });
    }
  };
  const send = async () => {
    const { corrections } = state.found;
    setState((old) => ({ ...old, isBusy: true }));
    try {
      for (let at = 0; at < corrections.length; at += CORRECTIONS_PER_REQUEST) await sendCorrections(job, corrections.slice(at, at + CORRECTIONS_PER_REQUEST));
      setState({ saved: corrections.length });
      refresh();
    } catch (error) {
      setState({ error });
    }
  };
  const { found } = state;
  return html`<div class="correct-file"><h3>Many items?</h3><p class="muted">Download them as a table, correct it in a spreadsheet, and give it back. Only the cells that you change are used.</p>
    <p class="buttons"><button type="button" class="small" onClick=${download}>Download the table</button><input id="corrected-file" type="file" class="visually-hidden" accept=".csv,text/csv" onChange=${choose} />
      <label class="button small" for="corrected-file">Give back the corrected table</label></p>
    ${state.isBusy && html`<${Loading} what="the failed items" />`}
    ${state.error && html`<${ErrorNote} error=${state.error} />`}
    ${found && !state.isBusy && html`<${Note}>${counted(found.rows, "row")} read; <strong>${counted(found.corrections.length, "item")}</strong> changed.
      ${found.corrections.length > 0 ? html`<p><button type="button" class="primary" onClick=${send}>Save ${counted(found.corrections.length, "correction")}</button></p>` : " Nothing to save."}<//>`}
    ${state.saved > 0 && html`<${Note}>${counted(state.saved, "correction")} saved. Retry the job to run ${state.saved === 1 ? "it" : "them"}.<//>`}
  </div>`;
}
