// The text of a file, piece by piece. Bytes that are no text are refused at their place, never replaced.

// Escape sequences that begin another character set.
const SHIFTS = /\u001b(?:\$[B@]|\$\(D|\(J|\$\)[CA])/;
// Characters of UTF-8, read as windows-1252: `ü` is `Ã¼`. A sign such as `»`, `°`, `·` or a footnote's number may follow a letter.
const GARBLED_SIGN = "[\\u00a1-\\u00aa\\u00ac\\u00ad\\u00af\\u00b1\\u00b4-\\u00b6\\u00b8\\u00ba\\u00bc-\\u00bf]";
const GARBLED = new RegExp(`[ÂÃÄÅÐÑ]${GARBLED_SIGN}|â€|ðŸ|[à-í]${GARBLED_SIGN}{2}`, "g");
const GARBLED_ENOUGH = 3;
const DOS_END = "\u001a";
// What can be judged only together with what follows.
const UNCERTAIN = /(?:\u001a|\u001b(?:\$[()]?|\()?)$/;

async function* textOf({ file, encoding: chosen, format }) {
  const head = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
  const { encoding, isMarked } = decodingOf(head, chosen);
  const start = new TextDecoder(encoding).decode(head);
  const other = otherFile(start) || (format === "csv" && otherThanCsv(start));
  if (other) throw new FileProblem(other, /^[a-z]/.test(other) ? START : undefined);
  const text = new FileText({ file, encoding, isMarked, format });
  for await (const bytes of bytesOf(file)) yield* text.piece(bytes);
  yield* text.end();
}

async function* bytesOf(file) {
  const reader = file.stream().getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((error) => { throw new FileProblem(CHANGED, undefined, { cause: error }); });
      if (done) return;
      yield value;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

class FileText {
  constructor({ file, encoding, isMarked, format }) {
    Object.assign(this, { file, encoding, isMarked, format, decoder: decoderOf(encoding), place: START, at: 0, held: "", hasWide: false, garbled: 0, before: "" });
    // Text in another encoding that is also UTF-8 from beginning to end would be garbled.
    this.asUtf8 = encoding === "utf-8" || UTF16.includes(encoding) ? null : decoderOf("utf-8");
  }

  async* piece(bytes) {
    let [text, fault] = ["", null];
    try {
      text = this.decoder.decode(bytes, { stream: true });
    } catch {
      text = await this.textBefore(bytes);
      fault = this.malformed(false);
    }
    this.at += bytes.length;
    this.compareWithUtf8(bytes);
    yield* this.checked(text, fault);
  }

  async* end() {
    let fault = null;
    try {
      this.decoder.decode();
    } catch {
      fault = this.malformed(true);
    }
    if (!fault && this.held.endsWith(DOS_END)) [fault, this.held] = ["the character U+001A, with which old DOS programs end a file: remove it.", this.held.slice(0, -1)];
    this.compareWithUtf8();
    yield* this.checked("", fault, true);
    if (this.asUtf8 && this.hasWideUtf8) throw new FileProblem("The file is UTF-8 from beginning to end: choose UTF-8 as its encoding.");
    if (this.garbled >= GARBLED_ENOUGH) throw new FileProblem("here and at other places the text is UTF-8, which the chosen encoding garbles, as “ü” to “Ã¼”, but not everywhere: were two files of different encodings joined? Save all of it as UTF-8.", this.firstGarbled);
  }

  // The text up to its first fault, and then that fault.
  * checked(decoded, malformed, isLast = false) {
    let [text, fault] = this.untilFault(this.held + decoded, malformed, isLast);
    this.held = "";
    if (!fault && !isLast) {
      this.held = UTF16.includes(this.encoding) ? text.slice(-BEFORE) : UNCERTAIN.exec(text)?.[0] || "";
      text = text.slice(0, text.length - this.held.length);
    }
    if (this.encoding === "windows-1252") this.lookForGarbled(text);
    if (text) yield text;
    this.place = placeAfter(text, this.place);
    this.hasWide ||= /[^\u0000-\u007f]/.test(text);
    if (fault) throw new FileProblem(fault, this.place);
  }

  // Counts characters of UTF-8 that no text in windows-1252 has as they are.
  lookForGarbled(text) {
    const known = this.before.length;
    for (const { 0: { length }, index } of (this.before + text).matchAll(GARBLED)) {
      if (index + length <= known) continue;
      this.garbled += 1;
      const { line, column } = index < known ? { ...this.place, column: this.place.column - (known - index) } : placeAfter(text.slice(0, index - known), this.place);
      this.firstGarbled ||= { line, column };
    }
    this.before = (this.before + text).slice(-2);
  }

  untilFault(text, malformed, isLast) {
    const found = [[text.search(/\u0000/), "a NUL character: remove it, or choose another encoding."]];
    if (this.isMarked || this.encoding === "utf-8") found.push([text.search(SHIFTS), "an escape sequence that begins another character set: save the file as UTF-8."]);
    if (![...UTF16, "utf-8"].includes(this.encoding)) found.push([text.search(/[\u0080-\u009f]/), `the byte of a control character, which no text in this encoding has: choose another one, or save the file as UTF-8.`]);
    if (!this.isMarked && UTF16.includes(this.encoding)) found.push([swappedAt(text, this.place.line > 1), `a line end with its two bytes swapped: choose ${encodingWord(UTF16.find((one) => one !== this.encoding))} as the encoding.`]);
    if (UTF16.includes(this.encoding)) found.push([otherBytesAt(text, this.encoding, isLast && !malformed), "from here on the text is not UTF-16: were two files of different encodings joined, or did a program on the way lose, add or change bytes? Export the file again, in one encoding."]);
    const [at, fault] = found.filter(([index]) => index >= 0).sort(([one], [other]) => one - other)[0] || [text.length, malformed];
    return [text.slice(0, at), fault];
  }

  // The file is read again up to this piece: a decoder that has failed does not say where.
  async textBefore(bytes) {
    const decoder = decoderOf(this.encoding);
    for await (const piece of bytesOf(this.file.slice(0, this.at))) decoder.decode(piece, { stream: true });
    let text = "";
    for (const byte of bytes) {
      try {
        text += decoder.decode(Uint8Array.of(byte), { stream: true });
      } catch {
        break;
      }
    }
    this.hasWide ||= /[^\u0000-\u007f]/.test(text);
    return text;
  }

  malformed(isAtEnd) {
    const cutOff = "the file ends within a character: is it cut off?";
    if (UTF16.includes(this.encoding)) return isAtEnd ? cutOff : "half of a surrogate pair, which is no character: the file is damaged here, or its encoding is another one.";
    if (this.encoding !== "utf-8") return `not ${encodingWord(this.encoding)}: choose another encoding, or save the file as UTF-8.`;
    if (isAtEnd && (this.hasWide || this.format !== "csv")) return cutOff;
    if (this.format !== "csv") return "not UTF-8, as JSON always is: the file is damaged here, or was written in another encoding. Write it as UTF-8.";
    if (this.isMarked) return "not UTF-8, though the file begins with the byte-order mark of UTF-8: the file is damaged here, or two files of different encodings were joined. Save all of it as UTF-8.";
    if (this.hasWide) return "not UTF-8, unlike the characters before it: the file is damaged here, or two files of different encodings were joined. If the characters before it are wrong, too, choose another encoding.";
    return "not UTF-8. If a spreadsheet wrote the file, choose “Windows-1252” as its encoding, or save it as “CSV UTF-8”.";
  }

  compareWithUtf8(bytes) {
    if (!this.asUtf8) return;
    try {
      const text = bytes ? this.asUtf8.decode(bytes, { stream: true }) : this.asUtf8.decode();
      this.hasWideUtf8 ||= /[^\u0000-\u007f]/.test(text);
    } catch {
      this.asUtf8 = null;
    }
  }
}

// Where the two bytes of a line end are swapped, in a text that has no line end before it, as the first line of a text with swapped
// bytes ends: at U+0A00, which is not a character, or at U+0D00.
function swappedAt(text, hasLineEnd) {
  const at = text.search(/[\u0a00\u0d00]/);
  const lineEnd = hasLineEnd ? 0 : text.search(/[\r\n]/);
  return lineEnd < 0 || at < lineEnd ? at : -1;
}

function decoderOf(encoding) {
  return new TextDecoder(encoding, { fatal: true });
}

// So many characters in sequence that are two of ASCII each are no text, if so many of their bytes are different: not a line of `═`, or
// hiragana, whose first byte is the same.
const [RUN, DIFFERENT_MIN] = [32, 8];
// How many characters before a new one must be known.
const BEFORE = RUN - 1;
// The mark of the other order of bytes, and what LF behind another character is in such bytes if no script has it: the gaps in Gurmukhi.
const NEVER = /[\ufffe\u0a00\u0a04\u0a0b-\u0a0e\u0a11\u0a12\u0a29\u0a31\u0a34\u0a37\u0a3a\u0a3b\u0a3d\u0a43-\u0a46\u0a49\u0a4a\u0a4e-\u0a50\u0a52-\u0a58\u0a5d\u0a5f-\u0a65\u0a77-\u0a7f]/;
// A byte of ASCII that a text has.
const isOfText = (byte) => byte === 0x09 || byte === 0x0a || byte === 0x0d || (byte >= 0x20 && byte <= 0x7e);
const isAsciiTwice = (unit) => isOfText(unit >> 8) && isOfText(unit & 0xff);
// The same for a character beyond the punctuation and signs of U+2000 to U+2BFF.
const isOfAscii = (unit) => unit >= 0x2c00 && unit < 0x7f00 && isOfText(unit & 0xff);
// Letters of Gurmukhi and Malayalam, which may be a line end and a character.
const hasLineEndFirst = (unit) => [0x0a, 0x0d].includes(unit >> 8) && isOfText(unit & 0xff);
// In such bytes there is one at most of these, but for empty lines.
const hasControlFirst = (unit) => [0x09, 0x0a, 0x0d].includes(unit >> 8);
const different = (bytesOfRun) => new Set(bytesOfRun).size;

// Where other bytes begin within a text in UTF-16: a file in another encoding was appended, or a program lost or added bytes. Read as
// UTF-16 they are mostly characters too, but hardly ever line ends. Without such bytes -1.
function otherBytesAt(text, encoding, isLast) {
  const unit = (at) => text.charCodeAt(at);
  const bytesAt = (at) => (encoding === "utf-16le" ? [unit(at) & 0xff, unit(at) >> 8] : [unit(at) >> 8, unit(at) & 0xff]);
  const isMark = (at) => [0xbbef, 0xefbb].includes(unit(at)) && bytesAt(at)[0] === 0xef && bytesAt(at + 1)[0] === 0xbf && isOfText(bytesAt(at + 1)[1]) && isAsciiTwice(unit(at + 2));
  const isLineEnd = (at, others) => at >= 2 && hasLineEndFirst(unit(at)) && others.every((other) => isOfAscii(unit(at + other)));
  let run = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (at >= 2 && (isMark(at - 2) || isLineEnd(at - 2, [-2, -1, 1, 2]))) return at - 2;
    if (NEVER.test(text[at]) || (isLast && at + 1 === text.length && isLineEnd(at, [-2, -1]))) return at;
    run = isAsciiTwice(unit(at)) && !(hasControlFirst(unit(at)) && at > 0 && hasControlFirst(unit(at - 1))) ? run + 1 : 0;
    if (run < RUN) continue;
    const units = [...text.slice(at + 1 - RUN, at + 1)].map((one) => one.charCodeAt(0));
    if ([units.map((one) => one >> 8), units.map((one) => one & 0xff)].every((some) => different(some) >= DIFFERENT_MIN)) return at + 1 - RUN;
  }
  return -1;
}
