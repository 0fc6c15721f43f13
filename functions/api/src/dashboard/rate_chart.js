// The rate over time, from what this page has seen of the job.
const SAMPLES_MAX = 600;
const CHART_HEIGHT = 220;
const CHART_SECONDS_MIN = 4;

function samplesKey(job) {
  return `headway-rate-${job.id}-${job.round}`;
}

function savedSamples(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key)) || [];
  } catch {
    return [];
  }
}

// If there are too many, every second one is left out: the chart becomes coarser, not shorter.
function withSample(samples, sample) {
  const last = samples[samples.length - 1];
  if (last && (sample[0] <= last[0] || sample[1] < last[1])) return samples;
  const kept = samples.length >= SAMPLES_MAX ? samples.filter((_, at) => at % 2 === 0) : samples;
  return [...kept, sample];
}

// Pairs of a time and how many items were handled by then. They outlive a reload.
function useRate(job) {
  const key = samplesKey(job);
  const kept = useRef({ key: null, samples: [] });
  if (kept.current.key !== key) kept.current = { key, samples: savedSamples(key) };
  const begun = job.round === 1 && job.startedAt;
  if (begun && kept.current.samples.length === 0) kept.current.samples = [[Date.parse(begun) / SECOND, 0]];
  // A job that has ended changes later, for instance by a correction.
  const sample = [Date.parse(isLive(job) ? job.updatedAt : job.completedAt) / SECOND, job.processedItems + job.failedItems];
  const samples = withSample(kept.current.samples, sample);
  if (samples !== kept.current.samples) {
    kept.current.samples = samples;
    // A full storage costs only the chart after a reload.
    try { sessionStorage.setItem(key, JSON.stringify(samples)); } catch { /* as said */ }
  }
  return samples;
}

// Times and the rate since the sample before: the chart has steps, so that a pause is not drawn as a slope.
function ratesOf(samples) {
  const times = [];
  const rates = [];
  for (let at = 1; at < samples.length; at += 1) {
    const [before, now] = [samples[at - 1], samples[at]];
    if (now[0] - before[0] < 0.2) continue;
    times.push(now[0]);
    rates.push((now[1] - before[1]) / (now[0] - before[0]));
  }
  return [times, rates];
}

function RateChart({ job, samples }) {
  const data = ratesOf(samples);
  const [times] = data;
  const enough = times.length >= 2 && times[times.length - 1] - times[0] >= CHART_SECONDS_MIN;
  if (!enough && isFinal(job)) return null;
  const most = enough ? Math.max(...data[1]) : 0;
  return html`<section class="panel" aria-labelledby="rate"><h2 id="rate">Rate over time</h2>
    <p class="muted">${enough
      ? `Items per second, as seen by this page; at most ${count(Math.round(most))}.`
      : "The chart appears after some seconds, and shows what this page has seen."}</p>
    ${enough && html`<${Chart} data=${data} />`}</section>`;
}

function Chart({ data }) {
  const box = useRef(null);
  const plot = useRef(null);
  const [theme, setTheme] = useState(0);
  useEffect(() => {
    const style = getComputedStyle(box.current);
    const colour = (name) => style.getPropertyValue(name).trim();
    const axis = { stroke: colour("--muted"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line"), width: 1 } };
    const options = {
      width: box.current.clientWidth, height: CHART_HEIGHT, legend: { show: false }, cursor: { drag: { x: false, y: false } },
      scales: { y: { range: (_, __, max) => [0, Math.max(1, max * 1.1)] } },
      axes: [{ ...axis, space: 90, values: (_, ticks) => ticks.map((tick) => timeOfDay(tick * SECOND)) }, { ...axis, size: 60, values: (_, ticks) => ticks.map((tick) => tick.toLocaleString()) }],
      series: [{}, { stroke: colour("--accent"), fill: colour("--accent-soft"), width: 2, paths: uPlot.paths.stepped({ align: -1 }), points: { show: false } }],
    };
    plot.current = new uPlot(options, data, box.current);
    const watcher = new ResizeObserver(([entry]) => plot.current?.setSize({ width: Math.floor(entry.contentRect.width), height: CHART_HEIGHT }));
    watcher.observe(box.current);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const redraw = () => setTheme((n) => n + 1);
    dark.addEventListener("change", redraw);
    return () => { watcher.disconnect(); dark.removeEventListener("change", redraw); plot.current.destroy(); plot.current = null; };
  }, [theme]);
  useEffect(() => { plot.current?.setData(data); }, [data[0].length]);
  return html`<div class="chart" ref=${box} role="img" aria-label="A chart of items per second over time"></div>`;
}
