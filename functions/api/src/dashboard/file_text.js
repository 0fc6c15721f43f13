// The text of a file, piece by piece. Bytes that are no text are refused at their place, never replaced.

// Escape sequences that begin another character set.
const SHIFTS = /\u001b(?:\$[B@]|\$\(D|\(J|\$\)[CA])/;
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
    Object.assign(this, { file, encoding, isMarked, format, decoder: decoderOf(encoding), place: START, at: 0, held: "", hasWide: false });
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
    if (!fault && this.held === DOS_END) [fault, this.held] = ["the character U+001A, with which old DOS programs end a file: remove it.", ""];
    this.compareWithUtf8();
    yield* this.checked("", fault, true);
    if (this.asUtf8 && this.hasWideUtf8) throw new FileProblem("The file is UTF-8 from beginning to end: choose UTF-8 as its encoding.");
  }

  // The text up to its first fault, and then that fault.
  * checked(decoded, malformed, isLast = false) {
    let [text, fault] = this.untilFault(this.held + decoded, malformed);
    this.held = "";
    if (!fault && !isLast) {
      [this.held] = UNCERTAIN.exec(text) || [""];
      text = text.slice(0, text.length - this.held.length);
    }
    if (text) yield text;
    this.place = placeAfter(text, this.place);
    this.hasWide ||= /[^\u0000-\u007f]/.test(text);
    if (fault) throw new FileProblem(fault, this.place);
  }

  untilFault(text, malformed) {
    const found = [[text.search(/\u0000/), "a NUL character: remove it, or choose another encoding."]];
    if (this.isMarked || this.encoding === "utf-8") found.push([text.search(SHIFTS), "an escape sequence that begins another character set: save the file as UTF-8."]);
    if (![...UTF16, "utf-8"].includes(this.encoding)) found.push([text.search(/[\u0080-\u009f]/), `the byte of a control character, which no text in this encoding has: choose another one, or save the file as UTF-8.`]);
    if (!this.isMarked && UTF16.includes(this.encoding)) found.push([swappedAt(text, this.place.line > 1), `a line end with its two bytes swapped: choose ${encodingWord(UTF16.find((one) => one !== this.encoding))} as the encoding.`]);
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

// Where the two bytes of a line end are swapped: at U+0A00, which is not a character, or at U+0D00 in a text that has no line
// end before it, as the first line of a text with swapped bytes ends.
function swappedAt(text, hasLineEnd) {
  const lineEnd = hasLineEnd ? 0 : text.search(/[\r\n]/);
  const carriageReturn = text.search(/\u0d00/);
  const signs = [text.search(/\u0a00/), lineEnd < 0 || carriageReturn < lineEnd ? carriageReturn : -1];
  return signs.filter((at) => at >= 0).sort((one, other) => one - other)[0] ?? -1;
}

function decoderOf(encoding) {
  return new TextDecoder(encoding, { fatal: true });
}
