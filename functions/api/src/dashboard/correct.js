// Corrects a failed item in place. The next retry runs the new value.

// The server says whether it can take corrections, and the job whether it could use them.
function useCanCorrect(job) {
  const [canCorrect, setCanCorrect] = useState(false);
  const couldUse = isFinal(job) && can(job, "retry") && KEEPS_DIGITS;
  useEffect(() => {
    if (couldUse) features().then(({ correct }) => setCanCorrect(correct), () => setCanCorrect(false));
  }, [couldUse]);
  return couldUse && canCorrect;
}

// They are for the round that the page shows. `refresh` reads the job again if it is in another one. Unless `replaces`, values that somebody else gave before are not replaced.
async function sendCorrections(job, corrections, { replaces, refresh }) {
  const lines = corrections.map(({ index, item }) => `{"index":${index},"item":${exactText(item)}}\n`);
  const sent = call(`v1/jobs/${job.id}/items?round=${job.round}&replace=${replaces}`, { method: "PATCH", headers: { "Content-Type": "application/x-ndjson" }, body: lines.join("") });
  const answer = await sent.catch((problem) => { if (isOutdated(problem)) refresh(); throw problem; });
  return readBody(answer, "json");
}

// True if somebody gave one of the items another value since the page has shown it.
function isTakenMeanwhile(problem) {
  return (problem.errors || []).some(({ detail }) => detail.includes("another new value already"));
}

// The new values that others have given, as far as the error names the items.
async function takenValues(job, error, signal) {
  const named = (error.errors || []).map(({ detail }) => /item (\d+) has another new value/.exec(detail)?.[1]).filter(Boolean).map(Number);
  const wanted = new Set(named.slice(0, TAKEN_SHOWN_MAX));
  const found = [];
  for await (const { index, line } of records(job.id, "failures", { signal, onWait: () => {} })) {
    if (!wanted.delete(index)) continue;
    found.push({ index, item: readExactly(line).newItem });
    if (wanted.size === 0) break;
  }
  return found;
}

// A value that was given meanwhile, and that nobody has seen here, is replaced only if that is asked for.
function TakenNote({ job, error, onReplace }) {
  const [taken, setTaken] = useState([]);
  const isTaken = isTakenMeanwhile(error);
  useEffect(() => {
    if (!isTaken) return undefined;
    const stop = new AbortController();
    // Without them, the question is the same.
    takenValues(job, error, stop.signal).then(setTaken, () => {});
    return () => stop.abort();
  }, [error]);
  if (!isTaken) return html`<${ErrorNote} error=${error} />`;
  return html`<${Note} tone="warn" title="Corrected meanwhile."> Somebody else has given another new value since this page has shown the list.
    ${taken.length > 0 && html`<ul>${taken.map(({ index, item }) => html`<li key=${index}>${placeOf(job, index)}: given was <${Text} value=${exactText(item)} max=${200} /></li>`)}</ul>`}
    <p><button type="button" class="small" onClick=${onReplace}>Replace the other value</button></p><//>`;
}

// `isCorrected`: the value that is shown is an earlier correction.
function CorrectItem({ job, failure, item, isCorrected, refresh, onClose, onDone }) {
  const { code, index } = failure;
  const key = draftOfItem(job, failure);
  const [draft] = useState(() => drafts.get(key));
  const isFlat = isPlainObject(item) && Object.keys(item).length > 0 && Object.keys(item).length <= 30;
  const [asJson, setAsJson] = useState(draft ? draft.asJson : !isFlat);
  const [cells, setCells] = useState(() => draft?.cells || (isFlat ? Object.entries(item).map(([name, value]) => ({ name, was: value, text: cellOf(value) })) : []));
  const [text, setText] = useState(() => draft?.text ?? exactText(item, 2));
  const [error, setError] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const form = useRef(null);
  const blamed = columnOfCode(code);
  const [isChanged, setChanged] = useState(Boolean(draft));
  useDraft(key, isChanged, { asJson, cells, text });
  // Before anything can be typed.
  useLayoutEffect(() => { (form.current.querySelector(".blamed") || form.current.querySelector("input, textarea"))?.focus(); }, [asJson]);
  const [asValues, setAsValues] = useState(false);
  const save = async (event, replaces = isCorrected) => {
    event?.preventDefault();
    if (isBusy) return;
    setError(null);
    setBusy(true);
    try {
      const value = asJson ? readTyped(text) : itemOf(cells, { asValues });
      await sendCorrections(job, [{ index, item: value }], { replaces, refresh });
      drafts.delete(key);
      onDone(value);
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };
  const giveUp = () => { drafts.delete(key); onClose(); };
  const toJson = () => {
    try { setText(exactText(itemOf(cells, { asValues }), 2)); setError(null); setAsJson(true); } catch (problem) { setError(problem); }
  };
  return html`<form ref=${form} class="correct" onSubmit=${save} onInput=${() => setChanged(true)}>
    ${asJson ? html`<label>${placeOf(job, index)} as JSON <textarea rows="8" spellcheck=${false} value=${text} onInput=${(event) => setText(event.target.value)}></textarea></label>`
      : cells.map((cell, at) => html`<label key=${cell.name}><bdi>${columnWords(cell.name)}</bdi>
        <${CellField} class=${isBlamed(cell.name, failure) ? "blamed" : ""} aria-invalid=${isBlamed(cell.name, failure) ? "true" : undefined} was=${cellOf(cell.was)} value=${cell.text} offered=${cell.name === blamed ? offeredIn(failure) : undefined} onType=${(typed) => setCells(cells.map((one, other) => (other === at ? { ...one, text: typed } : one)))} /></label>`)}
    ${!asJson && html`<${AsValues} job=${job} cells=${cells} isOn=${asValues} onSet=${setAsValues} />`}
    ${error && html`<${TakenNote} job=${job} error=${error} onReplace=${() => save(undefined, true)} />`}
    <p class="buttons"><button type="submit" class="primary" aria-disabled=${String(isBusy)}>Save the correction</button>
      <button type="button" onClick=${giveUp}>Go back</button>
      ${!asJson && html`<button type="button" class="link" onClick=${toJson}>Edit as JSON</button>`}</p>
    <p class="muted">Nothing runs yet: the job's next retry uses the new value.</p>
  </form>`;
}

// A cell that was text stays text. Any other stays what it was if its text is unchanged, else it must be JSON, unless it was
// null or missing: a number does not become a text by accident. `asValues`: what is typed for a text may become a number.
function itemOf(cells, { asValues = false } = {}) {
  const valueOf = ({ name, was, text }) => {
    if (text === cellOf(was)) return was;
    if (typeof was === "string") return asValues && isScalar(text) ? readExactly(text) : text;
    return was === null || was === undefined ? jsonOrText(text) : jsonOfCell(name, was, text);
  };
  return Object.fromEntries(cells.map((cell) => [cell.name, valueOf(cell)]));
}

function isScalar(text) {
  return text === "true" || text === "false" || JSON_NUMBER.test(text);
}

// Asks what is meant if a text was changed to what looks like a number, true or false. In a CSV file all values are texts.
function AsValues({ job, cells, isOn, onSet }) {
  const isCsv = /\.(csv|tsv|txt)$/i.test(job.metadata?.file || "");
  const looksSo = cells.find(({ was, text }) => typeof was === "string" && text !== was && isScalar(text));
  if (isCsv || !looksSo) return null;
  return html`<p><label class="check"><input type="checkbox" checked=${isOn} onChange=${(event) => onSet(event.target.checked)} /> “${short(looksSo.text, 40)}” is ${/^[tf]/.test(looksSo.text) ? looksSo.text : "a number"}, and not a text, as the value before was</label></p>`;
}

function jsonOrText(text) {
  return faultInJson(text) ? text : readExactly(text);
}
