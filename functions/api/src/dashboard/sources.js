// Reads CSV, NDJSON and JSON files of any size, strictly: what cannot be read exactly is refused with its line.
const EMPTY_NAMES = "the header has an empty column name";

const CHANGED = "The file was changed or moved since it was chosen. Choose it again.";

// The file's text is damaged, or not text at all.
class FileProblem extends Error {
  constructor(message, line, options) {
    super(line === undefined ? message : `Line ${count(line)}: ${message}`, options);
    this.line = line;
  }
}

const SIGNATURES = [["PK\u0003\u0004", "a zip or Excel file: save it as CSV first"], ["\u001f\u008b", "compressed with gzip: unpack it first"],
  ["%PDF", "a PDF"], ["\u00d0\u00cf\u0011\u00e0", "an old Excel file: save it as CSV first"]];

// What the first bytes say about the file.
async function encodingOf(file) {
  const head = new Uint8Array(await file.slice(0, 4).arrayBuffer());
  const start = String.fromCharCode(...head);
  const known = SIGNATURES.find(([signature]) => start.startsWith(signature));
  if (known) throw new FileProblem(`This file is ${known[1]}.`);
  if (head[0] === 0xff && head[1] === 0xfe) return "utf-16le";
  if (head[0] === 0xfe && head[1] === 0xff) return "utf-16be";
  return "utf-8";
}

// The file as text, piece by piece. Bytes that are no text are refused, never replaced.
async function* textOf(file, encoding) {
  const decoder = new TextDecoder(encoding, { fatal: true });
  const reader = file.stream().getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((error) => { throw new FileProblem(CHANGED, undefined, { cause: error }); });
      const text = decodeOrRefuse(decoder, value, done, encoding);
      if (text.includes("\u0000")) throw new FileProblem("The file contains zero bytes: it is not a text file.");
      if (text) yield text;
      if (done) return;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function decodeOrRefuse(decoder, value, done, encoding) {
  try {
    return decoder.decode(value, { stream: !done });
  } catch {
    const hint = encoding === "utf-8" ? "If a spreadsheet wrote it, choose “Windows-1252” as its encoding, or save it as “CSV UTF-8”." : "";
    throw new FileProblem(`The file is not ${encoding.toUpperCase()}. ${hint}`);
  }
}

function linesIn(text) {
  return (text.match(/\r\n|\n|\r/g) || []).length;
}

// Rows of a CSV file as `{ cells, line, row }`. A row that is empty in every column is left out, but counted: `row` is its number in
// a spreadsheet.
async function* csvRows(file, { encoding, delimiter }) {
  let rest = "";
  let [line, row] = [1, 1];
  const rows = (isLast) => {
    const found = parseRows(rest, delimiter, isLast, { line, row });
    rest = rest.slice(found.used);
    [line, row] = [found.line, found.row];
    return found.rows;
  };
  for await (const text of textOf(file, encoding)) {
    rest += text;
    // A CR at the end may be half of a line break.
    if (!rest.endsWith("\r")) yield* rows(false);
  }
  yield* rows(true);
}

function parseRows(text, delimiter, isLast, first) {
  const rows = [];
  let [used, line, row] = [0, first.line, first.row];
  const parser = new Papa.Parser({ delimiter, newline: newlineOf(text), step: ({ data, errors, meta }) => {
    if (errors.length > 0) throw new FileProblem(csvErrorWords(errors[0]), line);
    const [cells] = data.length && Array.isArray(data[0]) ? data : [data];
    if (cells.some((cell) => cell !== "")) rows.push({ cells, line, row });
    row += 1;
    line += linesIn(text.slice(used, meta.cursor));
    used = meta.cursor;
  } });
  const { meta, errors } = parser.parse(text, 0, !isLast);
  if (isLast && errors.length > 0) throw new FileProblem(csvErrorWords(errors[0]), line);
  return { rows, used: isLast ? text.length : Math.max(used, Math.min(meta.cursor, text.length)), line, row };
}

function newlineOf(text) {
  const quoteless = text.slice(0, 1 << 20).replace(/"[^"]*"/g, "");
  return quoteless.includes("\r\n") ? "\r\n" : quoteless.includes("\n") ? "\n" : quoteless.includes("\r") ? "\r" : "\n";
}

function csvErrorWords({ code }) {
  return code === "MissingQuotes" ? "a quote is opened here and never closed" : "there is text after a closing quote";
}

// The delimiter that the header suggests.
function delimiterOf(header) {
  const quoteless = header.replace(/"[^"]*"/g, "");
  if (quoteless.includes(",")) return ",";
  return [";", "\t", "|"].find((one) => quoteless.includes(one)) || ",";
}

// Items of a CSV file: one object a row, with all values as text. A column may be given another name. `written` has the names as
// the file has them, `names` as the items have them.
async function* csvItems(file, options) {
  let [names, written, keys] = [null, null, null];
  for await (const { cells, line, row } of csvRows(file, options)) {
    if (!names) {
      written = [cells[0].replace(/^\ufeff/, ""), ...cells.slice(1)];
      names = headerOf(written, line, options.renamed || {});
      keys = names.map((name) => JSON.stringify(name));
    } else {
      if (cells.length !== names.length) throw new FileProblem(`${counted(cells.length, "column")}, but the header has ${count(names.length)}.${names.length < cells.length ? " Is the first line a title, and not the header? Remove it then." : ""}`, line);
      const value = Object.fromEntries(names.map((name, at) => [name, cells[at]]));
      // In the order of the columns: an object of JavaScript puts names such as 2024 first.
      const text = `{${keys.map((key, at) => `${key}:${JSON.stringify(cells[at])}`).join(",")}}`;
      yield { value, text, line, row, cells, names, written };
    }
  }
  if (!names) throw new FileProblem("The file is empty.");
}

function headerOf(written, line, renamed) {
  const names = written.map((name) => (Object.hasOwn(renamed, name) ? renamed[name] : name));
  if (names.some((name) => name.trim() === "")) throw new FileProblem(`${EMPTY_NAMES}.`, line);
  const unlike = names.find((name) => hiddenInName(name) !== undefined);
  if (unlike !== undefined) throw new FileProblem(`the column name “${short(unlike, 60)}” contains U+${hiddenInName(unlike).toString(16).toUpperCase().padStart(4, "0")}, which cannot be seen: remove that character from the header row.`, line);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new FileProblem(`the header has the column “${short(twice, 60)}” twice.`, line);
  return names;
}

function jsonOrRefuse(text, line) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FileProblem(`this is not JSON: ${error.message}.`, line);
  }
}

const INVISIBLE = /^[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\u2800\ufffc]$/u;
const SPACE_AT_AN_END = /^(?![\0-\x7f])\p{White_Space}|(?![\0-\x7f])\p{White_Space}$/u;

// The first character of a name that makes it another one than it looks like, as in invisible.rs.
function hiddenInName(name) {
  const characters = [...name];
  const isAscii = (one) => one === undefined || one < "\x80";
  const isHidden = (one, at) => {
    const [before, next] = [characters[at - 1], characters[at + 1]];
    const isJoined = /[\u200c\u200d\ufe0e\ufe0f]/.test(one) && !isAscii(before) && (!INVISIBLE.test(before) || before === "\ufe0f") && (/[\ufe0e\ufe0f]/.test(one) || !isAscii(next));
    return INVISIBLE.test(one) && !isJoined && !"\t\n\r".includes(one);
  };
  const space = SPACE_AT_AN_END.test(name) && characters.find((one) => !isAscii(one) && /\p{White_Space}/u.test(one));
  const hidden = space || characters.find(isHidden);
  return hidden === undefined ? undefined : hidden.codePointAt(0);
}

// Items of an NDJSON file: the lines as they are, each checked to be JSON.
async function* ndjsonItems(file, { encoding }) {
  let [rest, line] = ["", 0];
  const item = (raw) => {
    line += 1;
    const text = raw.replace(/\r$/, "").replace(/^\ufeff/, "");
    if (text.trim() === "") return null;
    return { value: jsonOrRefuse(text, line), text, line };
  };
  for await (const text of textOf(file, encoding)) {
    const lines = (rest + text).split("\n");
    rest = lines.pop();
    for (const raw of lines) {
      const found = item(raw);
      if (found) yield found;
    }
  }
  const last = item(rest);
  if (last) yield last;
}

function itemsOf(source) {
  const read = { csv: csvItems, ndjson: ndjsonItems, json: listItems }[source.format];
  return read(source.file, source);
}
