// Tables that a program drew with characters for people to read: a frame around the names, a line below them, and the number of rows at
// the end.
const IN_FRAME = /^\+-|[\u2500-\u257f]|---|===|\*\*\*|\+\+\+/;

// True for a row that has nothing but lines: `----`, `==  ==`, `--+--`.
function isDrawnLine(cells) {
  return cells.some((cell) => /--|==|[\u2500-\u257f]/.test(cell)) && cells.every((cell) => /^[-=+| \u2500-\u257f]*$/.test(cell));
}

// True for `(2 rows)`, `(2 Zeilen)` below two rows, `2 rows selected.`, `2 record(s) selected.`, `2 Zeilen ausgewählt.` below two rows, and
// `Rows: 2`.
function countsRows(cell, rows) {
  if (/^\d+ (rows?|row\(s\)|record\(s\)|records) (selected|in set|affected)/.test(cell) || /^\(\d+ (rows?|row\(s\)|record\(s\)|records)( .*)?\)$/.test(cell)) return true;
  const [, ...numbers] = /^(?:\((\d+) .*\)|(\d+) [^ ]+ [^ ]*\.|(?:rows|row count): (\d+))$/i.exec(cell) || [];
  return numbers.some((number) => number !== undefined && Number(number) === rows);
}

const COUNT = "the number of rows, as a program writes it below a table: remove it, or export the table as CSV.";
const FAULT = "an error of the database, where it stopped writing rows: export the table again.";

// What a last row is that no one wrote as a row: a count, or `ORA-01013: user requested cancel`, or `ERROR 2013 (HY000) at line 1: …`.
function notARow(cell, rows) {
  if (countsRows(cell.trim(), rows)) return COUNT;
  return /^(ORA-\d+: |ERROR \d+ \()/.test(cell) ? FAULT : null;
}

const OF_GIT = "a mark of git, where two versions of the file could not be merged: resolve the conflict first";
const OF_COPY = "the mark at the end of what COPY of PostgreSQL writes: remove this line, or write the file with FORMAT csv";

// What the row is if another program left it as a mark. Only the name of a version of git may contain the separator.
function markIn({ cells, hasQuotes }) {
  if (hasQuotes) return null;
  if (cells.length === 1 && cells[0] === "\\.") return OF_COPY;
  return /^(<<<<<<<|\|\|\|\|\|\|\||>>>>>>>) /.test(cells[0]) || (cells.length === 1 && cells[0] === "=======") ? OF_GIT : null;
}

class LeftMark {
  look(row) {
    const mark = markIn(row);
    if (mark) throw new FileProblem(`${mark}.`, { line: row.line, column: 1 }, { canStay: true });
    return true;
  }

  end() {}
}

class DrawnTable {
  constructor({ cells }) {
    Object.assign(this, { isNarrow: cells.length === 1, rows: 0, last: null });
  }

  // True while rows may still show it.
  look({ cells, hasQuotes, line }) {
    if (this.rows === 0 && !hasQuotes && isDrawnLine(cells)) throw new FileProblem("a line that a program drew below the names of the columns: remove it, or export the table as CSV.", { line, column: 1 }, { canStay: true });
    const what = hasQuotes ? null : notARow(cells[0], this.rows);
    this.last = what && { what, line };
    this.rows += 1;
    return this.isNarrow;
  }

  end() {
    if (this.isNarrow && this.last) throw new FileProblem(this.last.what, { line: this.last.line, column: 1 }, { canStay: true });
  }
}
