// What the job does with the items, and when it stops.
const CANARY_ITEMS = 100;
const CANARY_FROM_ITEMS = 500;

// Text of a field that must be JSON, or nothing.
function readParams(text) {
  if (text.trim() === "") return { value: undefined };
  try {
    return { value: readExactly(text) };
  } catch (error) {
    return { error: `This is not JSON: ${error.message}` };
  }
}

function NewJobForm({ source, onSource, seen, onPlan, isSending }) {
  const [processors, setProcessors] = useState(null);
  const [known, setKnown] = useState({ limits: false });
  const [form, setForm] = useState({ processor: "", params: "", title: source.file.name.replace(/\.[^.]+$/, "").slice(0, LIMITS.titleChars), idField: "",
    tolerance: "all", tolerated: 10, toleratedPercent: 1, canary: seen.items >= CANARY_FROM_ITEMS, canaryItems: Math.min(CANARY_ITEMS, seen.items), itemsPerSecond: "", inFlight: "" });
  const [error, setError] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const set = (change) => setForm((old) => ({ ...old, ...change }));
  useEffect(() => {
    read("v1/processors").then(({ processors: all }) => { setProcessors(all); if (all.length === 1) set({ processor: all[0].name }); }, setError);
    features().then(setKnown, () => {});
  }, []);
  useEffect(() => { if (!isSending) setBusy(false); }, [isSending]);
  const processor = processors?.find(({ name }) => name === form.processor);
  const params = readParams(form.params);
  const start = async (event) => {
    event.preventDefault();
    if (isBusy) return;
    setError(null);
    setBusy(true);
    try {
      if (form.idField) await checkIds(source, form.idField, { say: () => {}, signal: new AbortController().signal });
      onPlan({ source, items: seen.items, chunkSize: processor.chunkSize, canary: form.canary ? Math.min(Number(form.canaryItems), seen.items) : 0, body: bodyOf(form, params.value, source) });
    } catch (problem) {
      setError(fileError(problem));
      setBusy(false);
    }
  };
  if (!processors) return error ? html`<${ErrorNote} error=${error} />` : html`<${Loading} what="processors" />`;
  return html`<form onSubmit=${start}>
    <section class="panel" aria-labelledby="what"><h2 id="what">2. What is done with each item</h2>
      <label>Processor <select value=${form.processor} required onChange=${(event) => set({ processor: event.target.value })}>
        <option value="" disabled>Choose …</option>${processors.map(({ name }) => html`<option key=${name} value=${name}>${short(name, 80)}</option>`)}</select></label>
      ${processor?.description && html`<p class="muted"><${Text} value=${processor.description} /></p>`}
      ${processor && html`<${Params} processor=${processor} form=${form} set=${set} params=${params} seen=${seen} source=${source} onSource=${onSource} />`}
    </section>
    <${Tolerance} form=${form} set=${set} seen=${seen} />
    <${MoreChoices} form=${form} set=${set} seen=${seen} known=${known} />
    ${error && html`<${ErrorNote} error=${error} />`}
    <p class="buttons"><button type="submit" class="primary" aria-disabled=${String(isBusy)} disabled=${Boolean(params.error) || seen.of !== source}>${isBusy ? "Checking …" : form.canary ? `Try the first ${count(Math.min(Number(form.canaryItems) || 0, seen.items))} items` : `Send ${counted(seen.items, "item")}`}</button>
      <span class="muted">${sendingWords(form, seen)}</span></p>
  </form>`;
}

function sendingWords(form, seen) {
  const stops = { all: "Every item is tried.", none: "The first failure stops the job.", count: `The job stops once more than ${count(Number(form.tolerated) || 0)} have failed.`, percent: `The job stops once more than ${form.toleratedPercent} % have failed.` }[form.tolerance];
  return `${form.canary ? "Then you are asked before the rest is sent. " : ""}${stops}`;
}

function bodyOf(form, params, source) {
  const body = { processor: form.processor, metadata: { file: source.file.name.slice(0, 200) } };
  const isText = form.processor === "json-schema" && source.format === "csv";
  if (form.processor === "json-schema") body.params = { schema: params === undefined ? true : params, ...(isText ? { text: true } : {}) };
  else if (params !== undefined) body.params = params;
  if (form.title.trim()) body.title = form.title;
  if (form.idField) body.idField = form.idField;
  body.toleratedFailures = { all: { percentage: 100 }, none: { count: 0 }, count: { count: Number(form.tolerated) }, percent: { percentage: Number(form.toleratedPercent) } }[form.tolerance];
  const limits = { ...(form.itemsPerSecond ? { itemsPerSecond: Number(form.itemsPerSecond) } : {}), ...(form.inFlight ? { inFlight: Number(form.inFlight) } : {}) };
  if (Object.keys(limits).length) body.limits = limits;
  return body;
}

// `json-schema` gets its schema, any other processor its params.
function Params({ processor, form, set, params, seen, source, onSource }) {
  const isSchema = processor.name === "json-schema";
  const load = async (event) => { const [file] = event.target.files; if (file) set({ params: await file.text() }); event.target.value = ""; };
  const members = Object.entries(processor.paramsSchema?.properties || {});
  if (!isSchema && members.length > 0 && members.every(([, member]) => isSimple(member))) return html`<${ParamFields} processor=${processor} members=${members} form=${form} set=${set} />`;
  return html`<label>${isSchema ? "JSON Schema of an item" : "Params, as JSON"}
      <textarea rows="6" spellcheck="false" value=${form.params} aria-invalid=${params.error ? "true" : "false"} onInput=${(event) => set({ params: event.target.value })}
        placeholder=${isSchema ? '{"required": ["email"], "properties": {"email": {"type": "string", "format": "email"}}}' : "{}"}></textarea></label>
    <p><input id="params-file" type="file" class="visually-hidden" accept=".json,application/json" onChange=${load} /><label class="button small" for="params-file">${isSchema ? "Take the schema from a file" : "Take it from a file"}</label></p>
    ${params.error && html`<${Note} tone="bad"><${Text} value=${params.error} /><//>`}
    ${!isSchema && members.length > 0 && html`<dl class="facts">${members.map(([name, { type, description }]) => html`<div key=${name}><dt><code>${short(name, 60)}</code> <span class="muted">${[type].flat().filter((one) => typeof one === "string").join(" or ")}</span></dt>
      <dd><${Text} value=${description || ""} /></dd></div>`)}</dl>`}
    ${isSchema && html`<${ColumnCheck} schema=${params.value} seen=${seen} source=${source} onSource=${onSource} />`}`;
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
    else next[name] = type === "string" ? text : jsonOrText(text);
    set({ params: Object.keys(next).length ? exactText(next) : "" });
  };
  return html`<div class="correct">${members.map(([name, member]) => {
    const common = { required: required.includes(name), value: given[name] === undefined ? "" : cellOf(given[name]), "aria-label": name };
    const choices = member.enum || (member.type === "boolean" ? [true, false] : null);
    return html`<label key=${name}><bdi>${short(name, 60)}</bdi>${choices
      ? html`<select ...${common} onChange=${(event) => change(name, member, event.target.value)}><option value=""></option>${choices.map((one) => html`<option key=${cellOf(one)}>${cellOf(one)}</option>`)}</select>`
      : html`<input ...${common} type=${member.type === "string" ? "text" : "number"} step="any" onInput=${(event) => change(name, member, event.target.value)} />`}
      ${member.description && html`<span class="muted"><${Text} value=${member.description} /></span>`}</label>`;
  })}</div>`;
}

const TONE_ICONS = { good: "✓", warn: "!", bad: "✕", info: "–" };

// The names that the file's columns were given for a schema's.
function renamings(source) {
  return Object.entries(source.renamed || {});
}

// Lets a column of the file stand for one that the schema wants.
function TakeFrom({ name, checks, source, onSource }) {
  const taken = renamings(source).find(([, to]) => to === name)?.[0];
  const spare = checks.filter(({ isInFile, isKnown }) => isInFile && !isKnown).map((check) => check.name);
  if (source.format !== "csv" || (!taken && spare.length === 0)) return null;
  const choose = (event) => {
    const others = Object.fromEntries(renamings(source).filter(([, to]) => to !== name));
    onSource({ ...source, renamed: event.target.value ? { ...others, [event.target.value]: name } : others });
  };
  return html` <select aria-label=${`Column of the file for ${name}`} value=${taken || ""} onChange=${choose}>
    <option value="">${taken ? "not from another column" : "take it from …"}</option>${(taken ? [taken, ...spare] : spare).map((one) => html`<option key=${one} value=${one}>from “${short(one, 60)}”</option>`)}</select>`;
}

function ColumnCheck({ schema, seen, source, onSource }) {
  if (schema === undefined) return html`<p class="muted">Without a schema every item is accepted.</p>`;
  const checks = checkColumns(schema, seen);
  const bad = checks.filter(({ tone }) => tone === "bad").length;
  if (checks.length === 0) return html`<p class="muted">This schema names no columns, so they cannot be compared with the file.</p>`;
  return html`<h3>Columns of the file and of the schema</h3>
    <p role="status">${bad ? html`<strong>${counted(bad, "column")} will make items fail.</strong>` : "The columns fit the schema."}${source.format === "csv" ? " Texts are turned into the types of the schema." : ""}</p>
    <div class="scroll" tabindex="0" role="region" aria-label="Columns"><table><thead><tr><th scope="col">Column</th><th scope="col">The schema wants</th><th scope="col">Check</th></tr></thead>
    <tbody>${checks.map(({ name, wanted, tone, says, isKnown, isInFile }) => html`<tr key=${name}><th scope="row"><bdi>${short(name, 60)}</bdi></th><td><bdi>${short(wanted, 160)}</bdi></td>
      <td class=${`tone-${tone}`}><span aria-hidden="true">${TONE_ICONS[tone]}</span> ${says}
        ${isKnown && (!isInFile || renamings(source).some(([, to]) => to === name)) && html`<${TakeFrom} name=${name} checks=${checks} source=${source} onSource=${onSource} />`}</td></tr>`)}</tbody></table></div>`;
}

function Tolerance({ form, set, seen }) {
  const radio = (value, label) => html`<label class="check"><input type="radio" name="tolerance" value=${value} checked=${form.tolerance === value} onChange=${() => set({ tolerance: value })} /> <span>${label}</span></label>`;
  // A number is checked only if it is used, and typing it chooses what it is for.
  const number = (name, label, isUsed, use, limits) => html`<input type="number" class="narrow" aria-label=${label} value=${form[name]}
    onInput=${(event) => set({ ...use, [name]: event.target.value })} ...${isUsed ? { ...limits, required: true } : {}} />`;
  return html`<section class="panel" aria-labelledby="stops"><fieldset><legend id="stops"><h2>3. When items fail</h2></legend>
    ${radio("all", "Go on to the end and list everything that failed. You can correct those items and retry them.")}
    ${radio("none", "Stop at the first failure. Items that did not run are kept for a retry.")}
    <div class="row">${radio("count", "Stop once more than this many have failed:")} ${number("tolerated", "Failures tolerated", form.tolerance === "count", { tolerance: "count" }, { min: 0, step: 1 })}</div>
    <div class="row">${radio("percent", "Stop once more than this share has failed, in per cent:")} ${number("toleratedPercent", "Per cent tolerated", form.tolerance === "percent", { tolerance: "percent" }, { min: 0, max: 100, step: "any" })}</div>
    ${seen.items > 1 && html`<div class="row"><label class="check"><input type="checkbox" checked=${form.canary} onChange=${(event) => set({ canary: event.target.checked })} /> <span>First try only some items, show what failed, and ask before the rest is sent:</span></label>
      ${number("canaryItems", "Items to try first", form.canary, { canary: true }, { min: 1, max: seen.items, step: 1 })}</div>`}
  </fieldset></section>`;
}

function MoreChoices({ form, set, seen, known }) {
  const columns = [...seen.columns.keys()];
  const input = (event, name) => set({ [name]: event.target.value });
  return html`<section class="panel" aria-labelledby="names"><h2 id="names">4. How you find it again</h2>
    <div class="filters"><label class="grow">Title <input value=${form.title} maxlength=${LIMITS.titleChars} onInput=${(event) => input(event, "title")} /></label>
      ${columns.length > 0 && html`<label>Column with each item's id <select value=${form.idField} onChange=${(event) => input(event, "idField")}>
        <option value="">none</option>${columns.map((name) => html`<option key=${name} value=${name}>${short(name, 60)}</option>`)}</select></label>`}
      ${known.limits && html`<label>At most items/s <input type="number" class="narrow" min="0.01" max="10000" step="any" value=${form.itemsPerSecond} onInput=${(event) => input(event, "itemsPerSecond")} /></label>
        <label>At the same time <input type="number" class="narrow" min="1" max="1000" step="1" value=${form.inFlight} onInput=${(event) => input(event, "inFlight")} /></label>`}
    </div></section>`;
}
