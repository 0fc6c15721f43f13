// The ledger as a picture: a square for each chunk, or for some of them if there are many. It is half filled once the chunk has begun,
// and filled as soon as all its items are recorded.
const LEDGER_SECONDS_PER_PAGE = 2;
const SQUARE_MAX = 18;
const SQUARE_MIN = 5;
const PICTURE_HEIGHT_MAX = 260;

// `0-17,19` as a set of numbers.
function chunksIn(ranges) {
  const chunks = new Set();
  for (const range of ranges.split(",").filter(Boolean)) {
    const [first, last = first] = range.split("-").map(Number);
    for (let chunk = first; chunk <= last; chunk += 1) chunks.add(chunk);
  }
  return chunks;
}

// A state for each chunk of the job, in order.
function squaresOf(parts) {
  return parts.flatMap((part) => {
    const [settled, parked, begun] = [part.settled, part.parked, part.begun || ""].map(chunksIn);
    const stateOf = (chunk) => (settled.has(chunk) ? "settled" : parked.has(chunk) ? "parked" : begun.has(chunk) ? "begun" : "open");
    return Array.from({ length: part.chunks }, (_, chunk) => ({ part: part.part, chunk, state: stateOf(chunk) }));
  });
}

// The largest squares with which all of them fit, and how many chunks each of them stands for.
function layOut(chunks, width) {
  for (let size = SQUARE_MAX; size >= SQUARE_MIN; size -= 1) {
    const across = Math.max(1, Math.floor(width / size));
    if (Math.ceil(chunks / across) * size <= PICTURE_HEIGHT_MAX) return { size, across, each: 1 };
  }
  const across = Math.max(1, Math.floor(width / SQUARE_MIN));
  return { size: SQUARE_MIN, across, each: Math.ceil(chunks / (across * Math.floor(PICTURE_HEIGHT_MAX / SQUARE_MIN))) };
}

// A square of several chunks is filled once all of them are.
function together(squares, each) {
  if (each === 1) return squares;
  return Array.from({ length: Math.ceil(squares.length / each) }, (_, at) => {
    const own = squares.slice(at * each, (at + 1) * each);
    const rest = ["begun", "open", "parked"].map((state) => own.find((square) => square.state === state));
    return rest.find(Boolean) || own[0];
  });
}

// Right after a retry, the chunks still are as the round before has left them.
function isRetryLookedUp(job, squares) {
  return job.round > 1 && isLive(job) && job.pendingItems > 0 && squares.length > 0 && squares.every(({ state }) => state === "settled");
}

function Ledger({ job }) {
  const { data: parts, error, lost, refresh } = useLive(async (signal) => {
    const all = await allParts(job.id, signal);
    // A job of many parts takes many requests: they are made less often.
    return { data: all, wait: isFinal(job) ? null : Math.max(2, Math.ceil(all.length / 100) * LEDGER_SECONDS_PER_PAGE) };
  }, [job.id, job.round], isFinal(job));
  const squares = useMemo(() => (parts ? squaresOf(parts) : []), [parts]);
  const settled = squares.filter(({ state }) => state === "settled").length;
  const rest = job.status === "Cancelled" ? "dropped" : "to be run";
  const parked = squares.filter(({ state }) => state === "parked").length;
  const begun = squares.filter(({ state }) => state === "begun").length;
  const open = squares.length - settled - parked - begun;
  const isLookedUp = isRetryLookedUp(job, squares);
  const words = `${count(settled)} of ${counted(squares.length, "chunk")} done`;
  return html`<section class="panel" aria-labelledby="ledger"><h2 id="ledger">Ledger</h2>
    <p class="muted">Each square is a chunk of items, or several if there are many. It is half filled once work on it has begun, and filled once the outcome of all its items is known.</p>
    ${error && html`<${ErrorNote} error=${error} onRetry=${refresh} />`}
    ${!parts && !error && html`<${Loading} what="the ledger" />`}
    ${parts && squares.length === 0 && html`<p class="empty">There are no chunks.</p>`}
    ${isLookedUp && html`<p>What is to be retried is looked up. Then its chunks are shown here.</p>`}
    ${squares.length > 0 && !isLookedUp && html`<${Picture} squares=${squares} label=${words} />
      <ul class="legend"><li><span class="key settled"></span>${count(settled)} done</li>
        ${begun > 0 && html`<li><span class="key begun"></span>${count(begun)} in work</li>`}
        ${parked > 0 && html`<li><span class="key parked"></span>${count(parked)} kept for later</li>`}
        ${open > 0 && html`<li><span class="key open"></span>${count(open)} ${rest}</li>`}</ul>
      <${PartTable} parts=${parts} />`}
    ${lost && navigator.onLine && html`<p class="muted">Not up to date: no connection.</p>`}
  </section>`;
}

function Picture({ squares, label }) {
  const canvas = useRef(null);
  const [width, setWidth] = useState(0);
  const [theme, setTheme] = useState(0);
  const [pointed, setPointed] = useState(null);
  useEffect(() => {
    const watcher = new ResizeObserver(([entry]) => setWidth(Math.floor(entry.contentRect.width)));
    watcher.observe(canvas.current.parentElement);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const redraw = () => setTheme((n) => n + 1);
    dark.addEventListener("change", redraw);
    return () => { watcher.disconnect(); dark.removeEventListener("change", redraw); };
  }, []);
  const { size, across, each } = layOut(squares.length, width || SQUARE_MAX);
  const shown = useMemo(() => together(squares, each), [squares, each]);
  useEffect(() => { if (width) drawSquares(canvas.current, shown, { width, size, across }); }, [shown, width, theme]);
  const point = (event) => {
    const box = canvas.current.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top].map((at) => Math.floor(at / size));
    setPointed(x < across ? shown[y * across + x] : null);
  };
  const states = { settled: "done", begun: "in work", parked: "kept for later", open: "not begun" };
  return html`<div class="picture"><canvas ref=${canvas} height="18" role="img" aria-label=${label} onPointerMove=${point} onPointerLeave=${() => setPointed(null)}></canvas>
    <p class="muted pointed" aria-hidden="true">${pointed ? `Part ${pointed.part}, chunk ${pointed.chunk}: ${states[pointed.state]}` : each > 1 ? `${label}; each square is ${count(each)} chunks` : label}</p></div>`;
}

function drawSquares(canvas, squares, { width, size, across }) {
  const height = Math.ceil(squares.length / across) * size;
  const scale = window.devicePixelRatio || 1;
  canvas.width = width * scale;
  canvas.height = height * scale;
  canvas.style.height = `${height}px`;
  const style = getComputedStyle(canvas);
  const colours = Object.fromEntries(["settled", "begun", "parked", "open"].map((state) => [state, style.getPropertyValue(`--${state}`).trim()]));
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  const gap = size > 6 ? 2 : 1;
  squares.forEach(({ state }, at) => {
    const [x, y] = [(at % across) * size, Math.floor(at / across) * size];
    pen.fillStyle = colours[state];
    if (state === "begun") pen.fillRect(x, y + (size - gap) / 2, size - gap, (size - gap) / 2);
    if (["settled", "parked"].includes(state) || (size <= 6 && state === "open")) return pen.fillRect(x, y, size - gap, size - gap);
    pen.strokeStyle = colours.open;
    return pen.strokeRect(x + 0.5, y + 0.5, size - gap - 1, size - gap - 1);
  });
}

// The same in words, for who does not see the picture.
const PARTS_SHOWN_MAX = 100;
function PartTable({ parts }) {
  const [isOpen, open] = useState(false);
  return html`<details onToggle=${(event) => open(event.target.open)}><summary>The parts as a table</summary>
    ${isOpen && html`<div class="scroll" tabindex="0" role="region" aria-label="Parts"><table><thead><tr><th scope="col">Part</th><th scope="col">Items</th><th scope="col">Chunks</th>
      <th scope="col">Done</th><th scope="col">Succeeded</th><th scope="col">Failed</th></tr></thead>
      <tbody>${parts.slice(0, PARTS_SHOWN_MAX).map((part) => html`<tr key=${part.part}><th scope="row">${part.part}</th><td>${count(part.totalItems)}</td><td>${count(part.chunks)}</td>
        <td>${part.settled || "none"}</td><td>${count(part.processedItems)}</td><td>${count(part.failedItems)}</td></tr>`)}</tbody></table></div>
      ${parts.length > PARTS_SHOWN_MAX && html`<p class="muted">The first ${PARTS_SHOWN_MAX} of ${count(parts.length)} parts.</p>`}`}
  </details>`;
}
