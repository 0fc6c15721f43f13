// The page around everything: who is signed in, and which page is shown.

// The address after `#` is the page: `/`, `/new`, `/jobs/<id>`, with a query. It may also bring a token.
function readAddress() {
  const text = location.hash.slice(1);
  if (text.startsWith("/")) {
    const [path, query = ""] = text.split("?");
    return { path, query: new URLSearchParams(query) };
  }
  const given = new URLSearchParams(text);
  const job = given.get("job");
  return { path: job ? `/jobs/${job}` : "/", query: new URLSearchParams(), token: given.get("token") };
}

function addressOf(path, query = {}) {
  const kept = Object.entries(query).filter(([, value]) => value);
  return `#${path}${kept.length ? `?${new URLSearchParams(kept)}` : ""}`;
}

function go(path, query) {
  location.hash = addressOf(path, query);
}

// A token in the address must not stay there: addresses are kept in histories and shared.
function takeToken(address) {
  if (!address.token) return null;
  history.replaceState(null, "", BASE + location.search + addressOf(address.path));
  return address.token;
}

// On this machine there is one user, so the token that `headway serve` prints signs in by itself. Elsewhere a link with
// somebody else's token would make people hand over their files to that account, so it is asked for first.
function isThisMachine() {
  return ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
}

function begin() {
  const address = readAddress();
  const token = takeToken(address);
  if (token && isThisMachine()) session.begin(token);
  return { address, offered: token && !isThisMachine() ? token : null, ended: null };
}

function App() {
  const [state, setState] = useState(begin);
  const [isOnline, setOnline] = useState(navigator.onLine);
  const [plan, setPlan] = useState(null);
  const latest = useRef(state);
  latest.current = state;
  const tabs = useRef(null);
  const forgetBegun = () => { drafts.clear(); sentFiles.clear(); setPlan(null); };
  const signIn = (token) => {
    session.begin(token);
    setState({ ...begin(), offered: null });
  };
  // A token from another tab is used where nobody is signed in.
  const takeOver = (token) => { if (!session.token && !latest.current.offered && !session.refused.has(token)) signIn(token); };
  const signOut = () => { session.end(""); tabs.current({ signsOut: true }); };
  useEffect(() => {
    session.onOtherUser = forgetBegun;
    session.onEnd = (ended) => {
      [...toTell.keys()].forEach(forget);
      // What was begun goes on after signing in again.
      if (ended === "") forgetBegun();
      else tabs.current({ asks: true });
      setState((old) => ({ ...old, ended }));
    };
    const { say, leave } = joinOtherTabs({ tokenToShare: () => (latest.current.offered ? null : session.token), onToken: takeOver, onSignOut: () => { if (session.token) session.end(""); } });
    tabs.current = say;
    say(session.token && !latest.current.offered ? { token: session.token } : { asks: true });
    tellOfSavedJobs();
    // A filter of the list is another address, but the same page.
    let { path } = readAddress();
    const move = ({ oldURL }) => {
      if (path === "/") listPlace.leave(new URL(oldURL).hash, scrollY);
      const isOther = readAddress().path !== path;
      path = readAddress().path;
      setState(begin);
      scrollTo(0, 0);
      if (isOther) focusMain();
    };
    const online = () => setOnline(navigator.onLine);
    // A file that is dropped beside its field would otherwise be opened in place of this page.
    const refuse = (event) => event.preventDefault();
    const events = [["hashchange", move], ["online", online], ["offline", online], ["dragover", refuse], ["drop", refuse], ["beforeunload", warnOfDrafts]];
    events.forEach(([name, react]) => window.addEventListener(name, react));
    return () => { leave(); events.forEach(([name, react]) => window.removeEventListener(name, react)); };
  }, []);
  const isSignedIn = Boolean(session.token) && !state.offered;
  // The list from its beginning, also if it is shown already.
  const home = () => { listPlace.forget(); setState((old) => ({ ...old })); scrollTo(0, 0); };
  return html`<a class="skip" href="#main" onClick=${(event) => { event.preventDefault(); document.getElementById("main").focus(); }}>Skip to the content</a>
    <${Header} isSignedIn=${isSignedIn} onHome=${home} onSignOut=${signOut} />
    ${!isOnline && html`<div class="offline" role="alert">You are offline. The page goes on when the connection is back.</div>`}
    <main id="main" tabindex="-1">${isSignedIn && html`<${TokenEnds} token=${session.token} />`}
      ${plan && html`<div hidden=${!isSignedIn}><${Sending} plan=${plan} isShown=${isSignedIn && state.address.path === "/new"} onBack=${() => { setPlan(null); focusMain(); }} /></div>`}
      ${isSignedIn ? html`<${Page} address=${state.address} plan=${plan} onPlan=${setPlan} />`
      : html`<${SignIn} offered=${state.offered} ended=${state.ended} isSending=${Boolean(plan)} onToken=${(token) => { signIn(token); tabs.current({ token }); }} />`}</main>`;
}

function Page({ address, plan, onPlan }) {
  const { path, query } = address;
  const [, place, id] = path.split("/");
  useEffect(() => { if (place !== "jobs" && place !== "new") document.title = "Jobs · Headway"; }, [place]);
  if (place === "jobs" && id) return html`<${JobPage} key=${id} id=${id} isSending=${Boolean(plan)} onPlan=${onPlan} />`;
  if (place === "new") return html`<${NewJobPage} isSending=${Boolean(plan)} onPlan=${onPlan} />`;
  if (place !== "") return html`<h1>No such page</h1><p><a href="#/">All jobs</a></p>`;
  return html`<${JobsPage} status=${STATUSES.find((name) => name === query.get("status")) || ""} text=${query.get("text") || ""} owner=${query.get("owner") || ""} />`;
}

function Header({ isSignedIn, onHome, onSignOut }) {
  const who = isSignedIn ? claimsOf(session.token).sub : null;
  return html`<header><a class="brand" href="#/" onClick=${onHome}><span class="logo" aria-hidden="true"><i></i><i></i><i></i></span> Headway</a>
    <nav aria-label="Main"><a href="docs">API</a>
      ${isSignedIn && html`<span class="who">${who ? html`<bdi>${short(who, 40)}</bdi>` : "signed in"}</span><button type="button" class="small" onClick=${onSignOut}>Sign out</button>`}</nav></header>`;
}

render(html`<${App} />`, document.getElementById("app"));
