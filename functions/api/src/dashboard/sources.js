// Reads CSV, NDJSON and JSON files of any size, by the same rules as the command (docs/files.md): a table of files, with what becomes of
// each, is tested against both.
const JSON_BLANKS = /^[ \t\r\n]+|[ \t\r\n]+$/g;

// Items of an NDJSON file: the lines as they are, each checked to be JSON.
async function* ndjsonItems(source) {
  const lines = new NdjsonLines();
  for await (const text of textOf(source)) yield* lines.in(text, false);
  yield* lines.in("", true);
}

class NdjsonLines {
  constructor() {
    Object.assign(this, { rest: "", place: START, items: 0, loneList: null });
  }

  // The items of the lines that end in this text, which follows the text before.
  * in(text, isLast) {
    const lines = (this.rest + text).split("\n");
    this.rest = isLast ? "" : lines.pop();
    if (this.rest.length > UNENDED_CHARS_MAX) throw new FileProblem(`the item that begins here is larger than ${bytes(LIMITS.itemBytes)}.`, this.place);
    for (const line of lines) {
      const item = this.item(line);
      if (item) yield item;
      this.place = placeAfter(`${line}\n`, this.place);
    }
    if (isLast && this.loneList) throw new FileProblem("the file is one JSON list: choose that as its format.", this.loneList);
  }

  item(line) {
    const text = line.replace(JSON_BLANKS, "");
    if (text === "") return null;
    const place = placeAfter(/^[ \t\r]*/.exec(line)[0], this.place);
    const value = jsonOrRefuse(text, place, (...fault) => this.hint(...fault));
    this.items += 1;
    this.loneList = this.items === 1 && Array.isArray(value) ? place : null;
    return { value, text, line: place.line };
  }

  hint(text, { at, says }) {
    const isMore = says.startsWith("there is more");
    if (this.items === 0 && isMarkup(text)) return MARKUP.slice(0, -1);
    if (this.items === 0 && text.startsWith("[")) return "if the file is one JSON list, choose that as its format";
    if (isMore && text.includes("\r")) return "lines of NDJSON end with LF or CRLF, not with CR alone";
    if (this.items === 0 && isHeader(text)) return "is the file CSV? Choose that as its format";
    if (isMore && text[at] === ",") return "NDJSON has no commas between values: remove them, or put “[” before the first value and “]” after the last one, and choose “one JSON list” as the format";
    if (isMore) return says.includes(";") ? "" : "put each value on a line of its own";
    return says.includes("cut off") && /[{[,:]$/.test(text) ? "in NDJSON each value is on one line" : "";
  }
}

function itemsOf(source, tally) {
  const read = { csv: csvItems, ndjson: ndjsonItems, json: listItems }[source.format];
  return read(source, tally);
}

// How to read a file, as far as it says so itself.
async function sourceOf(file) {
  const head = new Uint8Array(await file.slice(0, 1 << 16).arrayBuffer());
  const encoding = encodingOfMark(head) || "utf-8";
  const text = new TextDecoder(encoding).decode(head);
  return { file, encoding, format: formatOf(file, text), delimiter: delimiterOf(text.split(/\r|\n/, 1)[0]) };
}

function formatOf(file, text) {
  if (/\.(csv|tsv|txt)$/i.test(file.name)) return "csv";
  if (/\.json$/i.test(file.name)) return isValueALine(text) ? "ndjson" : "json";
  return !/\.(ndjson|jsonl)$/i.test(file.name) && file.type.includes("csv") ? "csv" : "ndjson";
}

// True if there is a whole value on the first line, and more below.
function isValueALine(text) {
  const [first, ...rest] = text.trimStart().split("\n");
  return !first.startsWith("[") && rest.some((line) => line.trim() !== "") && faultInJson(first.trim()) === null;
}

// The delimiter that the header suggests.
function delimiterOf(header) {
  const quoteless = header.replace(/"[^"]*"/g, "");
  if (quoteless.includes(",")) return ",";
  return [";", "\t", "|"].find((one) => quoteless.includes(one)) || ",";
}
