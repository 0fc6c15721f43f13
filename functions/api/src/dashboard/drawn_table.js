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

// The mark that git leaves above the first of two versions that it could not merge.
const CONFLICT_MARK = /^<<<<<<< /;
const CONFLICT = "a mark of git, where two versions of the file could not be merged: resolve the conflict first";

class MergeConflict {
  look({ cells, hasQuotes, line }) {
    if (!hasQuotes && CONFLICT_MARK.test(cells[0])) throw new FileProblem(`${CONFLICT}.`, { line, column: 1 }, { canStay: true });
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
