// Reads a file that is one JSON list, piece by piece: its items as they are written, each checked to be JSON.
const ELEMENT_CHARS_MAX = 16 * LIMITS.itemBytes;

async function* listItems(file, { encoding }) {
  const list = new ListReader();
  for await (const text of textOf(file, encoding)) yield* list.items(text);
  list.end();
}

class ListReader {
  // `rest` is the beginning of an item whose end has not been read yet; `startsAt` is the line of its first letter.
  constructor() {
    Object.assign(this, { place: "before", line: 1, rest: "", startsAt: 0, depth: 0, inText: false, escaped: false, found: 0 });
  }

  // The items that end in this text, which follows the text before.
  * items(text) {
    let begins = 0;
    for (let at = 0; at < text.length; at += 1) {
      const sign = text[at];
      if (sign === "\n") this.line += 1;
      if (this.place === "list") {
        const ends = this.endsBefore(sign);
        if (ends) {
          yield* this.item(this.rest + text.slice(begins, at), sign);
          begins = at + 1;
        }
      } else if (!/[\s\ufeff]/.test(sign)) {
        this.outside(sign);
        begins = at + 1;
      }
    }
    if (this.place === "list") this.rest += text.slice(begins);
    if (this.rest.length > ELEMENT_CHARS_MAX) throw new FileProblem(`an item has more than ${count(ELEMENT_CHARS_MAX)} characters.`, this.startsAt);
  }

  // True if an item ends before this sign: it is a comma of the list, or the list's own end.
  endsBefore(sign) {
    if (this.startsAt === 0 && !/\s/.test(sign)) this.startsAt = this.line;
    if (this.inText) {
      if (this.escaped) this.escaped = false;
      else if (sign === "\\") this.escaped = true;
      else if (sign === '"') this.inText = false;
      return false;
    }
    if (sign === '"') this.inText = true;
    else if (sign === "[" || sign === "{") this.depth += 1;
    else if ((sign === "]" || sign === "}") && this.depth > 0) this.depth -= 1;
    else return this.depth === 0 && (sign === "," || sign === "]");
    return false;
  }

  // The list ends with `]`. It may have no items at all, but no item may be missing.
  * item(raw, end) {
    const line = this.startsAt;
    const text = raw.trim().replace(/[\r\n]+/g, " ");
    Object.assign(this, { rest: "", startsAt: 0, place: end === "]" ? "after" : "list" });
    if (text === "" && end === "]" && this.found === 0) return;
    this.found += 1;
    if (text === "") throw new FileProblem("there is a comma, but no item.", line);
    yield { value: jsonOrRefuse(text, line), text, line };
  }

  outside(sign) {
    if (this.place === "after") throw new FileProblem("there is more after the end of the list. If each line is an item of its own, choose NDJSON as the format.", this.line);
    if (sign !== "[") throw new FileProblem("this is not a JSON list: it does not begin with “[”.", this.line);
    this.place = "list";
  }

  end() {
    if (this.place !== "after") throw new FileProblem(this.place === "before" ? "The file is empty." : "The list does not end: the file seems to be cut off.");
  }
}
