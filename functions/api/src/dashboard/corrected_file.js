// Takes back the table of failed items that somebody has corrected in a spreadsheet.
const CORRECTIONS_PER_REQUEST = 5000;
const TAKEN_SHOWN_MAX = 5;

// What a value makes of a changed cell: a text, or JSON. Null and what is missing say nothing.
function kindOf(value) {
  if (value === null || value === undefined) return undefined;
  return typeof value === "string" ? "text" : "json";
}

// A changed cell read as JSON; `TRUE` and `FALSE` as spreadsheets write them. Anything else is refused: a number would silently
// become a text.
function jsonOfCell(name, was, text, line) {
  const trimmed = text.trim();
  if (/^(true|false)$/i.test(trimmed)) return trimmed.toLowerCase() === "true";
  try {
    return readTyped(trimmed);
  } catch {
    throw new FileProblem(`its “${short(name, 40)}” is now “${short(text, 40)}”, but ${was === undefined ? "the other items have numbers or other JSON there" : `it was ${short(cellOf(was), 40)}`}: ${remedyFor(was, trimmed)}; to send it as a text, put " before and after it.`, line);
  }
}

// A changed cell. Where no item has a value that could tell the kind, it is JSON if it can be read so.
function valueOfChanged(kind, { name, was, text, line }) {
  if (kind === "text") return text;
  try {
    return jsonOfCell(name, was, text, line);
  } catch (error) {
    if (kind === "json") throw error;
    return text;
  }
}

function remedyFor(was, text) {
  const withPoint = text.replaceAll(",", ".");
  if (JSON_NUMBER.test(withPoint)) return `write ${withPoint}`;
  if (typeof was === "boolean") return "write true or false";
  return typeof was === "number" || isRawNumber(was) ? "write a number such as 13.5" : "write it as JSON";
}

// The item with the cells of its row. A cell that still shows the old value leaves it as it is, and so does one that a
// spreadsheet seems to have rewritten, unless `keeps` is true; `onChanged` learns which. A changed cell becomes what the value
// was; for a value that is null or missing, what the other items have in that column (`kinds`). `columns` are those of the table, and `message`
// is the item's error.
function correctedItem(item, row, { keeps = false, onChanged = () => {}, kinds, columns, line, message = "" }) {
  const isObject = isPlainObject(item);
  const old = isObject ? inColumns(item, columns).own : {};
  const next = { ...item };
  // True if the cell is not to be used.
  const isLeft = (cell) => {
    const isSuspect = !keeps && isRewritten(cell.before, cell.after, mayBeBlamed(cell.name, message));
    onChanged(cell, isSuspect);
    return isSuspect;
  };
  for (const [written, cell] of Object.entries(row)) {
    const name = valueOfCell(written);
    if (MARKS.includes(name) || name === REST) continue;
    const text = valueOfCell(cell);
    const was = memberOf(old, name);
    const before = cellOf(was);
    if (isSameCell(was, before, cell) || isSameCell(was, before, text)) continue;
    if (!isObject) throw new FileProblem(`the item is no object, so it has no “${short(name, 40)}”: change its column “${REST}”.`, line);
    if (Object.hasOwn(item, name) && was === undefined) throw new FileProblem(`its “${short(name, 40)}” is in the column “${REST}”, since no cell can hold that text: change or remove it there.`, line);
    if (isLeft({ name, before, after: text })) continue;
    const own = kindOf(was);
    if (text === "" && own !== "text") delete next[name];
    else setMember(next, name, valueOfChanged(own || kinds.get(name), { name, was, text, line }));
  }
  const rest = Object.keys(row).find((written) => valueOfCell(written) === REST);
  const [before, text] = [restCell(item, columns), rest === undefined ? "" : valueOfCell(row[rest])];
  const isSame = rest === undefined || [row[rest], text].some((one) => isSameCell(isObject ? undefined : item, before, one));
  if (isSame || isLeft({ name: REST, before, after: text })) return isObject ? next : item;
  return isObject ? withRest(item, next, text, { columns, line }) : valueOfRest(item, text, line);
}

// The item with other members that have no column.
function withRest(item, next, text, { columns, line }) {
  const fault = text !== "" && faultInJson(text);
  const members = text === "" ? {} : fault ? null : readExactly(text);
  if (!isPlainObject(members)) throw new FileProblem(`its column “${REST}” is no JSON object${fault ? `: ${fault.says}` : ""}.`, line);
  Object.keys(inColumns(item, columns).rest).filter((name) => !Object.hasOwn(members, name)).forEach((name) => delete next[name]);
  Object.entries(members).forEach(([name, value]) => setMember(next, name, value));
  return next;
}

// An item that is no object.
function valueOfRest(item, text, line) {
  if (text === "" && kindOf(item) !== "text") throw new FileProblem("its cell is empty: to retry the item as it is, remove the row.", line);
  if (kindOf(item) !== "text") return valueOfChanged(kindOf(item), { name: REST, was: item, text, line });
  return canBeCell(item) || faultInJson(text) ? text : readExactly(text);
}

// True if the cell shows the value: however its lines end, `TRUE` for true, and 100 for 1.0e2.
function isSameCell(value, before, text) {
  const lines = (cell) => cell.replace(/\r\n?/g, "\n");
  if (lines(before) === lines(text)) return true;
  if (typeof value === "boolean") return before === text.trim().toLowerCase();
  const isNumber = typeof value === "number" || isRawNumber(value);
  const digits = (number) => number.replace(/\D/g, "").length;
  return isNumber && JSON_NUMBER.test(text.trim()) && Math.max(digits(before), digits(text)) <= 15 && Number(before) === Number(text);
}

// A row is of the item that its index says: its id shows if the index was moved. A spreadsheet may have rewritten the id: then it may be right
// for several items. True if it is exactly this item's.
function checkId(row, index, id, line) {
  const written = (row._id || "").trim();
  if (written === "") return false;
  const own = id === null || id === undefined ? "" : id;
  const texts = [row._id, valueOfCell(row._id)];
  if (texts.some((text) => text.trim() === own.trim())) return true;
  if (texts.some((text) => isRewritten(own, text, false))) return false;
  const is = own === "" ? "has no id" : `is “${short(own, 40)}”`;
  throw new FileProblem(`the row says that item ${index} is “${short(written, 40)}”, but item ${index} of the job ${is}. Were the rows sorted without the column “_index”, or was it changed? Sort all columns together, or download the table again. To give an item another id, change it in the item’s own column.`, line);
}

// The corrections in the file, by comparing it with what failed. Nothing is sent yet. `rewritten` has the columns with cells
// that a spreadsheet seems to have rewritten: `corrections` leaves those as they were, and `kept` has their new values. `changed` has
// the columns with changed cells. A row that was not changed is no correction: an earlier one stays. A correction `isTaken` if its
// item has another new value already.
async function correctionsIn(source, job, { say, signal }) {
  const items = new Map();
  const ids = new Map();
  const messages = new Map();
  const columns = new TableColumns();
  const kinds = new Map();
  const given = new Map();
  for await (const { line } of records(job.id, "failures", { signal, onWait: () => {} })) {
    const failure = readExactly(line);
    items.set(failure.index, failure.item);
    if (failure.id) ids.set(failure.index, failure.id);
    if (failure.message) messages.set(failure.index, failure.message);
    if (failure.corrected) given.set(failure.index, exactText(failure.newItem));
    if (isPlainObject(failure.item)) columns.add(failure.item);
    for (const [name, value] of Object.entries(isPlainObject(failure.item) ? inColumns(failure.item, columns).own : {})) {
      const kind = kindOf(value);
      // A column with both has texts for what says nothing itself.
      if (kind && kinds.get(name) !== "text") kinds.set(name, kind);
    }
    if (items.size % SAY_EACH === 0) say(items.size);
  }
  const names = new Set([...MARKS, REST, ...columns.names]);
  const corrections = new Map();
  const kept = new Map();
  const rewritten = new Map();
  const [moved, errors] = [new MovedRows(), new OtherErrors()];
  const lines = new Map();
  const changed = new Map();
  let [rows, keptError] = [0, undefined];
  for await (const { value, line } of csvItems(source)) {
    rows += 1;
    if (!Object.hasOwn(value, "_index")) throw new FileProblem("This is not the table of failed items: it has no column “_index”.");
    const other = Object.keys(value).map(valueOfCell).find((name) => !names.has(name));
    if (other !== undefined) throw new FileProblem(`There is a column “${short(other, 40)}”, which no failed item has: download the table again, and change only cells or remove whole rows.`);
    const index = /^\d+$/.test(value._index.trim()) ? Number(value._index) : NaN;
    if (!items.has(index)) throw new FileProblem(`no item with the index “${short(value._index, 40)}” has failed.`, line);
    if (lines.has(index)) throw new FileProblem(`the row of item ${index} was already in line ${count(lines.get(index))}.`, line);
    lines.set(index, line);
    const hasOwnId = checkId(value, index, ids.get(index), line);
    const note = (columns, { name, ...cell }) => {
      const known = columns.get(name) || { name, ...cell, line, rows: 0 };
      columns.set(name, { ...known, rows: known.rows + 1 });
    };
    const old = items.get(index);
    const message = messages.get(index) || "";
    const add = (to, options) => {
      const item = correctedItem(old, value, { kinds, columns, line, message, ...options });
      const text = exactText(item);
      if (text !== exactText(old) && text !== given.get(index)) to.set(index, { index, item, isTaken: given.has(index), other: given.get(index) });
    };
    const cells = [];
    add(corrections, { onChanged: (cell, isSuspect) => { note(isSuspect ? rewritten : changed, cell); cells.push(cell); } });
    errors.add(message, value._error, cells);
    if (!hasOwnId) moved.add(rowOf(old, columns), cells);
    try {
      add(kept, { keeps: true });
    } catch (error) {
      keptError ??= error;
    }
  }
  return { rows, left: items.size - rows, changed: [...changed.values()], corrections: [...corrections.values()], kept: [...kept.values()], keptError, rewritten: [...rewritten.values()], moved: moved.words(rows), isOther: errors.areMost() };
}

// Counts the rows that show another error than their item has now: then the table is of an earlier round or of another job.
class OtherErrors {
  #rows = 0;

  #other = 0;

  // Somebody may have emptied the cell, and a spreadsheet may have rewritten it, as any. Where a value was replaced in the whole table, it was
  // in the error that quotes it, too.
  add(message, cell = "", cells = []) {
    if (cell.trim() === "") return;
    const [own, error] = [shownCell(message), valueOfCell(cell)];
    // Whatever became of blanks, line ends, signs and letters in another encoding.
    const plain = (text) => text.replace(/[^0-9A-Za-z]/g, "");
    const without = (text, values) => values.filter((value) => value !== "").reduce((rest, value) => rest.replaceAll(value, ""), text);
    const isSame = (one, other) => plain(one) !== "" && plain(one) === plain(other);
    const isOwn = own === error || isSame(own, error) || isSame(without(own, cells.map(({ before }) => before)), without(error, cells.map(({ after }) => after)));
    this.#rows += 1;
    if (!isOwn && !isRewritten(own, error, false)) this.#other += 1;
  }

  // Some rows may have notes of their own there.
  areMost() {
    return 2 * this.#other > this.#rows;
  }
}

// The cells of an item's row, by column.
function rowOf(item, columns) {
  const { own } = isPlainObject(item) ? inColumns(item, columns) : { own: {} };
  return new Map([...[...columns.names].map((name) => [name, cellOf(memberOf(own, name))]), [REST, restCell(item, columns)]]);
}

// Notices rows that were sorted without the column `_index`: then a column has the same values as before, but in other rows, or the
// rows that changed are together the same as before.
class MovedRows {
  #columns = new Map();
  #changedRows = 0;
  // Of the rows that changed: how often each was there before, less how often it is there now.
  #balance = new Map();

  // True if the rows that changed are at the indexes of others of them.
  areExchanged() {
    return this.#changedRows > 0 && [...this.#balance.values()].every((times) => times === 0);
  }

  // The changed cells of a row; `row` has all of its cells as they were.
  add(row, cells) {
    if (cells.length === 0) return;
    this.#changedRows += 1;
    const changed = new Map([...row, ...cells.map(({ name, after }) => [name, after])]);
    for (const [one, times] of [[row, 1], [changed, -1]]) {
      const text = JSON.stringify([...one]);
      this.#balance.set(text, (this.#balance.get(text) || 0) + times);
    }
    cells.forEach((cell) => this.#addCell(cell));
  }

  #addCell({ name, before, after }) {
    if (this.#columns.size >= 20 && !this.#columns.has(name)) return;
    const column = this.#columns.get(name) || { cells: 0, gone: new Map(), come: new Map() };
    this.#columns.set(name, column);
    if (column.cells >= 10000) return;
    column.cells += 1;
    column.gone.set(before, (column.gone.get(before) || 0) + 1);
    column.come.set(after, (column.come.get(after) || 0) + 1);
  }

  // A column whose cells changed in most rows, mostly to values that other rows had before. A few values, such as yes and no, are
  // in other rows anyway.
  column(rows) {
    const isMoved = ([, { cells, gone, come }]) => {
      const moved = [...come].reduce((sum, [value, times]) => sum + Math.min(times, gone.get(value) || 0), 0);
      return cells >= 3 && 2 * cells > Math.min(rows, 10000) && 4 * moved >= 3 * cells && 2 * come.size > cells;
    };
    return [...this.#columns].find(isMoved)?.[0];
  }

  words(rows) {
    const column = this.column(rows);
    if (column !== undefined) return `The column “${short(column, 60)}” has the same values`;
    return this.areExchanged() ? "The changed rows have the same values" : undefined;
  }
}

// The columns that were changed, each with its first example.
function ChangedColumns({ found }) {
  if (found.corrections.length === 0) return null;
  return html`<ul>${found.changed.map(({ name, rows: number, before, after, line }) => html`<li key=${name}><bdi>${short(name, 60)}</bdi> in ${counted(number, "row")}: “${short(before, 40)}” becomes “${short(after, 40)}” in line ${count(line)}</li>`)}</ul>`;
}

// What becomes of the other failed items.
function UnchangedItems({ found: { rows, left, corrections } }) {
  const same = rows - corrections.length + left;
  return html`${same > 0 && html`<p class="muted">${counted(same, "failed item")} ${same === 1 ? "is" : "are"} not changed by this table${left > 0 ? `, ${count(left)} of them because ${left === 1 ? "its row was" : "their rows were"} removed` : ""}. The retry runs ${same === 1 ? "it" : "them"} as ${same === 1 ? "it is" : "they are"}: with the value that failed, or with an earlier correction.</p>`}`;
}

// Saves the corrections. Those whose items have another new value already are left out, or replace it.
function SaveCorrections({ job, corrections, isTaken, onSave }) {
  if (corrections.length === 0) return " Nothing to save.";
  const free = corrections.filter((one) => !one.isTaken);
  const save = (word, some, replaces) => some.length > 0 && html`<button type="button" class=${replaces ? "" : "primary"} onClick=${() => onSave(some, { replaces })}>${word} ${counted(some.length, "correction")}</button>`;
  if (isTaken) return html`<p>${save("Replace the other new values and save", corrections, true)}</p>`;
  if (free.length === corrections.length) return html`<p>${save("Save", corrections, false)}</p>`;
  const taken = corrections.filter((one) => one.isTaken);
  const [has, them] = taken.length === 1 ? ["has", "it"] : ["have", "them"];
  return html`<p>${counted(taken.length, "item")} of the table ${has} another new value already, from the page or from another table.</p>
    <ul>${taken.slice(0, TAKEN_SHOWN_MAX).map(({ index, item, other }) => html`<li key=${index}>${placeOf(job, index)}: given was <${Text} value=${other} max=${200} />, the table has <${Text} value=${exactText(item)} max=${200} /></li>`)}</ul>
    <p class="buttons">${save(`Leave ${them}, and save the other`, free, false)} ${save(`Replace ${them}, and save${free.length > 0 ? " all" : ""}`, corrections, true)}</p>`;
}

// A request's error in words about the table: its lines are not those of the file.
function ofTable(error) {
  (error.errors || []).forEach((one) => Object.assign(one, { pointer: "the table", detail: one.detail.replace(/^line \d+: /, "") }));
  return error;
}

// Asks what to do with cells that a spreadsheet seems to have rewritten.
function RewrittenCells({ columns, onUndo, onKeep }) {
  return html`<${Note}>A spreadsheet seems to have rewritten cells that nobody changed:
    <ul>${columns.map(({ name, rows, before, after, line }) => html`<li key=${name}><bdi>${short(name, 60)}</bdi> in ${counted(rows, "row")}: “${short(before, 40)}” is now “${short(after, 40)}” in line ${count(line)}</li>`)}</ul>
    <p class="buttons"><button type="button" class="primary" onClick=${onUndo}>Keep the old values there</button>
    <button type="button" onClick=${onKeep}>Use the new values</button></p><//>`;
}

function CorrectedFile({ job, refresh, onSaved }) {
  const [state, setState] = useState({});
  const stop = useRef(new AbortController());
  useEffect(() => () => stop.current.abort(), []);
  const choose = (event) => {
    const [file] = event.target.files;
    event.target.value = "";
    if (file) sourceOf(file).then((source) => look({ ...source, format: "csv" }), (error) => setState({ error: fileError(error) }));
  };
  const look = async (source) => {
    setState({ isBusy: true });
    try {
      setState({ found: await correctionsIn(source, job, { say: () => {}, signal: stop.current.signal }) });
    } catch (error) {
      setState({ error: fileError(error), source });
    }
  };
  const download = async () => {
    setState({ isBusy: true });
    try {
      // With the mark, Excel reads the letters as they are.
      save([BOM, ...await columnsFile(job, { signal: stop.current.signal, onWait: () => {}, onLines: () => {} })], `${fileName(job)}-to-correct.csv`, "csv");
      setState({});
    } catch (error) {
      setState({ error });
    }
  };
  const send = async (corrections, { replaces }) => {
    setState((old) => ({ ...old, error: undefined, isTaken: false, isBusy: true }));
    try {
      for (let at = 0; at < corrections.length; at += CORRECTIONS_PER_REQUEST) await sendCorrections(job, corrections.slice(at, at + CORRECTIONS_PER_REQUEST), { replaces, refresh });
      setState({ saved: corrections.length });
      onSaved();
    } catch (error) {
      const isTaken = isTakenMeanwhile(error);
      setState((old) => (isTaken ? { found: old.found, error: ofTable(error), isTaken } : { error: ofTable(error) }));
    }
  };
  const { found } = state;
  const isToChoose = found && !state.isBusy && found.rewritten.length > 0;
  const decide = (corrections, error) => setState(error ? { error: fileError(error) } : { found: { ...found, corrections, rewritten: [] } });
  return html`<div class="correct-file"><h3>Many items?</h3><p class="muted">Download them as a table, correct it in a spreadsheet, and give it back. Only the cells that you change are used.</p>
    <p class="buttons"><button type="button" class="small" onClick=${download}>Download the table</button><input id="corrected-file" type="file" class="visually-hidden" accept=".csv,text/csv" onChange=${choose} />
      <label class="button small" for="corrected-file">Give back the corrected table</label></p>
    ${state.isBusy && html`<${Loading} what="the failed items" />`}
    ${state.error && html`<${ErrorNote} error=${state.error} />`}
    ${state.source && html`<${ReadAsItIs} error=${state.error} source=${state.source} onChange=${look} /><${ReadingChoices} source=${state.source} isTable onChange=${look} />`}
    ${isToChoose && html`<${RewrittenCells} columns=${found.rewritten} onUndo=${() => decide(found.corrections)} onKeep=${() => decide(found.kept, found.keptError)} />`}
    ${found && !isToChoose && !state.isBusy && html`<${Note}>${counted(found.rows, "row")} read; <strong>${counted(found.corrections.length, "item")}</strong> changed.<${ChangedColumns} found=${found} />
      ${found.isOther && html`<p>Most rows have another “_error” than their items have now. Is the table of an earlier round, or of another job? Then download it again: it has old values.</p>`}
      ${found.moved && html`<p><bdi>${found.moved}</bdi> as before, but in other rows. Were the rows sorted without the column “_index”? Then items would get each other’s values.</p>`}
      <${SaveCorrections} job=${job} corrections=${found.corrections} isTaken=${state.isTaken} onSave=${send} /><${UnchangedItems} found=${found} /><//>`}
    ${state.saved > 0 && html`<${Note}>${counted(state.saved, "correction")} saved. Retry the job to run ${state.saved === 1 ? "it" : "them"}.<//>`}
  </div>`;
}
