// CSV as items: each row becomes an object with the header's names in the header's order. All values stay text.
const DELIMITERS = [[",", "comma ,"], [";", "semicolon ;"], ["\t", "tab"], ["|", "bar |"]];
// What is looked for where another delimiter is likely, in this order.
const OTHERS = [";", "\t", "|", ","];
// Commas and semicolons of other scripts, and the broken bar.
const WIDE_DELIMITER = /[\uff0c\uff1b\u3001\u060c\u061b\uff5c\u00a6]/u;
// A control character that can only separate cells, as Hive's U+0001.
const CONTROL_DELIMITER = /[\u0001-\u0008\u000b\u000c\u000e-\u0019\u001c-\u001f\u007f]/;
// Quotes that CSV does not know.
const OTHER_QUOTES = ["''", "``", "‘’", "“”", "„“", "«»", "»«", "＂＂"].map((pair) => [...pair]);
const TITLE_LINES_MAX = 10;

// Items of a CSV file: one object a row, with all values as text. A column may be given another name. `written` has the names as
// the file has them, `names` as the items have them. Rows that are empty in every column are skipped, and counted in `tally`.
async function* csvItems(source, tally = { skipped: 0 }) {
  const table = new CsvTable(source);
  for await (const row of csvRows(source)) {
    const item = table.item(row);
    if (item) yield item;
    else if (row.row !== table.headerRow) tally.skipped += 1;
  }
  table.end();
}

class CsvTable {
  constructor({ delimiter, isNamed, renamed = {} }) {
    Object.assign(this, { delimiter, isNamed, renamed, names: null });
  }

  // Null if the row is the header, or is empty in every column.
  item(row) {
    const { cells, line } = row;
    const isBlankLine = cells.length === 1 && cells[0] === "" && !row.hasQuotes;
    if (isBlankLine) return null;
    if (!this.names) {
      this.begin(row);
      return null;
    }
    if (cells.length !== this.names.length) throw new FileProblem(this.wrongWidth(row), { line, column: 1 });
    if (cells.every((cell) => cell === "")) return null;
    this.look(row);
    const value = Object.fromEntries(this.names.map((name, at) => [name, cells[at]]));
    // In the order of the columns: an object of JavaScript puts names such as 2024 first.
    const text = `{${this.keys.map((key, at) => `${key}:${JSON.stringify(cells[at])}`).join(",")}}`;
    return { value, text, line, row: row.row, cells, names: this.names, written: this.written };
  }

  begin(row) {
    checkDelimiter(row, this.delimiter);
    this.names = namesOf(row, this.renamed);
    if (!this.isNamed) checkOtherQuotes(row);
    if (!this.isNamed) checkOtherDelimiters(row, this.delimiter);
    Object.assign(this, { written: row.cells, line: row.line, headerRow: row.row, keys: this.names.map((name) => JSON.stringify(name)) });
    if (sizeOf(this.keys.join(":")) > LIMITS.itemBytes) throw new FileProblem(`the names of the columns alone are more than ${bytes(LIMITS.itemBytes)}.`, { line: row.line, column: 1 });
    this.mistakes = this.isNamed ? [] : [new LeftMark(), new OtherDelimiter(row, this.delimiter), new DrawnTable(row), new RepeatedHeader(row), ...wrappedBelow(row, this.delimiter)];
  }

  // Looks for mistakes about the whole file that the row shows.
  look({ cells, hasQuotes, line }) {
    this.mistakes = this.mistakes.filter((mistake) => mistake.look({ cells, hasQuotes, line }));
  }

  end() {
    if (!this.names) throw new FileProblem("The file is empty: CSV needs a header row with the names of the columns.");
    this.mistakes.forEach((mistake) => mistake.end());
  }

  wrongWidth(row) {
    const mark = markIn(row);
    if (mark) return `${mark}.`;
    const [cells, columns] = [row.cells.length, this.names.length];
    return `${counted(cells, "cell")}, but the header row has ${counted(columns, "cell")}: ${cells > columns ? this.remedyForMore(row) : "add the cells that are missing, or put a cell in quotes if a line break belongs to it"}.`;
  }

  remedyForMore({ cells, line }) {
    const more = cells.slice(this.names.length);
    if (more.every((cell) => cell === "") && cells.some((cell) => cell !== "")) {
      return more.length === 1 ? "the last cell is empty: remove the separator at the end of the rows" : `the last ${count(more.length)} cells are empty: remove the separators at the end of the rows`;
    }
    const quotes = `put a cell in quotes if ${delimiterWord(this.delimiter)} belongs to it`;
    const last = line - 1;
    if (this.names.length > 1 || last >= this.line + TITLE_LINES_MAX) return quotes;
    return this.line === last ? `is line ${count(last)} a title? Then remove it; otherwise ${quotes}` : `are lines ${count(this.line)} to ${count(last)} a title? Then remove them; otherwise ${quotes}`;
  }
}

// A row that repeats the header: two files were joined. The second may have its columns in another order, or their names in other
// capitals or with blanks around them. A single cell may be such a word.
class RepeatedHeader {
  constructor({ cells, line }) {
    Object.assign(this, { names: cells.map(plainName), line });
    this.sorted = [...this.names].sort().join("\n");
  }

  look({ cells, line }) {
    if (this.names.length === 1 || !cells.every((cell) => this.names.includes(plainName(cell)))) return true;
    const names = cells.map(plainName);
    if ([...names].sort().join("\n") !== this.sorted) return true;
    const isInOrder = names.every((name, at) => name === this.names[at]);
    const [order, remedy] = isInOrder ? ["", "remove it"] : [", in another order", "send each file alone"];
    throw new FileProblem(`the row repeats the header of line ${count(this.line)}${order}: were two files joined? Then ${remedy}.`, { line, column: 1 }, { canStay: true });
  }

  end() {}
}

// A name in small letters, without blanks around it; only those of ASCII, as the command compares them.
function plainName(name) {
  return name.replace(/^[\t\n\f\r ]+|[\t\n\f\r ]+$/g, "").replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function delimiterWord(delimiter) {
  const known = DELIMITERS.find(([one]) => one === delimiter);
  return known ? known[1] : visible(delimiter);
}

function refuseHeader(row, words, options) {
  throw new FileProblem(words, { line: row.line, column: 1 }, options);
}

// Refuses a single column whose name contains another delimiter: most likely it is several columns.
function checkDelimiter(row, delimiter) {
  const [name] = row.cells;
  if (/^sep=/i.test(name)) refuseHeader(row, "“sep=” is Excel's hint about the separator, not a header: remove this line.");
  if (name.startsWith("#TYPE ")) refuseHeader(row, "“#TYPE” is a line of PowerShell, not a header: remove this line.");
  const mark = markIn(row);
  if (mark) refuseHeader(row, `${mark}, or put the name in quotes if it is one column.`);
  if (row.cells.length > 1 || row.hasQuotes) return;
  if (IN_FRAME.test(name)) refuseHeader(row, "the header is a line of a table that is drawn with characters: export the table as CSV, or put the name in quotes if it is one column.");
  if (/ {2}/.test(name.trim()) || /^#(#|.*: )/.test(name)) refuseHeader(row, "the header is a comment, or its columns are aligned with blanks: export the table as CSV, or put the name in quotes if it is one column.");
  const [wide] = WIDE_DELIMITER.exec(name) || [];
  if (wide) refuseHeader(row, `the header has one column and contains “${wide}”, which cannot be a separator: replace it by a comma throughout, or put the name in quotes if it is one column.`);
  const other = [...OTHERS.filter((one) => name.includes(one)), ...(CONTROL_DELIMITER.exec(name) || [])].find((one) => one !== delimiter);
  if (other !== undefined) refuseHeader(row, `the header has one column and contains ${delimiterWord(other)}: ${OTHERS.includes(other) ? "choose that as the separator" : "replace it by a comma throughout"}, or put the name in quotes if it is one column.`);
}

// Refuses names that contain another delimiter at least as often as the chosen one separates them, as in `article;price, net`.
function checkOtherDelimiters(row, delimiter) {
  if (row.cells.length === 1 || row.hasQuotes) return;
  const other = OTHERS.find((one) => one !== delimiter && timesInAll(row.cells, one) >= row.cells.length - 1);
  if (other) refuseHeader(row, `the header contains ${delimiterWord(other)} at least as often as ${delimiterWord(delimiter)}: choose ${delimiterWord(other)} as the separator.`, { canStay: true });
}

// Refuses names that are all in other quotes than CSV's, as sqlite and beeline write them: the quotes would be part of the names.
function checkOtherQuotes(row) {
  const isIn = ([open, close]) => row.cells.every((name) => name.length > open.length + close.length && name.startsWith(open) && name.endsWith(close));
  const quotes = row.hasQuotes ? undefined : OTHER_QUOTES.find(isIn);
  if (quotes) refuseHeader(row, `the names of the columns are in the quotes ${quotes.join("…")}: write "…" throughout.`, { canStay: true });
}

function times(text, sign) {
  return text.split(sign).length - 1;
}

function timesInAll(cells, sign) {
  return cells.reduce((sum, cell) => sum + times(cell, sign), 0);
}

function namesOf(row, renamed) {
  const named = row.cells.map((written, at) => ({ name: Object.hasOwn(renamed, written) ? renamed[written] : written, at }));
  const refuse = (at, words) => { throw new FileProblem(words, placeAfter(row.text.slice(0, row.starts[at]), { ...START, line: row.line })); };
  const title = named.filter(({ name }) => !isBlankName(name)).length === 1 ? "; if the line is a title, remove it" : "";
  const seen = new Set();
  for (const { name, at } of named) {
    const isLast = at > 0 && at + 1 === named.length;
    if (isBlankName(name)) refuse(at, `column ${count(at + 1)} has no name: give it one in the header row, or remove the ${isLast ? "separator at the end of each row" : "column"}${title}.`);
    const hidden = hiddenInName(name);
    if (hidden !== undefined) refuse(at, `the name of column ${count(at + 1)}, “${short(name, 60)}”, contains U+${hidden.toString(16).toUpperCase().padStart(4, "0")}, which cannot be seen: remove that character.`);
    if (seen.has(name)) refuse(at, `two columns are named “${short(name, 60)}”: rename one.`);
    seen.add(name);
  }
  return named.map(({ name }) => name);
}
