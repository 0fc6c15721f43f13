// A table that looks as if another delimiter separated its cells: what is above the names of the columns was read as the header.
// In a table of one column, each other delimiter counts. In a wider one it must be in each row more often than the chosen one, and look as
// if that belonged to numbers or to a title: `Umsatz, netto` above `Meier;1,50;x`.

// So many rows in sequence look like columns; at the end of the file fewer do.
const ROWS_ALIKE = 3;
const LAST_ROWS_ALIKE = 2;
// Signs that separate now and then, and that names have, too.
const RARE = ["^", "~", ":", "*", "!", "="];

class OtherDelimiter {
  constructor({ cells, hasQuotes }, delimiter) {
    const rare = cells.length === 1 && !hasQuotes ? RARE : [];
    Object.assign(this, {
      delimiter,
      columns: cells.length,
      blankInHeader: cells.slice(1).some((name) => name.startsWith(" ")),
      rare: rare.filter((sign) => isOfNames(cells[0], sign)).map((sign) => [sign, timesInAll(cells, sign)]),
      rows: 0,
      // The delimiter of the rows in sequence, how often each has it, the line of the first, and how many there are.
      alike: null,
    });
  }

  // True while rows may still show it: a sequence begins near the beginning of the file, or never.
  look(row) {
    this.rows += 1;
    this.checkRare(row);
    const found = row.hasQuotes ? undefined : OTHERS.filter((sign) => sign !== this.delimiter).map((sign) => ({ sign, often: timesInAll(row.cells, sign) })).find(({ sign, often }) => this.separates(row, sign, often));
    const goesOn = found && this.alike && found.sign === this.alike.sign && found.often === this.alike.often;
    if (goesOn) this.alike.rows += 1;
    else this.alike = found && this.rows <= TITLE_LINES_MAX ? { ...found, line: row.line, rows: 1 } : null;
    this.refuse(ROWS_ALIKE);
    return this.alike !== null || this.rows < TITLE_LINES_MAX;
  }

  end() {
    this.refuse(LAST_ROWS_ALIKE);
  }

  separates({ cells }, sign, often) {
    if (often < this.columns) return false;
    if (this.columns === 1) return true;
    const isInNumbers = cells.slice(1).every((cell, at) => /\d$/.test(cells[at]) && /^\d/.test(cell));
    // One cell may be a list, as in `1,a;b;c`.
    const isSpread = cells.filter((cell) => cell.includes(sign)).length > 1;
    return (isSpread && isInNumbers) || (this.blankInHeader && !cells.slice(1).some((cell) => cell.startsWith(" ")));
  }

  checkRare({ cells, hasQuotes, line }) {
    const same = this.rows === 1 && !hasQuotes && this.rare.find(([sign, often]) => timesInAll(cells, sign) === often);
    if (same) throw new FileProblem(`the table has one column, but the header and this row contain “${same[0]}” equally often: replace it by a comma if it separates the cells.`, { line, column: 1 }, { canStay: true });
  }

  refuse(least) {
    if (!this.alike || this.alike.rows < least) return;
    const { sign, line } = this.alike;
    const other = delimiterWord(sign);
    const than = this.columns === 1 ? `the table has one column, but each row from here contains ${other} equally often` : `each row from here contains ${other} equally often, and more often than ${delimiterWord(this.delimiter)}`;
    throw new FileProblem(`${than}: choose ${other} as the separator, and remove what is above the names of the columns.`, { line, column: 1 }, { canStay: true });
  }
}

// True if the text can be two or more names with this sign between them: `id:name`, and not `Name:`.
function isOfNames(text, sign) {
  return text.includes(sign) && text.split(sign).every((name) => name !== "" && !/^[ \t\f\r\n]|[ \t\f\r\n]$/.test(name));
}

// Rows that were put in quotes as a whole: `"id,""name"""` above `"1,""Ann"""`. None if the header is no such header.
function wrappedBelow({ cells, hasQuotes, line }) {
  if (cells.length > 1 || !hasQuotes) return [];
  const sign = OTHERS.find((one) => timesOutsideQuotes(cells[0], one) > 0);
  return sign === undefined ? [] : [new WrappedRows(sign, timesOutsideQuotes(cells[0], sign), line)];
}

class WrappedRows {
  constructor(sign, often, line) {
    Object.assign(this, { sign, often, line, rows: 0 });
  }

  look({ cells, hasQuotes }) {
    this.rows += 1;
    const isWrapped = hasQuotes && timesOutsideQuotes(cells[0], this.sign) === this.often;
    if (isWrapped && this.rows >= ROWS_ALIKE) this.refuse();
    return isWrapped;
  }

  end() {
    if (this.rows > 0) this.refuse();
  }

  refuse() {
    throw new FileProblem(`the table has one column, but the header and each row are one cell in quotes that contains ${delimiterWord(this.sign)} equally often: remove the quotes around each row, and write one quote for two within.`, { line: this.line, column: 1 }, { canStay: true });
  }
}

function timesOutsideQuotes(text, sign) {
  return times(text.split('"').filter((_, at) => at % 2 === 0).join('"'), sign);
}
