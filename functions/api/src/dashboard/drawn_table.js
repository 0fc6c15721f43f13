// Tables that a program drew with characters for people to read: a frame around the names, a line below them, and the number of rows at
// the end.
const IN_FRAME = /^\+-|[\u2500-\u257f]|---|===|\*\*\*|\+\+\+/;

// True for a row that has nothing but lines: `----`, `==  ==`, `--+--`.
function isDrawnLine(cells) {
  return cells.some((cell) => /--|==|[\u2500-\u257f]/.test(cell)) && cells.every((cell) => /^[-=+| \u2500-\u257f]*$/.test(cell));
}

// True for `(2 rows)`, `(2 Zeilen)` below two rows, and `2 rows selected.`
function countsRows(cell, rows) {
  if (/^\d+ rows?( selected| in set)/.test(cell) || /^\(\d+ rows?( .*)?\)$/.test(cell)) return true;
  const [, number] = /^\((\d+) .*\)$/.exec(cell) || [];
  return number !== undefined && Number(number) === rows;
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
    Object.assign(this, { isNarrow: cells.length === 1, rows: 0, countLine: null });
  }

  // True while rows may still show it.
  look({ cells, hasQuotes, line }) {
    if (this.rows === 0 && !hasQuotes && isDrawnLine(cells)) throw new FileProblem("a line that a program drew below the names of the columns: remove it, or export the table as CSV.", { line, column: 1 }, { canStay: true });
    this.countLine = !hasQuotes && countsRows(cells[0], this.rows) ? line : null;
    this.rows += 1;
    return this.isNarrow;
  }

  end() {
    if (this.isNarrow && this.countLine !== null) throw new FileProblem("the number of rows, as a program writes it below a table: remove it, or export the table as CSV.", { line: this.countLine, column: 1 }, { canStay: true });
  }
}
