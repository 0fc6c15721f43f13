// Rows of cells by RFC 4180, strictly. Lines end with LF, CRLF, CR, or some of each.
const UNENDED_CHARS_MAX = 1_000_000;

// Each row as `{ cells, starts, hasQuotes, line, row, text }`. `row` is its number in a spreadsheet, `starts` has the place of each cell
// in its text.
async function* csvRows(source) {
  const rows = new CsvRows(source.delimiter);
  for await (const text of textOf({ ...source, format: "csv" })) yield* rows.in(text, false);
  yield* rows.in("", true);
}

// The rows of a table that the API has written.
function rowsOfText(text) {
  return [...new CsvRows(",", { mayHaveMarks: true }).in(text, true)];
}

class CsvRows {
  constructor(delimiter, { mayHaveMarks = false } = {}) {
    Object.assign(this, { delimiter, mayHaveMarks, rest: "", line: 1, row: 1, plain: new RegExp(`[^"\\r\\n${/[\]\\^-]/.test(delimiter) ? "\\" : ""}${delimiter}]*`, "y") });
  }

  // The rows that end in this text, which follows the text before.
  * in(text, isLast) {
    this.rest += text;
    let from = 0;
    while (from < this.rest.length) {
      const found = this.rowFrom(from, isLast);
      if (!found) break;
      yield Object.assign(found, { text: this.rest.slice(from, found.end), line: this.line, row: this.row });
      this.row += 1;
      this.line += found.hasQuotes && found.cells.some((cell) => /[\r\n]/.test(cell)) ? placeAfter(found.text, START).line - 1 : 1;
      from = found.end;
    }
    this.rest = this.rest.slice(from);
    if (this.rest.length > UNENDED_CHARS_MAX) throw new FileProblem(`the item that begins here is larger than ${bytes(LIMITS.itemBytes)}.`, this.line);
  }

  // Null if the row does not end in the text that has come.
  rowFrom(from, isLast) {
    const [cells, starts] = [[], []];
    const text = this.rest;
    let [at, hasQuotes] = [from, false];
    for (;;) {
      starts.push(at - from);
      const isQuoted = text[at] === '"';
      hasQuotes ||= isQuoted;
      const cell = isQuoted ? this.quotedFrom(from, at, isLast) : this.plainFrom(from, at);
      if (cell === null) return null;
      cells.push(cell.text);
      at = cell.end;
      if (text[at] !== this.delimiter) break;
      at += 1;
    }
    // A CR at the end may be half of a line break, and a cell may go on.
    if (!isLast && (at === text.length || (text[at] === "\r" && at + 1 === text.length))) return null;
    return { cells, starts, hasQuotes, end: at + (text.startsWith("\r\n", at) ? 2 : 1) };
  }

  plainFrom(from, at) {
    this.checkMark(from, at);
    this.plain.lastIndex = at;
    const [text] = this.plain.exec(this.rest);
    const end = at + text.length;
    if (this.rest[end] === '"') this.refuse(from, end, "a quote in a cell that does not begin with one: put the whole cell in quotes, and double each quote within.");
    return { text, end };
  }

  quotedFrom(from, at, isLast) {
    this.checkMark(from, at + 1);
    let [text, begins] = ["", at + 1];
    for (;;) {
      const quote = this.rest.indexOf('"', begins);
      if (quote < 0 && !isLast) return this.unended(from, at);
      if (quote < 0) this.refuse(from, at, "the quote that is opened here is never closed.");
      text += this.rest.slice(begins, quote);
      if (this.rest[quote + 1] !== '"') return this.closed(from, at, quote + 1, text, isLast);
      text += '"';
      begins = quote + 2;
    }
  }

  closed(from, opened, end, text, isLast) {
    const next = this.rest[end];
    if (next === undefined) return isLast ? { text, end } : null;
    if (next === this.delimiter || next === "\n" || next === "\r") return { text, end };
    const { line, column } = this.placeOf(from, opened);
    const after = this.rest.slice(end).replace(/^ +/, "").charAt(0);
    if (after === "" && !isLast) return null;
    if (next === " " && ["", this.delimiter, "\r", "\n"].includes(after)) this.refuse(from, end, `a space after the quote that closes the cell from line ${count(line)}, column ${count(column)}: remove the space.`);
    const other = DELIMITERS.find(([one]) => one === next);
    return this.refuse(from, end, `text after the quote that closes the cell from line ${count(line)}, column ${count(column)}: double each quote within a cell${other ? `, or choose ${other[1]} as the separator` : ""}.`);
  }

  // Refuses a byte-order mark at the beginning of a cell.
  checkMark(from, at) {
    if (!this.mayHaveMarks && this.rest[at] === MARK) this.refuse(from, at, MARK_WITHIN);
  }

  unended(from, at) {
    if (this.rest.length - at > UNENDED_CHARS_MAX) this.refuse(from, at, `the cell that begins here goes on for more than ${count(UNENDED_CHARS_MAX)} characters: is its closing quote missing?`);
    return null;
  }

  placeOf(from, at) {
    return placeAfter(this.rest.slice(from, at), { ...START, line: this.line });
  }

  refuse(from, at, words) {
    throw new FileProblem(words, this.placeOf(from, at));
  }
}
