// Values that are read again and again while somebody looks.
const WAIT_MAX = 30;
const TOLD_WAIT_MIN = 3;
const TOLD_WAIT_MAX = 600;

// `read(signal)` returns `{ data, wait }`: the value, or undefined if it has not changed, and in how many seconds to
// read again, or null if it is final. It begins anew when something in `inputs` changes.
//
// The value that was read last stays when a reading fails: `lost` then says since when, and why. It also stays when
// only `again` changes, which begins a new reading of the same thing.
function useLive(read, inputs, again) {
  const [state, setState] = useState({ data: null, error: null, lost: null });
  const reader = useRef(null);
  const latest = useRef(read);
  latest.current = read;
  const name = JSON.stringify(inputs);
  const shown = useRef(name);
  useEffect(() => {
    if (shown.current !== name) setState({ data: null, error: null, lost: null });
    shown.current = name;
    reader.current = follow((signal) => latest.current(signal), setState);
    return reader.current.stop;
  }, [name, again]);
  return { ...state, refresh: () => reader.current?.wake() };
}

// Reads until it is stopped. `wake` reads at once.
function follow(read, setState) {
  const stopped = new AbortController();
  let wakeUp = () => {};
  let failures = 0;
  const pause = (seconds) => new Promise((done) => {
    const timer = seconds === null ? null : setTimeout(done, seconds * SECOND);
    wakeUp = () => { clearTimeout(timer); done(); };
  });
  const once = async () => {
    try {
      const { data, wait } = await read(stopped.signal);
      failures = 0;
      if (!stopped.signal.aborted) setState((old) => ({ data: data === undefined ? old.data : data, error: null, lost: null }));
      return wait;
    } catch (error) {
      if (stopped.signal.aborted) return null;
      if (!isTemporary(error)) {
        setState((old) => ({ ...old, error, lost: null }));
        return null;
      }
      setState((old) => ({ ...old, lost: { since: old.lost?.since || Date.now(), reason: error.message } }));
      failures += 1;
      return Math.max(error.retryAfter || 0, Math.min(WAIT_MAX, 2 ** (failures - 1)));
    }
  };
  (async () => {
    while (!stopped.signal.aborted) {
      const wait = await once();
      if (stopped.signal.aborted) return;
      await pause(wait);
      // A page in the background asks for nothing.
      while (document.hidden && !stopped.signal.aborted) await pause(null);
    }
  })();
  const wake = () => { if (!document.hidden) wakeUp(); };
  document.addEventListener("visibilitychange", wake, { signal: stopped.signal });
  // Two windows may be beside each other, and both be seen: what has ended may have changed in the other one.
  window.addEventListener("focus", wake, { signal: stopped.signal });
  window.addEventListener("online", wake, { signal: stopped.signal });
  return { wake: () => wakeUp(), stop: () => { stopped.abort(); wakeUp(); } };
}

// A job, read as often as the server asks for.
function useJob(id) {
  const known = useRef(null);
  const job = useLive(async (signal) => {
    const headers = known.current?.id === id ? { "If-None-Match": known.current.etag } : {};
    const path = `v1/jobs/${encodeURIComponent(id)}`;
    const answer = await call(path, { headers, signal });
    const asked = answer.headers.get("Retry-After");
    const isSame = answer.status === 304;
    if (!isSame) known.current = { id, etag: answer.headers.get("ETag"), data: aboutJob(path, await readBody(answer, "json")) };
    const { data } = known.current;
    // The server asks for no further reading once a job has ended and settled. If it does not say so, the job does.
    const wait = asked === null ? (isFinal(data) ? secondsUntilTold(data) : 1) : Number(asked);
    return { data: isSame ? undefined : data, wait };
  }, [id]);
  return job;
}

// After the end only this changes: whether the job's endpoint has been told. Null if there is nothing to wait for.
function secondsUntilTold({ callbackState, callbackDelivery }) {
  if (callbackState !== "Waiting") return null;
  const next = Date.parse(callbackDelivery?.nextTryAt);
  const seconds = Number.isNaN(next) ? 0 : (next - clock.now()) / SECOND + 1;
  return Math.max(TOLD_WAIT_MIN, Math.min(TOLD_WAIT_MAX, seconds));
}

// Makes the component draw itself again each second while `isOn`, for times that pass.
function useClock(isOn) {
  const [, tick] = useState(0);
  useEffect(() => {
    if (!isOn) return undefined;
    const timer = setInterval(() => tick((n) => n + 1), SECOND);
    return () => clearInterval(timer);
  }, [isOn]);
}
