// Reads JSON as strictly as the service: a text that two readers could understand differently is refused before anything is sent.
const DEPTH_MAX = LIMITS.itemDepth;

// What is wrong with a text, as `{ at, says }`; null if it is one JSON value.
function faultInJson(text) {
  const scan = new JsonScan(text);
  try {
    scan.whole();
    return null;
  } catch (fault) {
    if (!(fault instanceof JsonFault)) throw fault;
    return fault;
  }
}

class JsonFault {
  constructor(at, says) {
    Object.assign(this, { at, says });
  }
}

class JsonScan {
  constructor(text) {
    Object.assign(this, { text, at: 0 });
  }

  whole() {
    this.value(0);
    this.blanks();
    if (this.at < this.text.length) this.refuse("there is more after the value");
  }

  refuse(says, at = this.at) {
    throw new JsonFault(at, says + hintFor(this.text.slice(at, at + 10)));
  }

  blanks() {
    while (" \t\n\r".includes(this.text[this.at] || "x")) this.at += 1;
  }

  // True if the next sign is this one. It is passed then.
  takes(sign) {
    this.blanks();
    const isNext = this.text[this.at] === sign;
    if (isNext) this.at += 1;
    return isNext;
  }

  value(depth) {
    this.blanks();
    const sign = this.text[this.at];
    if (sign === "{" || sign === "[") {
      if (depth === DEPTH_MAX) this.refuse(`nested deeper than ${count(DEPTH_MAX)}`);
      this.at += 1;
      if (sign === "{") this.object(depth + 1);
      else this.list(depth + 1);
    } else if (sign === '"') this.string();
    else if (sign === "-" || (sign >= "0" && sign <= "9")) this.number();
    else this.word();
  }

  object(depth) {
    if (this.takes("}")) return;
    const names = new Set();
    do {
      this.blanks();
      const begins = this.at;
      if (this.text[begins] !== '"') this.refuse(this.text[begins] === "}" ? "there is a comma too many" : this.orCutOff("the name of a member in double quotes is missing"));
      this.string();
      const name = JSON.parse(this.text.slice(begins, this.at));
      if (names.has(name)) this.refuse(`the member “${short(name, 40)}” occurs twice`, begins);
      names.add(name);
      if (!this.takes(":")) this.refuse(this.orCutOff("a colon is missing"));
      this.value(depth);
    } while (this.takes(","));
    if (!this.takes("}")) this.refuse(this.orCutOff("a comma or “}” is missing"));
  }

  list(depth) {
    if (this.takes("]")) return;
    do {
      this.blanks();
      if (this.text[this.at] === "]") this.refuse("there is a comma too many");
      this.value(depth);
    } while (this.takes(","));
    if (!this.takes("]")) this.refuse(this.orCutOff("a comma or “]” is missing"));
  }

  orCutOff(says) {
    return this.at >= this.text.length ? "the value is cut off" : says;
  }

  string() {
    const plain = /[^"\\\u0000-\u001f]*/y;
    this.at += 1;
    for (;;) {
      plain.lastIndex = this.at;
      plain.exec(this.text);
      this.at = plain.lastIndex;
      const sign = this.text[this.at];
      if (sign === '"') break;
      if (sign === "\\") this.escape();
      else this.refuse(this.orCutOff("a control character or line break within a text"));
    }
    this.at += 1;
  }

  escape() {
    const unit = (at) => (/^\\u[\da-f]{4}/i.test(this.text.slice(at, at + 6)) ? parseInt(this.text.slice(at + 2, at + 6), 16) : null);
    const letter = this.text[this.at + 1];
    if (letter !== undefined && '"\\/bfnrt'.includes(letter)) {
      this.at += 2;
      return;
    }
    if (letter !== "u") this.refuse(letter === undefined ? "the value is cut off" : `JSON has no escape ${visible(this.text.slice(this.at, this.at + 2))}`);
    const [first, second] = [unit(this.at), unit(this.at + 6)];
    if (first === null) this.refuse("four hex digits follow \\u");
    const isHigh = first >= 0xd800 && first < 0xdc00;
    if (isHigh && second >= 0xdc00 && second < 0xe000) this.at += 12;
    else if (isHigh || (first >= 0xdc00 && first < 0xe000)) this.refuse(`${this.text.slice(this.at, this.at + 6)} is half of a character, without its other half`);
    else this.at += 6;
  }

  number() {
    const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
    number.lastIndex = this.at;
    const found = number.exec(this.text);
    if (!found) this.refuse("this is no number");
    if (!Number.isFinite(Number(found[0]))) this.refuse("a number that is too large");
    this.at += found[0].length;
    if (/[\d.eE+-]/.test(this.text[this.at] || "")) this.refuse("this is no number");
  }

  word() {
    const word = ["true", "false", "null"].find((one) => this.text.startsWith(one, this.at));
    if (!word) this.refuse(this.orCutOff("a value is expected here"));
    this.at += word.length;
  }
}

// What to do about what JSON does not have.
function hintFor(rest) {
  if (/^(#|\/\/|\/\*)/.test(rest)) return "; JSON has no comments: remove it";
  if (/^-?(NaN|Infinity)/.test(rest)) return "; JSON has no such number: use null";
  if (rest.startsWith("'")) return "; JSON puts texts and names in double quotes";
  if (/^[\u201c-\u201e\u00ab\u00bb]/.test(rest)) return "; JSON has only the quotes \" \": replace it";
  if (/^[\u001e\f\u200b-\u200f\u2060\ufeff]|^(?![ \t\r\n])\s/.test(rest)) return `; JSON does not know the character U+${rest.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}: remove it`;
  return "";
}

// The text of a member of a JSON object, as it is written. Undefined if the value is no object, or has no such member.
function memberText(text, name) {
  const scan = new JsonScan(text);
  if (!scan.takes("{") || scan.takes("}")) return undefined;
  do {
    scan.blanks();
    const named = scan.at;
    scan.string();
    const isIt = JSON.parse(text.slice(named, scan.at)) === name;
    scan.takes(":");
    scan.blanks();
    const from = scan.at;
    scan.value(0);
    if (isIt) return text.slice(from, scan.at);
  } while (scan.takes(","));
  return undefined;
}

// What somebody typed or chose, as strictly as in a file: of a member that is there twice, none is dropped without a word.
function readTyped(text) {
  const fault = faultInJson(text);
  if (fault) throw new Error(`This is not JSON: ${fault.says}, in line ${count(placeAfter(text.slice(0, fault.at), START).line)}, column ${count(placeAfter(text.slice(0, fault.at), START).column)}.`);
  return readExactly(text);
}

// The value of a text that begins at a place, or why it is none. `hint` says what may have been meant.
function jsonOrRefuse(text, place, hint = () => "") {
  if (text.startsWith(MARK)) throw new FileProblem(MARK_WITHIN, place);
  const fault = faultInJson(text);
  if (!fault) return JSON.parse(text);
  const hinted = hint(text, fault);
  throw new FileProblem(`this is not JSON that a job accepts: ${fault.says}${hinted && `; ${hinted}`}.`, placeAfter(text.slice(0, fault.at), place));
}
