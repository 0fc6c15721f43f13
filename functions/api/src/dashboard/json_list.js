// Reads a file that is one JSON list, piece by piece: its items as they are written, each checked to be JSON.
const NO_LIST = "this is not a JSON list: it does not begin with “[”";

async function* listItems(source) {
  const list = new ListReader();
  for await (const text of textOf(source)) yield* list.items(text);
  list.end();
}

class ListReader {
  // `rest` is the beginning of an item whose end has not been read yet, and `at` the place where it begins.
  constructor() {
    Object.assign(this, { place: "before", at: START, rest: "", depth: 0, inText: false, escaped: false, found: 0 });
  }

  // The items that end in this text, which follows the text before.
  * items(text) {
    let begins = 0;
    for (let at = 0; at < text.length; at += 1) {
      const sign = text[at];
      if (this.place === "list") {
        if (this.endsBefore(sign)) {
          yield* this.item(this.rest + text.slice(begins, at), sign);
          begins = at + 1;
        }
      } else if (!" \t\n\r".includes(sign)) {
        this.at = placeAfter(text.slice(begins, at), this.at);
        this.outside(sign, text.slice(at));
        this.at = placeAfter(sign, this.at);
        begins = at + 1;
      }
    }
    if (this.place === "list") this.rest += text.slice(begins);
    else this.at = placeAfter(text.slice(begins), this.at);
    if (this.rest.length > UNENDED_CHARS_MAX) this.refuseUnended(() => { throw new FileProblem(`the item that begins here is larger than ${bytes(LIMITS.itemBytes)}.`, this.begin(this.rest).place); });
  }

  // True if an item ends before this sign: it is a comma of the list, or the list's own end.
  endsBefore(sign) {
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

  // An item without the blanks around it, and its place.
  begin(raw) {
    const [blanks] = /^[ \t\r\n]*/.exec(raw);
    return { text: raw.replace(JSON_BLANKS, ""), place: placeAfter(blanks, this.at) };
  }

  // The list ends with `]`. It may have no items at all, but no item may be missing.
  * item(raw, end) {
    const { text, place } = this.begin(raw);
    Object.assign(this, { rest: "", at: placeAfter(raw + end, this.at), place: end === "]" ? "after" : "list" });
    if (text === "" && end === "]" && this.found === 0) return;
    if (text === "") throw new FileProblem(`item ${count(this.found)} is missing: is there a comma too many?`, place);
    this.found += 1;
    yield { value: jsonOrRefuse(text, place), text: text.replace(/[\r\n]/g, " "), line: place.line };
  }

  outside(sign, text) {
    if (sign === MARK) throw new FileProblem(MARK_WITHIN, this.at);
    if (this.place === "after") throw new FileProblem(`there is more after the end of the list${hintFor(text)}.${moreAfterList(sign)}`, this.at);
    if (sign !== "[") throw new FileProblem(sign === "<" ? MARKUP : `${NO_LIST}${notAList(text)}.`, this.at);
    this.place = "list";
  }

  end() {
    if (this.place === "before") throw new FileProblem("the file is empty: a list without items is written [].", this.at);
    if (this.place === "list") this.refuseUnended(() => { throw new FileProblem("the list is cut off: “]” is missing.", placeAfter(this.rest, this.at)); });
  }

  // Without its bracket or quote an item seems long, or cut off: the place where that shows is better.
  refuseUnended(otherwise) {
    const { text, place } = this.begin(this.rest);
    const fault = faultInJson(text);
    if (fault && fault.says !== "the value is cut off") jsonOrRefuse(text, place);
    otherwise();
  }
}

function moreAfterList(sign) {
  if (sign === "[") return " Were two files joined? Put all elements into one list; if each list is one item, choose NDJSON as the format.";
  return "{,".includes(sign) ? " If each line is an item of its own, choose NDJSON as the format." : "";
}

// What to do about text that is no list.
function notAList(text) {
  const fault = faultInJson(text);
  const more = fault?.says.startsWith("there is more") ? text[fault.at] : "";
  if (isHeader(text.split(/[\r\n]/, 1)[0])) return "; is the file CSV? Choose that as its format";
  if (more === ",") return "; put “[” before the first value and “]” after the last one";
  if (more && isValueALine(text)) return "; for one value on each line choose NDJSON as the format";
  if (more) return "; for values one after the other put each on a line of its own, and choose NDJSON as the format";
  return text[0] === "{" ? "; give the list without the object around it, or put the object into “[ ]”" : hintFor(text);
}
