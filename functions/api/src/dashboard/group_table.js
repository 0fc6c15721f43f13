// The items of a group as a table whose cells can be changed: many are corrected at once, without a spreadsheet.
const TABLE_COLUMNS_MAX = 40;

// The members of all these items, in the order in which they are first seen. Null if they do not fit a table.
function columnsOfItems(items) {
  if (items.length < 2 || !items.every((item) => isPlainObject(item) && Object.keys(item).length > 0)) return null;
  const names = [...new Set(items.flatMap((item) => Object.keys(item)))];
  return names.length <= TABLE_COLUMNS_MAX ? names : null;
}

// The column that a code such as `/seats type` is about.
function columnOfCode(code) {
  const [, pointed = ""] = /^\/([^/ ]+)/.exec(code) || [];
  return pointed.replaceAll("~1", "/").replaceAll("~0", "~");
}

// A column's name as it is shown: a member may have a name of which nothing can be seen.
function columnWords(name) {
  return isBlankName(name) ? "(without a name)" : short(name, 40);
}

// Whether a column is one that an item's error is about: the one of its code, or another that its message names by a pointer.
function isBlamed(name, { code, message = "" }) {
  return name === columnOfCode(code) || (message.startsWith("/") && isBlamedColumn(name, message));
}

// The new value of each item of which a cell was changed.
function correctionsOf(job, rows, typed, options) {
  return rows.filter(({ index }) => typed.has(index)).map(({ index, item, isCorrected }) => {
    try {
      return { index, item: itemOf(cellsOf(item, typed.get(index)), options), isCorrected };
    } catch (error) {
      throw new Error(`${placeOf(job, index)}: ${error.message}`, { cause: error });
    }
  });
}

function cellsOf(item, own) {
  return Object.entries({ ...item, ...own }).map(([name, text]) => ({ name, was: memberOf(item, name), text: Object.hasOwn(own, name) ? text : cellOf(memberOf(item, name)) }));
}

// `rows` has each item with its index and its message, and whether it is a correction already.
function GroupTable({ job, code, rows, refresh, onSaved, onClose }) {
  const key = draftOfTable(job, code);
  const [typed, setTyped] = useState(drafts.get(key) || new Map());
  // The cell that was typed in last, to be repeated in other rows.
  const [last, setLast] = useState(null);
  const [error, setError] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const [asValues, setAsValues] = useState(false);
  const columns = columnsOfItems(rows.map(({ item }) => item));
  const blamed = columnOfCode(code);
  useDraft(key, typed.size > 0, typed);
  const focused = columns.includes(blamed) ? blamed : columns[0];
  const first = useRef(null);
  useLayoutEffect(() => first.current?.focus(), []);
  // What was pasted, or why it was not.
  const [pasted, setPasted] = useState(null);
  const change = (changes) => {
    const next = new Map(typed);
    for (const { row: { index, item }, name, text } of changes) {
      const own = { ...next.get(index), [name]: text };
      if (text === cellOf(memberOf(item, name))) delete own[name];
      if (Object.keys(own).length) next.set(index, own);
      else next.delete(index);
    }
    drafts.delete(key);
    setPasted(null);
    setTyped(next);
  };
  const type = (changed, name, text) => {
    change(changed.map((row) => ({ row, name, text })));
    setLast({ name, text, was: cellOf(memberOf(changed[0].item, name)) });
  };
  const paste = (event, row, name) => {
    // A field of several lines takes line breaks as they are.
    const cells = event.target instanceof HTMLTextAreaElement ? null : pastedCells(event.clipboardData.getData("text/plain"));
    if (!cells) return;
    event.preventDefault();
    const found = placesOf(cells, { rows, columns, row: rows.indexOf(row), column: columns.indexOf(name) });
    if (found.changes) {
      change(found.changes.map((one) => ({ ...one, text: withLineEndsOf(cellOf(memberOf(one.row.item, one.name)), one.text) })));
      setLast(null);
    }
    setPasted(found);
  };
  const alike = last ? rows.filter(({ index, item }) => cellOf(memberOf(item, last.name)) === last.was && (memberOf(typed.get(index), last.name) ?? last.was) !== last.text) : [];
  const save = async (event, replacesAll = false) => {
    event?.preventDefault();
    if (isBusy || typed.size === 0) return;
    setError(null);
    setBusy(true);
    try {
      const corrections = correctionsOf(job, rows, typed, { asValues });
      // A value that is not shown here is not replaced, unless that was asked for.
      for (const replaces of [false, true]) {
        const own = corrections.filter(({ isCorrected }) => (isCorrected || replacesAll) === replaces);
        if (own.length > 0) await sendCorrections(job, own, { replaces, refresh });
      }
      drafts.delete(key);
      setTyped(new Map());
      onSaved(corrections);
    } catch (problem) {
      setError(problem);
    }
    setBusy(false);
  };
  const cell = (row, name, at) => html`<td key=${name}><${CellField} field=${at === 0 && name === focused ? first : undefined} class=${isBlamed(name, { code, message: row.message }) ? "blamed" : ""} aria-invalid=${isBlamed(name, { code, message: row.message }) ? "true" : undefined}
    aria-label=${`${columnWords(name)}, ${placeOf(job, row.index)}`} offered=${name === blamed ? offeredIn({ code, message: row.message }) : undefined} was=${cellOf(memberOf(row.item, name))} value=${memberOf(typed.get(row.index), name) ?? cellOf(memberOf(row.item, name))} onPaste=${(event) => paste(event, row, name)} onType=${(text) => type([row], name, text)} /></td>`;
  return html`<form class="group-table" onSubmit=${save}>
    <div class="scroll" tabindex="0" role="region" aria-label="The items as a table"><table>
      <thead><tr><th scope="col">Where</th><th scope="col">Why it failed</th>${columns.map((name) => html`<th key=${name} scope="col"><bdi>${columnWords(name)}</bdi></th>`)}</tr></thead>
      <tbody>${rows.map((row, at) => html`<tr key=${row.index}><th scope="row">${placeOf(job, row.index)}${row.isCorrected ? html` <span class="badge Completed">✓ Corrected</span>` : ""}</th>
        <td class="message"><${Text} value=${row.message} max=${120} /></td>${columns.map((name) => cell(row, name, at))}</tr>`)}</tbody></table></div>
    <${AsValues} job=${job} cells=${rows.filter(({ index }) => typed.has(index)).flatMap(({ index, item }) => cellsOf(item, typed.get(index)))} isOn=${asValues} onSet=${setAsValues} />
    ${pasted?.fault && html`<${Note} tone="warn">${pasted.fault}<//>`}
    ${pasted?.says && html`<p role="status">${pasted.says}</p>`}
    ${error && html`<${TakenNote} job=${job} error=${error} onReplace=${() => save(undefined, true)} />`}
    ${last && last.text !== last.was && alike.length > 0 && html`<p><button type="button" class="small" onClick=${() => type(alike, last.name, last.text)}>Also write “${short(oneLine(last.text), 40)}” for “${short(oneLine(last.was), 40)}” in ${counted(alike.length, "other row")}</button></p>`}
    <p class="buttons"><button type="submit" class="primary" aria-disabled=${String(isBusy || typed.size === 0)}>${typed.size === 0 ? "Nothing changed yet" : `Save ${counted(typed.size, "correction")}`}</button>
      <button type="button" onClick=${() => { drafts.delete(key); onClose(); }}>Show the items one by one</button></p>
    <p class="muted">Nothing runs yet: the job's next retry uses the new values.</p>
  </form>`;
}
