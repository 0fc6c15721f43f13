// Signing in with a token.
function SignIn({ offered, ended, isSending, onToken }) {
  const [wrong, setWrong] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const [token, setToken] = useState(offered || "");
  const field = useRef(null);
  useEffect(() => field.current.focus(), []);
  const who = claimsOf(token.trim());
  const isOld = who.exp && who.exp * SECOND < clock.now();
  // A wrong token must not replace the one before: what was begun would be forgotten as another user's.
  const signIn = async (event) => {
    event.preventDefault();
    if (isBusy) return;
    const text = token.trim().replace(/^bearer\s+/i, "");
    // Only these can be sent in a header.
    if (!/^[\x21-\x7e]+$/.test(text)) {
      setWrong({ title: "This is not a token.", words: "A token has only English letters, digits and signs, without spaces. Copy the whole of it once more." });
      return;
    }
    setWrong(null);
    setBusy(true);
    try {
      await checkToken(text);
    } catch (error) {
      setWrong({ title: error.status === 401 ? "The server does not accept this token." : "The token could not be checked.", words: error.message });
      setBusy(false);
      field.current?.focus();
      return;
    }
    onToken(text);
  };
  return html`<h1>Sign in</h1>
    ${ended && html`<${Note} tone="warn" title="You are signed out."><${Text} value=${`The server did not accept the token: ${ended}`} /><//>`}
    ${ended === "" && html`<${Note}>You are signed out. The token has been removed from all tabs of this page.<//>`}
    ${isSending && html`<${Note}>The file that is being sent goes on after you have signed in again.<//>`}
    ${wrong && html`<${Note} tone="bad" title=${wrong.title}> <${Text} value=${wrong.words} /><//>`}
    ${offered && html`<${Note} tone="warn" title="This link contains a token."> Sign in with it only if you know who sent it: what you upload goes to its account.<//>`}
    <form class="panel sign-in" onSubmit=${signIn}>
      <label for="token">Token</label>
      <input id="token" ref=${field} type="password" autocomplete="off" spellcheck=${false} required value=${token} onInput=${(event) => setToken(event.target.value)} />
      ${who.sub && html`<p class="muted">It is the token of <strong><${Text} value=${who.sub} max=${60} /></strong>${who.exp ? `${isOld ? ", expired" : ", valid until"} ${dateTime(who.exp * SECOND)}` : ""}.</p>`}
      <p class="buttons"><button class="primary" aria-disabled=${String(isBusy)}>Sign in</button></p>
      <p class="muted">The token is kept in the open tabs of this page only, until you sign out or close them.${isThisMachine() ? html` The address that <code>headway serve</code> prints signs in by itself; <code>headway token --user dev</code> makes a token.` : ""}</p>
      ${!isThisMachine() && html`<p class="muted">You have no token? Whoever gave you this address knows how to get one: it comes from the service where you sign in to your product.</p>`}
    </form>`;
}
