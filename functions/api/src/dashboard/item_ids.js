// Checks the ids of a file's items before anything is sent, by the rules of ids.rs and the same table of items: a member that is a text or
// an integer, of which no digit is lost.
const MEMBERS_SHOWN_MAX = 8;

// The ids of all items, checked over the whole file: the API checks them only within a request.
async function checkIds(source, field, { say, signal }) {
  const lines = new Map();
  for await (const { text, line, names } of itemsOf(source)) {
    signal.throwIfAborted();
    const { id, fault } = idOf(text, field, names);
    if (fault) throw new FileProblem(`${fault}. Choose another id column, or none.`, line);
    const before = lines.get(id);
    if (before !== undefined) throw new FileProblem(`its “${short(field, 60)}” is “${short(id, 60)}”, the same as that of the item in line ${count(before)}: each item needs an id of its own.`, line);
    lines.set(id, line);
    if (lines.size % SAY_EACH === 0) { say(lines.size); await sleep(0); }
  }
}

// An item's id, or what is wrong with it.
function idOf(text, field, names) {
  const written = memberText(text, field);
  const name = `its “${short(field, 60)}”`;
  if (written === undefined) return { fault: `it has no “${short(field, 60)}”${knownWords(text, names)}` };
  const id = written.startsWith('"') ? JSON.parse(written) : /^-?\d+$/.test(written) ? written : undefined;
  if (id === undefined) return { fault: `${name} is ${short(written, 40)}, but an id is a text or an integer` };
  if (id === "") return { fault: `${name} is empty, but an id must not be` };
  return [...id].length > LIMITS.idChars ? { fault: `${name} is longer than ${count(LIMITS.idChars)} characters, the most of an id` } : { id };
}

// The item's members, in case another one was meant.
function knownWords(text, names) {
  const item = names ? null : JSON.parse(text);
  if (!names && !isPlainObject(item)) return ": it is no object";
  const known = names || Object.keys(item);
  return `; its members are ${known.slice(0, MEMBERS_SHOWN_MAX).map((name) => short(name, 40)).join(", ")}${known.length > MEMBERS_SHOWN_MAX ? ", …" : ""}`;
}

// Looks through all ids as soon as their column is chosen. `ended()` resolves to the problem, or null.
function useIdCheck(source, field) {
  const [state, setState] = useState({ isBusy: false });
  const ended = useRef(Promise.resolve(null));
  useEffect(() => {
    setState({ isBusy: field !== "", items: 0 });
    ended.current = Promise.resolve(null);
    if (field === "") return undefined;
    const stop = new AbortController();
    const say = (items) => setState({ isBusy: true, items });
    ended.current = checkIds(source, field, { say, signal: stop.signal }).then(() => null, fileError);
    ended.current.then((problem) => { if (!stop.signal.aborted) setState({ isBusy: false, problem }); });
    return () => stop.abort();
  }, [source, field]);
  return { ...state, ended: () => ended.current };
}

function IdCheck({ field, check: { isBusy, items, problem } }) {
  if (field === "") return null;
  if (isBusy) return html`<${Busy} says="Looking at the ids …">${counted(items, "item")}<//>`;
  return problem ? html`<${Note} tone="bad" title="This column cannot be used for the ids."><${Text} value=${problem.message} /><//>` : html`<p class="muted" role="status">Each item has an id of its own.</p>`;
}
