// What the page says beside its content: errors, a lost connection, empty and loading states, questions.
//
// What has the role `status` or `alert` is read aloud whenever it changes, so a time or a number that goes on is never in it.
function Note({ tone = "info", children, title, isQuiet }) {
  const role = isQuiet ? undefined : tone === "bad" ? "alert" : "status";
  return html`<div class=${`note ${tone}`} role=${role}>${title && html`<strong>${title} </strong>`}${children}</div>`;
}

function ErrorNote({ error, onRetry }) {
  const isGone = error.status === 404;
  return html`<${Note} tone="bad" title=${isGone ? "Not found." : "That did not work."}>
    ${isGone ? "There is no such job, it has been deleted, or it belongs to somebody else." : html`<${Text} value=${error.message} />`}
    ${error.errors?.length > 0 && html`<ul>${error.errors.map(({ pointer, detail }) => html`
      <li key=${pointer + detail}><code><${Text} value=${pointer || "the whole"} max=${100} /></code>: <${Text} value=${detail} /></li>`)}</ul>`}
    ${error.requestId && error.status >= 500 && html`<p class="muted">Request id for your support: <code>${error.requestId}</code></p>`}
    ${onRetry && html`<p><button type="button" onClick=${onRetry}>Try again</button></p>`}
  <//>`;
}

// Shown while nothing new can be read. If there are values on the page, they are old.
function LostNote({ lost, isOld, onRetry }) {
  return html`<${Note} tone="warn" title="No connection.">
    ${navigator.onLine ? `${lost.reason} ` : ""}${isOld ? `What you see is from ${timeOfDay(lost.since)} or before. ` : ""}The page goes on by itself when the connection is back.
    ${" "}<button type="button" class="small" onClick=${onRetry}>Try now</button>
  <//>`;
}

function Loading({ what }) {
  return html`<${Busy} says=${`Loading ${what} …`} />`;
}

// Something that takes time. `says` is read aloud, what is in it is only seen.
function Busy({ says, children }) {
  return html`<p class="loading"><span class="spinner" aria-hidden="true"></span> <span><span role="status">${says}</span> ${children}</span></p>`;
}

// A question with its consequences. `onYes` may fail: the dialog stays open then and says why.
function Ask({ title, yes, no = "No, go back", isDanger, onYes, onClose, children }) {
  const dialog = useRef(null);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState(null);
  // Only a dialog that is closed gives the focus back to the button that opened it.
  useEffect(() => {
    const shown = dialog.current;
    shown.showModal();
    // What cannot be undone is not done by pressing Enter twice.
    if (isDanger) shown.querySelector("button[type=button]").focus();
    return () => shown.close();
  }, []);
  const confirm = async (event) => {
    event.preventDefault();
    if (isBusy) return;
    setBusy(true);
    setError(null);
    try {
      await onYes();
      onClose();
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };
  return html`<dialog ref=${dialog} aria-labelledby="question" onClose=${onClose} onCancel=${onClose}>
    <form onSubmit=${confirm}>
      <h2 id="question">${title}</h2>
      ${children}
      ${error && html`<${ErrorNote} error=${error} />`}
      <p class="buttons">
        <button type="submit" class=${isDanger ? "danger" : "primary"} aria-disabled=${String(isBusy)}>${isBusy ? "One moment …" : yes}</button>
        <button type="button" onClick=${onClose} disabled=${isBusy}>${no}</button>
      </p>
    </form>
  </dialog>`;
}
