// What the job does with the items, and when it stops.
const CANARY_ITEMS = 100;
const CANARY_FROM_ITEMS = 500;

// Text of a field that must be JSON, or nothing. A byte-order mark that was copied from a file says nothing.
function readParams(typed) {
  const text = typed.startsWith(MARK) ? typed.slice(MARK.length) : typed;
  if (text.trim() === "") return { value: undefined };
  try {
    return { value: readTyped(text) };
  } catch (error) {
    return { error: error.message };
  }
}

// A file of params for the command has the schema as a member.
function isParamsDocument(value) {
  return isPlainObject(value) && Object.hasOwn(value, "schema") && Object.keys(value).every((name) => name === "schema" || name === "text");
}

// The params of `json-schema`. Cells of a CSV file are texts, and are turned into the types of the schema unless that is refused.
function schemaParams(value, source) {
  const { schema = true, text = source.format === "csv" } = isParamsDocument(value) ? value : { schema: value };
  return { schema, ...(text ? { text } : {}) };
}

// A job with a file of this name whose sending was interrupted.
async function begunWith(name) {
  const { jobs } = await read(`v1/jobs?pageSize=${JOBS_PER_SEARCH}`);
  return jobs.find((job) => !job.sealed && isLive(job) && job.metadata?.file === name.slice(0, 200));
}

function paramsWordsOf(name) {
  return name === "json-schema" ? "JSON Schema of an item" : "Params";
}

function NewJobForm({ source, onSource, seen, onPlan, isSending }) {
  const [processors, setProcessors] = useState(null);
  const [callbacks, setCallbacks] = useState([]);
  const [known, setKnown] = useState({ limits: false });
  const draft = drafts.get(DRAFT_OF_NEW_JOB);
  const [form, setForm] = useState(draft?.source.file === source.file ? draft.form : { processor: "", params: "", title: source.file.name.replace(/\.[^.]+$/, "").slice(0, LIMITS.titleChars), idField: "",
    tolerance: "all", tolerated: 10, toleratedPercent: 1, canary: seen.items >= CANARY_FROM_ITEMS, canaryItems: Math.min(CANARY_ITEMS, seen.items), itemsPerSecond: "", inFlight: "", callback: "" });
  const [error, setError] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const [isTyped, setTyped] = useState(Boolean(draft));
  const [begun, setBegun] = useState(null);
  const isAnother = useRef(false);
  const fill = (change) => setForm((old) => ({ ...old, ...change }));
  // Not in a listener of the form: what it drew before a box's own event would take the click back.
  const set = (change) => { setTyped(true); fill(change); };
  useEffect(() => {
    read("v1/processors").then(({ processors: all, callbacks: endpoints }) => { setProcessors(all); setCallbacks(endpoints || []); if (all.length === 1) fill({ processor: all[0].name }); }, setError);
    features().then(setKnown, () => {});
  }, []);
  useEffect(() => { if (!isSending) setBusy(false); }, [isSending]);
  useUnsaved(isTyped && !isSending);
  useDraft(DRAFT_OF_NEW_JOB, isTyped && !isSending, { source, form });
  const processor = processors?.find(({ name }) => name === form.processor);
  const params = readParams(form.params);
  const ids = useIdCheck(source, form.idField);
  const start = async (event) => {
    event.preventDefault();
    if (isBusy) return;
    setError(null);
    setBusy(true);
    try {
      const fault = await ids.ended();
      // Another column was chosen meanwhile.
      if (fault?.name === "AbortError") return setBusy(false);
      if (fault) throw fault;
      const body = { ...bodyOf(form, params.value, source), metadata: await metadataOf(source, seen) };
      const begun = isAnother.current ? null : await begunWith(source.file.name);
      setBegun(begun);
      if (begun) return setBusy(false);
      // What the server would refuse is said here, beside what was typed.
      await post("v1/jobs?validateOnly=true", { ...body, sealed: false, expectedItems: seen.items });
      onPlan({ source, items: seen.items, hashes: seen.hashes, chunkSize: processor.chunkSize, canary: isTrial(form, seen) ? Number(form.canaryItems) : 0, body });
    } catch (problem) {
      setError(inForm(problem, paramsWordsOf(form.processor)));
      setBusy(false);
    }
  };
  if (!processors) return error ? html`<${ErrorNote} error=${error} />` : html`<${Loading} what="processors" />`;
  return html`<form onSubmit=${start}>
    <section class="panel" aria-labelledby="what"><h2 id="what">2. What is done with each item</h2>
      <div class="filters"><label>Processor <select value=${form.processor} required onChange=${(event) => set({ processor: event.target.value })}>
        <option value="" disabled>Choose …</option>${processors.map(({ name }) => html`<option key=${name} value=${name}>${short(name, 80)}</option>`)}</select></label></div>
      ${processor?.description && html`<p class="muted"><${Text} value=${processor.description} /></p>`}
      ${processor && html`<${Params} processor=${processor} form=${form} set=${set} params=${params} refused=${error?.ofParams || []} seen=${seen} source=${source} onSource=${onSource} />`}
    </section>
    <${Tolerance} form=${form} set=${set} seen=${seen} />
    <${MoreChoices} form=${form} set=${set} seen=${seen} known=${known} callbacks=${callbacks} ids=${ids} />
    ${error && html`<${ErrorNote} error=${error} />`}
    ${begun && html`<${Note} tone="warn" title="A job with this file was begun already."> ${count(begun.totalItems)} of its items were sent, <${Time} at=${begun.createdAt} />.
      <p class="buttons"><a class="button primary" href=${`#/jobs/${begun.id}`}>Send the rest to that job</a><button type="submit" onClick=${() => { isAnother.current = true; }}>Start another job</button></p><//>`}
    <p class="buttons"><button type="submit" class="primary" aria-disabled=${String(isBusy)} disabled=${Boolean(params.error) || seen.of !== source}>${isBusy ? "Checking …" : isTrial(form, seen) ? `Try the first ${counted(Number(form.canaryItems) || 0, "item")}` : `Send ${counted(seen.items, "item")}`}</button>
      <span class="muted">${sendingWords(form, seen)}</span></p>
  </form>`;
}

// A trial of all items is none: nothing is left to be asked about.
function isTrial(form, seen) {
  return form.canary && Number(form.canaryItems) < seen.items;
}

function sendingWords(form, seen) {
  const stops = { all: "Every item is tried.", none: "The first failure stops the job.", count: `The job stops once more than ${count(Number(form.tolerated) || 0)} have failed.`, percent: `The job stops once more than ${form.toleratedPercent} % have failed.` }[form.tolerance];
  return `${isTrial(form, seen) ? "Then you are asked before the rest is sent. " : ""}${stops}`;
}

function bodyOf(form, params, source) {
  const body = { processor: form.processor };
  if (form.processor === "json-schema") body.params = schemaParams(params, source);
  else if (params !== undefined) body.params = params;
  if (form.title.trim()) body.title = form.title;
  if (form.idField) body.idField = form.idField;
  if (form.callback) body.callback = form.callback;
  body.toleratedFailures = { all: { percentage: 100 }, none: { count: 0 }, count: { count: Number(form.tolerated) }, percent: { percentage: Number(form.toleratedPercent) } }[form.tolerance];
  const limits = { ...(form.itemsPerSecond ? { itemsPerSecond: Number(form.itemsPerSecond) } : {}), ...(form.inFlight ? { inFlight: Number(form.inFlight) } : {}) };
  if (Object.keys(limits).length) body.limits = limits;
  return body;
}

// `json-schema` gets its schema, any other processor its params.
function Params({ processor, form, set, params, refused, seen, source, onSource }) {
  const isSchema = processor.name === "json-schema";
  const load = async (event) => { const [file] = event.target.files; if (file) set({ params: await file.text() }); event.target.value = ""; };
  const members = Object.entries(processor.paramsSchema?.properties || {});
  if (!isSchema && members.length > 0 && members.every(([, member]) => isSimple(member))) return html`<${ParamFields} processor=${processor} members=${members} form=${form} set=${set} />`;
  return html`<label>${isSchema ? paramsWordsOf(processor.name) : "Params, as JSON"}
      <textarea rows="6" spellcheck=${false} value=${form.params} aria-invalid=${params.error || refused.length ? "true" : "false"} onInput=${(event) => set({ params: event.target.value })}
        placeholder=${isSchema ? '{"required": ["email"], "properties": {"email": {"type": "string", "format": "email"}}}' : "{}"}></textarea></label>
    <p><input id="params-file" type="file" class="visually-hidden" accept=".json,application/json" onChange=${load} /><label class="button small" for="params-file">${isSchema ? "Take the schema from a file" : "Take it from a file"}</label></p>
    ${params.error && html`<${Note} tone="bad"><${Text} value=${params.error} /><//>`}
    ${refused.length > 0 && html`<${Note} tone="bad" isQuiet title="The server refuses this."><ul>${refused.map((one) => html`<li key=${one}><${Text} value=${one} /></li>`)}</ul><//>`}
    ${!isSchema && members.length > 0 && html`<dl class="facts">${members.map(([name, { type, description }]) => html`<div key=${name}><dt><code>${short(name, 60)}</code> <span class="muted">${[type].flat().filter((one) => typeof one === "string").join(" or ")}</span></dt>
      <dd><${Text} value=${description || ""} /></dd></div>`)}</dl>`}
    ${isSchema && html`<${ColumnCheck} schema=${isParamsDocument(params.value) ? params.value.schema : params.value} isText=${Boolean(schemaParams(params.value, source).text)} seen=${seen} source=${source} onSource=${onSource} />`}`;
}

// A member that one field of a form can hold.
function isSimple(member) {
  return isPlainObject(member) && (Array.isArray(member.enum) || ["string", "integer", "number", "boolean"].includes(member.type));
}

// Params whose members are all simple are filled in as a form.
function ParamFields({ processor, members, form, set }) {
  const { value = {} } = readParams(form.params);
  const given = isPlainObject(value) ? value : {};
  const required = processor.paramsSchema.required || [];
  const change = (name, { type }, text) => {
    const next = { ...given };
    if (text === "") delete next[name];
    else setMember(next, name, type === "string" ? text : jsonOrText(text));
    set({ params: Object.keys(next).length ? exactText(next) : "" });
  };
  return html`<div class="correct">${members.map(([name, member]) => {
    const common = { required: required.includes(name), value: cellOf(memberOf(given, name)), "aria-label": name };
    const choices = member.enum || (member.type === "boolean" ? [true, false] : null);
    return html`<label key=${name}><bdi>${short(name, 60)}</bdi>${choices
      ? html`<select ...${common} onChange=${(event) => change(name, member, event.target.value)}><option value="" disabled=${common.required}>${common.required ? "Choose …" : "none"}</option>${choices.map((one) => html`<option key=${cellOf(one)}>${cellOf(one)}</option>`)}</select>`
      : html`<input ...${common} type=${member.type === "string" ? "text" : "number"} step="any" onInput=${(event) => change(name, member, event.target.value)} />`}
      ${member.description && html`<span class="muted"><${Text} value=${member.description} /></span>`}</label>`;
  })}</div>`;
}

function Tolerance({ form, set, seen }) {
  const radio = (value, label) => html`<label class="check"><input type="radio" name="tolerance" value=${value} checked=${form.tolerance === value} onChange=${() => set({ tolerance: value })} /> <span>${label}</span></label>`;
  // A number is checked only if it is used, and typing it chooses what it is for.
  const number = (name, label, isUsed, use, limits) => html`<input type="number" class="narrow" aria-label=${label} value=${form[name]}
    onInput=${(event) => set({ ...use, [name]: event.target.value })} ...${isUsed ? { ...limits, required: true } : {}} />`;
  return html`<section class="panel" aria-labelledby="stops"><fieldset><legend id="stops"><h2>3. When items fail</h2></legend>
    ${radio("all", "Go on to the end and list everything that failed. You can correct those items and retry them.")}
    ${radio("none", "Stop at the first failure. Items that are being worked on at that moment still end, which may be hundreds; the others are kept for a retry.")}
    <div class="row">${radio("count", "Stop once more than this many have failed:")} ${number("tolerated", "Failures tolerated", form.tolerance === "count", { tolerance: "count" }, { min: 0, step: 1 })}</div>
    <div class="row">${radio("percent", "Stop once more than this share has failed, in per cent:")} ${number("toleratedPercent", "Per cent tolerated", form.tolerance === "percent", { tolerance: "percent" }, { min: 0, max: 100, step: "any" })}</div>
    ${seen.items > 1 && html`<div class="row"><label class="check"><input type="checkbox" checked=${form.canary} onChange=${(event) => set({ canary: event.target.checked })} /> <span>First try only some items, show what failed, and ask before the rest is sent:</span></label>
      ${number("canaryItems", "Items to try first", form.canary, { canary: true }, { min: 1, max: seen.items, step: 1 })}</div>`}
  </fieldset></section>`;
}

function MoreChoices({ form, set, seen, known, callbacks, ids }) {
  const columns = [...seen.columns.keys()];
  const input = (event, name) => set({ [name]: event.target.value });
  const parts = ["Name", ...(known.limits ? ["limits"] : []), ...(callbacks.length > 0 ? ["who is told"] : [])];
  return html`<section class="panel" aria-labelledby="names"><h2 id="names">4. ${parts.length > 1 ? `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}` : parts[0]}</h2>
    <div class="filters"><label class="grow">Title <input value=${form.title} maxlength=${LIMITS.titleChars} onInput=${(event) => input(event, "title")} /></label>
      ${columns.length > 0 && html`<label>Column with each item's id <select value=${form.idField} onChange=${(event) => input(event, "idField")}>
        <option value="">none</option>${columns.map((name) => html`<option key=${name} value=${name}>${short(name, 60)}</option>`)}</select></label>`}
      ${known.limits && html`<label>At most items/s <input type="number" class="narrow" min="0.01" max="10000" step="any" value=${form.itemsPerSecond} onInput=${(event) => input(event, "itemsPerSecond")} /></label>
        <label>At the same time <input type="number" class="narrow" min="1" max="1000" step="1" value=${form.inFlight} onInput=${(event) => input(event, "inFlight")} /></label>`}
      ${callbacks.length > 0 && html`<label>Endpoint to be told when it ends <select value=${form.callback} onChange=${(event) => input(event, "callback")}>
        <option value="">none</option>${callbacks.map((name) => html`<option key=${name} value=${name}>${short(name, 60)}</option>`)}</select></label>`}
    </div><${IdCheck} field=${form.idField} check=${ids} /></section>`;
}
