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

function CorrectItem({ job, failure, item, refresh, onClose, onDone }) {
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
  const save = async (event) => {
    event.preventDefault();
    if (isBusy) return;
    setError(null);
    setBusy(true);
    try {
      const value = asJson ? readItem(text) : itemOf(cells);
      await sendCorrections(job, [{ index, item: value }], { replaces: true, refresh });
      drafts.delete(key);
      onDone(value);
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };
  const giveUp = () => { drafts.delete(key); onClose(); };
  const toJson = () => {
    try { setText(exactText(itemOf(cells), 2)); setError(null); setAsJson(true); } catch (problem) { setError(problem); }
  };
  return html`<form ref=${form} class="correct" onSubmit=${save} onInput=${() => setChanged(true)}>
    ${asJson ? html`<label>Item ${count(index)} as JSON <textarea rows="8" spellcheck=${false} value=${text} onInput=${(event) => setText(event.target.value)}></textarea></label>`
      : cells.map((cell, at) => html`<label key=${cell.name}><bdi>${short(cell.name, 60)}</bdi>
        <input class=${cell.name === blamed ? "blamed" : ""} aria-invalid=${cell.name === blamed ? "true" : undefined} value=${cell.text} spellcheck=${false} onInput=${(event) => setCells(cells.map((one, other) => (other === at ? { ...one, text: event.target.value } : one)))} /></label>`)}
    ${error && html`<${ErrorNote} error=${error} />`}
    <p class="buttons"><button type="submit" class="primary" aria-disabled=${String(isBusy)}>Save the correction</button>
      <button type="button" onClick=${giveUp}>Go back</button>
      ${!asJson && html`<button type="button" class="link" onClick=${toJson}>Edit as JSON</button>`}</p>
    <p class="muted">Nothing runs yet: the job's next retry uses the new value.</p>
  </form>`;
}

function readItem(text) {
  try {
    return readExactly(text);
  } catch (error) {
    throw new Error(`This is not JSON: ${error.message}`);
  }
}

// A cell that was text stays text. Any other stays what it was if its text is unchanged, else it must be JSON, unless it was
// null or missing: a number does not become a text by accident.
function itemOf(cells) {
  const valueOf = ({ name, was, text }) => {
    if (text === cellOf(was)) return was;
    if (typeof was === "string") return text;
    return was === null || was === undefined ? jsonOrText(text) : jsonOfCell(name, was, text);
  };
  return Object.fromEntries(cells.map((cell) => [cell.name, valueOf(cell)]));
}

function jsonOrText(text) {
  try {
    return readExactly(text);
  } catch {
    return text;
  }
}
