// What failed: in groups, and each group item by item, with its whole value.
const GROUPS_LIVE_SECONDS = 5;
const GROUPS_SHOWN = 10;
const ITEMS_SHOWN = 20;
const FAILURES_PER_REQUEST = 200;

const KIND_WORDS = {
  Permanent: "fails again unless it is corrected", RetriesExhausted: "failed at every attempt", Throttled: "asked to wait for too long", Unreachable: "not reached for too long",
  TimedOut: "took too long", Crashed: "crashed the processor", DeadLettered: "could not be delivered",
};

function Failures({ job, refresh }) {
  const [shown, show] = useState(draftedGroup(job));
  const [areAllShown, showAll] = useState(false);
  // After a table was taken back, the items say that they are corrected.
  const [tables, setTables] = useState(0);
  const list = useRef(null);
  useEffect(() => { if (areAllShown) list.current?.children[GROUPS_SHOWN]?.querySelector("button").focus(); }, [areAllShown]);
  const canCorrect = useCanCorrect(job);
  const { data, error, lost, refresh: again } = useLive(async (signal) => {
    const groups = await read(`v1/jobs/${job.id}/failures/groups`, { signal });
    return { data: groups, wait: isFinal(job) ? null : GROUPS_LIVE_SECONDS };
  }, [job.id, job.round], isFinal(job));
  return html`<section class="panel" aria-labelledby="failures"><h2 id="failures">What failed</h2>
    ${error && html`<${ErrorNote} error=${error} onRetry=${again} />`}
    ${!data && !error && html`<${Loading} what="failures" />`}
    ${lost && navigator.onLine && html`<p class="muted">Not up to date: no connection.</p>`}
    ${data && html`<p class="muted">${groupsWords(data, job)}
        ${canSee(data) ? ` ${canCorrect ? "Open a group to see and correct its items." : "Open a group to see its items."} ${countingWords(job)}` : ` ${OWNER_ONLY}`}</p>
      <ul class="groups" ref=${list}>${data.groups.slice(0, areAllShown ? undefined : GROUPS_SHOWN).map((group) => html`<${Group} key=${group.code} group=${group} job=${job} canCorrect=${canCorrect} refresh=${refresh} tables=${tables}
        isOpen=${shown === group.code} toggle=${() => show(shown === group.code ? null : group.code)} />`)}</ul>
      ${!areAllShown && data.groups.length > GROUPS_SHOWN && html`<p><button type="button" onClick=${() => showAll(true)}>Show all ${count(data.groups.length)} groups</button></p>`}
      ${canCorrect && html`<${CorrectedFile} job=${job} refresh=${refresh} onSaved=${() => { setTables(tables + 1); refresh(); }} />`}`}
  </section>`;
}

// An operator gets no examples, and sees no items.
function canSee({ groups }) {
  return !isOperator() || groups.some(({ examples }) => examples.length > 0);
}

// While the job runs, and with more failures than are counted at once, the groups are those of a part of the failures.
function groupsWords({ complete, countedFailures, groups }, { failedItems }) {
  const shown = groups.reduce((sum, group) => sum + group.count, 0);
  if (shown < countedFailures) return `The ${counted(groups.length, "largest group")}, with ${count(shown)} of ${counted(Math.max(failedItems, countedFailures), "failure")}. The other failures are of still other kinds: the table and the download below have all of them.`;
  if (complete && countedFailures >= failedItems) return `${counted(countedFailures, "failure")} in ${counted(groups.length, "group")}, the largest first.`;
  if (countedFailures === 0) return "No failure is counted here yet.";
  return `${count(countedFailures)} of ${counted(Math.max(failedItems, countedFailures), "failure")} ${countedFailures === 1 ? "is" : "are"} counted here so far, in ${counted(groups.length, "group")}.`;
}

function Group({ group, job, canCorrect, refresh, tables, isOpen, toggle }) {
  const [example] = group.examples;
  const canOpen = canSee({ groups: [group] });
  return html`<li>
    <button type="button" class="group" disabled=${!canOpen} aria-expanded=${isOpen ? "true" : "false"} onClick=${toggle}>
      <span class="number">${count(group.count)}</span>
      <span class="grow">${example && html`<span class="example"><bdi>${short(example.message, 160)}</bdi></span><br />`}
        <span class="muted">${example ? `${placeOf(job, example.index)}${group.count > 1 ? " and others" : ""} · ` : ""}<code><bdi>${short(group.code, 64)}</bdi></code> · ${KIND_WORDS[group.kind] || group.kind}</span></span>
      <span aria-hidden="true">${canOpen ? (isOpen ? "▾" : "▸") : ""}</span>
    </button>
    ${isOpen && html`<${GroupItems} key=${tables} job=${job} code=${group.code} canCorrect=${canCorrect} refresh=${refresh} />`}
  </li>`;
}

// The API lists failures by index: the page reads on until it has enough of this group.
function GroupItems({ job, code, canCorrect, refresh }) {
  const [found, setFound] = useState({ rows: [], next: "", isDone: false });
  const [goal, setGoal] = useState(ITEMS_SHOWN);
  const [error, setError] = useState(null);
  // New values that were given on this page since the list was read.
  const [given, setGiven] = useState(new Map());
  const [isTable, showTable] = useState(drafts.has(draftOfTable(job, code)));
  const box = useKeptFocus();
  useEffect(() => {
    if (found.isDone || error) return undefined;
    const stop = new AbortController();
    (async () => {
      let { rows, next } = found;
      while (rows.length < goal && next !== null) {
        const page = await readRecords(job.id, "failures", next, { pageSize: FAILURES_PER_REQUEST, signal: stop.signal });
        rows = [...rows, ...page.lines.map(readExactly).filter((failure) => failure.code === code)];
        next = page.next;
        setFound({ rows, next, isDone: next === null });
      }
    })().catch((problem) => { if (problem.name !== "AbortError") setError(problem); });
    return () => stop.abort();
  }, [goal, error]);
  const { rows, isDone } = found;
  const more = rows.length > goal || !isDone;
  const shown = rows.slice(0, goal);
  const newOf = ({ index, corrected, newItem }) => (given.has(index) ? given.get(index) : corrected ? newItem : undefined);
  const valueOf = (failure) => { const value = newOf(failure); return value === undefined ? failure.item : value; };
  const give = (corrections) => { setGiven(new Map([...given, ...corrections.map(({ index, item }) => [index, item])])); refresh(); };
  const canBeTable = canCorrect && columnsOfItems(shown.map(valueOf)) !== null;
  const asTable = shown.map((failure) => ({ ...failure, item: valueOf(failure), isCorrected: newOf(failure) !== undefined }));
  return html`<div class="items" ref=${box} tabindex="-1">
    ${error && html`<${ErrorNote} error=${error} onRetry=${() => setError(null)} />`}
    ${canBeTable && !isTable && html`<p><button type="button" class="small" onClick=${() => showTable(true)}>Correct them in a table</button></p>`}
    ${canBeTable && isTable ? html`<${GroupTable} job=${job} code=${code} rows=${asTable} refresh=${refresh} onSaved=${give} onClose=${() => showTable(false)} />`
      : shown.map((failure) => html`<${FailedItem} key=${failure.index} job=${job} failure=${failure} newItem=${newOf(failure)} canCorrect=${canCorrect} refresh=${refresh} onGive=${(item) => give([{ index: failure.index, item }])} />`)}
    ${!error && !isDone && rows.length < goal && html`<${Loading} what="items" />`}
    ${more && rows.length >= goal && html`<p><button type="button" onClick=${() => setGoal(goal + ITEMS_SHOWN)}>Show more</button></p>`}
    ${isDone && !more && html`<p class="muted">${rows.length ? "All items of this group are shown." : "No item of this group is listed any more."}</p>`}
  </div>`;
}

// A row of a table, as most files have them, is shown as one; `isWrong(name)`: the error is about that column. Anything else is JSON.
const CELLS_MAX = 30;
function ItemValue({ place, item, isWrong }) {
  const isRow = isPlainObject(item) && Object.values(item).every((value) => typeof value === "string") && Object.keys(item).length > 0 && Object.keys(item).length <= CELLS_MAX;
  if (!isRow) return html`<pre class="value" tabindex="0"><${Text} value=${itemText(item)} max=${800} /></pre>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${`Values of ${place}`}><table><thead><tr>${Object.keys(item).map((name) => html`<th key=${name} scope="col"><bdi>${columnWords(name)}</bdi></th>`)}</tr></thead>
    <tbody><tr>${Object.entries(item).map(([name, value]) => html`<td key=${name} class=${isWrong(name) ? "tone-bad" : ""}><${Text} value=${value} max=${200} /></td>`)}</tr></tbody></table></div>`;
}

const ONE_LINE_MAX = 140;
function itemText(item) {
  const line = exactText(item);
  return line.length <= ONE_LINE_MAX ? line : exactText(item, 2);
}

// `newItem` is the value that the next retry runs, if the item has been corrected.
function FailedItem({ job, failure, newItem, canCorrect, refresh, onGive }) {
  const [isOpen, open] = useState(drafts.has(draftOfItem(job, failure)));
  const box = useKeptFocus();
  const isCorrected = newItem !== undefined;
  const hasId = failure.id !== null && failure.id !== undefined;
  const value = (item, isWrong) => html`<${ItemValue} place=${placeOf(job, failure.index)} item=${item} isWrong=${isWrong} />`;
  const isOfError = (name) => isBlamed(name, failure);
  return html`<article ref=${box} tabindex="-1" class="item" aria-label=${placeOf(job, failure.index)}>
    <p><strong>${placeOf(job, failure.index)}</strong>${hasId && html` · id <${Text} value=${failure.id} max=${80} />`}
      ${isCorrected && html` <span class="badge Completed">✓ Corrected</span>`}
      <span class="muted"> · ${counted(failure.attempts, "attempt")}</span></p>
    <p class="message"><${Text} value=${failure.message} /></p>
    ${isCorrected && html`<p class="muted">The next retry runs this new value:</p>`}
    ${!isOpen && value(isCorrected ? newItem : failure.item, isCorrected ? () => false : isOfError)}
    ${isCorrected && html`<details><summary>The value that failed</summary>${value(failure.item, isOfError)}</details>`}
    ${canCorrect && (isOpen ? html`<${CorrectItem} job=${job} failure=${failure} item=${isCorrected ? newItem : failure.item} isCorrected=${isCorrected} refresh=${refresh} onClose=${() => open(false)}
        onDone=${(item) => { open(false); onGive(item); }} />`
      : html`<p><button type="button" class="small" onClick=${() => open(true)}>${isCorrected ? "Correct again" : "Correct this item"}<span class="visually-hidden">, ${placeOf(job, failure.index)}</span></button></p>`)}
  </article>`;
}
