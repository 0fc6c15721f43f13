// The element, as a page has it.
const EMBED = `<script src="${HOST}embed.js" integrity="${JSON.parse(document.getElementById("integrity").textContent)}" crossorigin="anonymous" defer><${"/"}script>
<headway-job job="7c9e6679-7425-40de-944b-e07fc1f90ae7" token="eyJ…"></headway-job>`;

// What the document does not say: how the calls belong together.
function Guide({ problems, canCorrect }) {
  return html`
  <article id="guide"><h2>Guide</h2>
    <p>A <strong>job</strong> is a list of items that a <strong>processor</strong> works through. You hand it over, get its id at once, and read its progress until it has ended.
      Counts always add up: processed, failed and pending items are all items.</p>
    <p>Each call needs a token (see <a href="#authentication">Authentication</a>). On your own machine <code>headway</code> makes one, for the user whose jobs the dashboard of <code>headway serve</code> shows:</p>
    <${Block} id="token">export TOKEN=$(headway token --user dev)<//>
    <p>Start a job, and keep its id:</p>
    <${Block}>${`export HEADWAY=${HOST.replace(/\/$/, "")}
JOB=$(curl -s "$HEADWAY/v1/jobs" -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
  -H "Idempotency-Key: airports-november" -d '{
    "processor": "json-schema", "title": "Airports, November", "idField": "iata",
    "params": {"schema": {"properties": {"iata": {"type": "string", "maxLength": 3}}}},
    "toleratedFailures": {"percentage": 100},
    "items": [{"iata": "ZRH"}, {"iata": "TOOLONG"}]}' | jq -r .id)`}<//>
    <p>Read it until it has ended and <code>settling</code> is false. Wait as long as <code>Retry-After</code> says, and send the <code>ETag</code> back: 304 means that nothing has changed.</p>
    <${Block}>${`curl -i "$HEADWAY/v1/jobs/$JOB" -H "Authorization: Bearer $TOKEN"`}<//>
    <p>See what failed, in groups and item by item, and read the results:</p>
    <${Block}>${`curl "$HEADWAY/v1/jobs/$JOB/failures/groups" -H "Authorization: Bearer $TOKEN"
curl "$HEADWAY/v1/jobs/$JOB/failures?format=csv" -H "Authorization: Bearer $TOKEN"
curl "$HEADWAY/v1/jobs/$JOB/results?format=ndjson" -H "Authorization: Bearer $TOKEN"`}<//>
    ${canCorrect && html`<p>Correct an item that failed. The next retry runs the new value.</p>
    <${Block} id="correct">${`curl -X PATCH "$HEADWAY/v1/jobs/$JOB/items" -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/x-ndjson" \\
  --data-binary '{"index": 1, "item": {"iata": "BSL"}}'`}<//>`}
    <p>Run the failed items again, as the next round. Naming the round makes it safe to send twice.</p>
    <${Block}>${`curl -X POST "$HEADWAY/v1/jobs/$JOB/retry" -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" -d '{"round": 1}'`}<//>
    <p>More items than fit in a request follow as parts: start with <code>"sealed": false</code>, send parts of NDJSON, then seal the job.</p>
    <${Block}>${`printf '{"iata": "ZRH"}\\n{"iata": "BSL"}\\n' > items.ndjson
JOB=$(curl -s "$HEADWAY/v1/jobs" -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
  -d '{"processor": "json-schema", "params": {"schema": {"type": "object"}}, "sealed": false}' | jq -r .id)
curl -X PUT "$HEADWAY/v1/jobs/$JOB/parts/0?firstIndex=0" -H "Authorization: Bearer $TOKEN" \\
  -H "Content-Type: application/x-ndjson" --data-binary @items.ndjson
curl -X POST "$HEADWAY/v1/jobs/$JOB/seal" -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" -d '{"parts": 1}'`}<//>
  </article>
  <article id="authentication"><h2>Authentication</h2>
    <p>Each call under <code>/v1</code> needs a token: <code>Authorization: Bearer …</code>, a JWT from the issuer that the operator has configured. Its subject, or another claim that the
      operator chose, is the owner of the jobs. Another owner's job is 404, as one that does not exist.</p>
    <p>If the operator requires scopes: <code>jobs:read</code> to read, <code>jobs:write</code> for the rest, <code>jobs:act</code> for cancelling, pausing, resuming, correcting and retrying alone, <code>jobs:operate</code> to see and hold any owner's job without its items. A backend with <code>jobs:delegate</code> names the owner it acts for in the header <code>Headway-Owner</code>; without that scope the header is refused.</p>
    <p>A page that follows one job needs no token of its user: the backend makes a token for this job alone, and the page sends it below <code>/embed</code>.</p>
    <${Block}>${`JOB_TOKEN=$(curl -s "$HEADWAY/v1/jobs/$JOB/tokens" -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
  -d '{"allow": "read", "ttlSeconds": 3600}' | jq -r .token)
curl "$HEADWAY/embed/v1/jobs/$JOB" -H "Authorization: Bearer $JOB_TOKEN"`}<//>
    <p>All tokens of a job that were made so far can be ended. A page that is to go on asks its backend for a new one.</p>
    <${Block}>curl -X DELETE "$HEADWAY/v1/jobs/$JOB/tokens" -H "Authorization: Bearer $TOKEN"<//>
  </article>
  <article id="embed"><h2>In your own page</h2>
    <p>A page of yours can show a job with the element <code>headway-job</code>. Your backend makes a token for the job and puts it into the page; the operator lists
      the page's origin (<code>HEADWAY_ORIGINS</code>).</p>
    <${Block}>${EMBED}<//>
    <p>The hash is that of the script that this server has now. It is also at <a href="embed/integrity.json">embed/integrity.json</a>: read it when you build the page, or leave the attribute out.</p>
  </article>
  <article id="paging"><h2>Paging</h2>
    <p>A list has <code>nextPageToken</code>. Give it back as <code>pageToken</code> until it is null: only null is the end, since a page may be short or even empty. NDJSON and CSV carry the next
      query in the header <code>Link</code>; pages joined are one file. A token is valid for 24 hours, for one owner, list and query, and until a retry.</p>
    <${Block}>${`curl "$HEADWAY/v1/jobs?status=Failed&pageSize=100&pageToken=$NEXT" -H "Authorization: Bearer $TOKEN"`}<//>
  </article>
  <article id="errors"><h2>Errors</h2>
    <p>Every refusal is <code>application/problem+json</code>. Programs go by <code>type</code>, people read <code>detail</code>; <code>errors</code> says where in the body. After 429 and 503 wait as long as${" "}
      <code>Retry-After</code> says. After 504 or no answer, send the same again, with the same <code>Idempotency-Key</code>. Name the header <code>X-Request-Id</code> to your operator after a 500.</p>
    ${problems && html`<div class="scroll" tabindex="0" role="region" aria-label="Types of errors"><table><thead><tr><th scope="col">Status</th><th scope="col">Type</th><th scope="col">Meaning</th></tr></thead>
      <tbody>${problems.map(({ type, status, title }) => html`<tr key=${type}><td>${status}</td><th scope="row"><code>${type}</code></th><td>${title}</td></tr>`)}</tbody></table></div>`}
  </article>`;
}
