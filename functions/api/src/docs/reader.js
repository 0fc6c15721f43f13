// The reader: contents, guide, calls and schemas.
const METHODS = ["get", "post", "put", "patch", "delete"];

// In the order in which they are used. What is not named here comes last.
const ORDER = ["post_job", "get_job_status", "list_jobs", "group_job_failures", "list_job_failures", "correct_items", "retry_job", "list_job_results", "list_job_items", "pause_job", "resume_job", "cancel_job", "delete_job",
  "put_job_part", "seal_job", "list_job_parts", "make_job_token", "end_job_tokens", "list_processors", "healthz"];

function callsOf(api) {
  const placeOf = ({ operation }) => (ORDER.indexOf(operation.operationId) + 1) || ORDER.length + 1;
  const calls = Object.entries(api.paths).flatMap(([path, item]) => METHODS.filter((method) => item[method]).map((method) => ({ path, method, operation: item[method] })));
  return calls.sort((one, other) => placeOf(one) - placeOf(other));
}

// Names in a text are written between backticks.
function Prose({ text }) {
  return (text || "").split("`").map((part, at) => (at % 2 ? html`<code>${part}</code>` : part));
}

// A type in words, in which each schema's name leads to the schema.
function Type({ words, api }) {
  return words.split(/(\w+)/).map((word) => (Object.hasOwn(api.components.schemas, word) ? html`<a href=${`#schema-${word}`}>${word}</a>` : word));
}

// A place that is closed opens when somebody goes there.
function showPlace() {
  const place = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (place instanceof HTMLDetailsElement) place.open = true;
  place?.scrollIntoView();
}

// A block to be copied. Without a clipboard there is no button.
function Block({ id, children }) {
  const [isCopied, setCopied] = useState(false);
  const block = useRef(null);
  const copy = () => navigator.clipboard.writeText(block.current.textContent).then(() => setCopied(true), () => {});
  return html`<div class="block"><pre id=${id} tabindex="0" ref=${block}>${children}</pre>${navigator.clipboard && html`<button type="button" class="small" onClick=${copy}>${isCopied ? "Copied" : "Copy"}</button>`}</div>`;
}

function Table({ name, head, rows }) {
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${name}><table><thead><tr>${head.map((text) => html`<th key=${text} scope="col">${text}</th>`)}</tr></thead>
    <tbody>${rows.map(([first, ...rest]) => html`<tr key=${first}><th scope="row"><code>${first}</code></th>${rest.map((text, at) => html`<td key=${at}>${typeof text === "string" ? html`<${Prose} text=${text} />` : text}</td>`)}</tr>`)}</tbody></table></div>`;
}

function contentOf(holder) {
  return Object.entries(holder.content || {}).map(([media, { schema }]) => `${typeOf(schema)} as ${media}`).join("; ");
}

function Call({ api, path, method, operation }) {
  const parameters = (operation.parameters || []).map((one) => [one.name, one.in + (one.required ? ", required" : ""), html`<${Type} words=${typeOf(one.schema)} api=${api} />`, one.description || ""]);
  const answers = Object.entries(operation.responses).map(([status, answer]) => [status, html`<${Type} words=${contentOf(answer)} api=${api} />`, answer.description]);
  const good = Object.entries(operation.responses).find(([status]) => status.startsWith("2"))?.[1].content?.["application/json"];
  return html`<article id=${operation.operationId}>
    <h3 class="call-title"><span class=${`method ${method.toUpperCase()}`}>${method.toUpperCase()}</span> <code>${path}</code></h3>
    <p><${Prose} text=${operation.summary} /></p>${operation.description && html`<p><${Prose} text=${operation.description} /></p>`}
    <${Block}>${curl(path, method, operation)}<//>
    ${parameters.length > 0 && html`<${Table} name=${`Parameters of ${operation.operationId}`} head=${["Parameter", "In", "Type", "Meaning"]} rows=${parameters} />`}
    ${operation.requestBody && html`<p>Body: <${Type} words=${contentOf(operation.requestBody)} api=${api} />${operation.requestBody.description ? `. ${operation.requestBody.description}` : ""}</p>`}
    ${good && html`<details><summary>Example of an answer</summary><pre tabindex="0">${JSON.stringify(exampleOf(good, api), null, 2)}</pre></details>`}
    <details><summary>All answers: ${answers.map(([status]) => status).join(", ")}</summary><${Table} name=${`Answers of ${operation.operationId}`} head=${["Status", "Body", "When"]} rows=${answers} /></details>
  </article>`;
}

function SchemaOf({ name, schema, api }) {
  const required = new Set(schema.required || []);
  const rows = Object.entries(schema.properties || {}).map(([member, of]) => [member, html`<${Type} words=${typeOf(of) + (required.has(member) ? "" : ", optional")} api=${api} />`, of.description || ""]);
  return html`<details id=${`schema-${name}`}><summary>${name}</summary><p><${Prose} text=${schema.description} /></p>
    ${rows.length > 0 ? html`<${Table} name=${name} head=${["Member", "Type", "Meaning"]} rows=${rows} />` : html`<pre tabindex="0">${JSON.stringify(schema, null, 2)}</pre>`}</details>`;
}

function Contents({ calls }) {
  const link = (id, text) => html`<li key=${id}><a href=${`#${id}`}>${text}</a></li>`;
  return html`<nav class="contents" aria-label="Contents"><ul>${[["guide", "Guide"], ["authentication", "Authentication"], ["embed", "In your own page"], ["paging", "Paging"], ["errors", "Errors"]].map(([id, text]) => link(id, text))}</ul>
    <ul>${calls.map(({ operation }) => link(operation.operationId, (operation.summary || operation.operationId).replace(/[.:;].*/s, "").replaceAll("`", "")))}</ul><ul>${link("schemas", "Schemas")}</ul></nav>`;
}

function Reader() {
  const [api, setApi] = useState(null);
  const [error, setError] = useState(null);
  useEffect(() => {
    fetch(`${BASE}openapi.json`, { cache: "no-cache" }).then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(`the server answered ${answer.status}`)))).then(setApi, setError);
  }, []);
  // The browser looked for the place in the address before it was there.
  useEffect(() => {
    if (api && location.hash) showPlace();
    window.addEventListener("hashchange", showPlace);
    return () => window.removeEventListener("hashchange", showPlace);
  }, [api]);
  const calls = api ? callsOf(api) : [];
  return html`<header><a class="brand" href=${BASE}><span class="logo" aria-hidden="true"><i></i><i></i><i></i></span> Headway</a><nav aria-label="Main"><a href=${BASE}>Jobs</a><a href="openapi.json">openapi.json</a></nav></header>
    <main><h1>${api ? `${api.info.title} ${api.info.version}: the API` : "Headway: the API"}</h1>
    ${error && html`<div class="note bad" role="alert"><strong>The document could not be read.</strong> ${error.message}. Reload the page.</div>`}
    ${!api && !error && html`<p role="status" class="loading"><span class="spinner" aria-hidden="true"></span> Loading …</p>`}
    ${api && html`<p>${api.info.description} Any OpenAPI 3.1 tool can read <a href="openapi.json">openapi.json</a>.</p>
      <div class="docs"><${Contents} calls=${calls} />
        <div><${Guide} problems=${api["x-problem-types"]} canCorrect=${Boolean(api.paths["/v1/jobs/{job_id}/items"]?.patch)} /><h2>Calls</h2>
          ${calls.map((call) => html`<${Call} key=${call.operation.operationId} api=${api} ...${call} />`)}
          <article id="schemas"><h2>Schemas</h2>${Object.entries(api.components.schemas).map(([name, schema]) => html`<${SchemaOf} key=${name} name=${name} schema=${schema} api=${api} />`)}</article></div></div>`}
    </main>`;
}

render(html`<${Reader} />`, document.getElementById("app"));
