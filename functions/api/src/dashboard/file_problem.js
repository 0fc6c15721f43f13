// Why a file cannot be read, and where: its lines end with LF, CRLF or CR, and columns count characters, as in an editor.
const CHANGED = "The file was changed or moved since it was chosen. Choose it again.";
const MARK = "\ufeff";
const MARK_WITHIN = "a byte-order mark within the file: were two files joined? Remove the mark.";

// `place` is `{ line, column }`, a line alone, or missing.
class FileProblem extends Error {
  constructor(message, place, options) {
    const { line, column } = typeof place === "object" ? place : { line: place };
    super(line === undefined ? message : `Line ${count(line)}${column === undefined ? "" : `, column ${count(column)}`}: ${message}`, options);
    Object.assign(this, { line, canStay: options?.canStay });
  }
}

const START = { line: 1, column: 1, afterCr: false };

// The place behind a text that begins at `place`.
function placeAfter(text, place) {
  let { line, column, afterCr } = place;
  let from = 0;
  for (const { 0: end, index } of text.matchAll(/\r\n|\n|\r/g)) {
    // The LF of a CRLF that came in two pieces.
    if (!(index === 0 && end === "\n" && afterCr)) line += 1;
    [column, from] = [1, index + end.length];
  }
  for (let at = from; at < text.length; at += 1) if ((text.charCodeAt(at) & 0xfc00) !== 0xdc00) column += 1;
  afterCr = text === "" ? afterCr : text.endsWith("\r");
  return { line, column, afterCr };
}
