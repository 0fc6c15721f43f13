// Recognizes files that are no text, text in another encoding than it is said to be, and text of another kind.
const HEAD_BYTES = 8192;
const UTF16 = ["utf-16le", "utf-16be"];
const UTF32 = "The file is UTF-32, which cannot be read here: save it as UTF-8.";

const BINARY_KINDS = [[/^PK\x03\x04/, "a zip or Excel file: save it as CSV first"], [/^\x1f\x8b/, "compressed with gzip: unpack it first"], [/^%PDF-/, "a PDF: save its table as CSV first"],
  [/^\xd0\xcf\x11\xe0/, "an old Excel file: save it as CSV first"], [/^(PAR1|ORC|Obj\x01|ARROW1|SQLite format 3\0|\x89PNG|BZh|\x28\xb5\x2f\xfd|\xfd7zXZ|7z\xbc\xaf|\x7fELF)/, "a binary file, not text: export it as CSV or JSON"]];

// How a file is to be decoded. Refuses what cannot be text, and an encoding that the first bytes contradict.
function decodingOf(head, chosen) {
  if (/^(\xff\xfe\0\0|\0\0\xfe\xff)/.test(latin(head.subarray(0, 4)))) throw new FileProblem(UTF32);
  const marked = encodingOfMark(head);
  if (marked) {
    if (chosen !== marked && chosen !== "utf-8") throw new FileProblem(`The file begins with the mark of ${encodingWord(marked)}: choose ${encodingWord(marked)} as its encoding.`);
    return { encoding: marked, isMarked: true };
  }
  refuseBinary(head, chosen);
  refuseOtherWidth(head, chosen);
  return { encoding: chosen, isMarked: false };
}

function encodingOfMark(head) {
  const start = latin(head.subarray(0, 4));
  if (start.startsWith("\xff\xfe")) return "utf-16le";
  if (start.startsWith("\xfe\xff")) return "utf-16be";
  return start.startsWith("\xef\xbb\xbf") ? "utf-8" : null;
}

function refuseBinary(head, chosen) {
  const text = latin(head);
  const controls = head.filter((byte) => byte < 9 || (byte > 13 && byte < 32 && byte !== 27)).length;
  const known = /^%PDF-/.test(text) || /[\x00-\x08\x0e-\x1f]/.test(text) ? BINARY_KINDS.find(([signature]) => signature.test(text)) : undefined;
  if (known) throw new FileProblem(`This file is ${known[1]}.`);
  if (text.startsWith("{\\rtf")) throw new FileProblem("This file is a word processor's document: save its table as CSV first.");
  if (!UTF16.includes(chosen) && isEbcdic(head)) throw new FileProblem("The file looks like EBCDIC, as mainframes write it, which cannot be read here: save it as UTF-8.");
  const isWide = UTF16.includes(chosen) || widthOf(head, 8);
  if (!isWide && controls > 0 && controls * 50 >= head.length && !isUtf8(head)) throw new FileProblem("The file does not look like text. If it is UTF-16, choose that as its encoding; otherwise export it as CSV first.");
}

// EBCDIC has all that people see above 0x3f, where ASCII has its blanks, digits and commas.
function isEbcdic(head) {
  const text = latin(head);
  if (/[\n\x20-\x24\x26-\x3f]|\r(?![\x15\x25])/.test(text) || isUtf8(head)) return false;
  const hasGaps = /[@k]/.test(text) && (/[\x15\x25]/.test(text) || (text.includes("@") && head.length >= 64));
  const usual = text.match(/[\x05\x0d\x15\x25\x40\x4a-\x50\x5a-\x61\x6a-\x6f\x79-\x7f\x81-\x89\x91-\x99\xa2-\xa9\xad\xbd\xc0-\xc9\xd0-\xd9\xe2-\xe9\xf0-\xf9]/g) || [];
  return hasGaps && usual.length * 5 >= head.length * 4;
}

function refuseOtherWidth(head, chosen) {
  const isUtf16 = UTF16.includes(chosen);
  const found = widthOf(head, isUtf16 ? 2 : 8);
  if (found === "utf-32") throw new FileProblem(UTF32);
  if (found && found !== chosen && (isUtf16 || chosen === "utf-8")) throw new FileProblem(`The file looks like ${encodingWord(found)}: choose that as its encoding.`);
  if (!found && isUtf16) refuseNarrow(head, chosen);
}

// In UTF-16 CSV has line ends, and JSON begins with a character of ASCII. All bytes of Hindi are ASCII there, too.
function refuseNarrow(head, chosen) {
  const isEnd = (byte) => byte === 10 || byte === 13;
  const units = Array.from({ length: Math.floor(head.length / 2) }, (_, at) => (chosen === "utf-16le" ? [head[2 * at + 1], head[2 * at]] : [head[2 * at], head[2 * at + 1]]));
  const beginsAsJson = units.length > 0 && units[0][0] === 0 && '{["'.includes(String.fromCharCode(units[0][1]));
  const nuls = head.filter((byte) => byte === 0).length;
  const isUtf16 = beginsAsJson || units.some(([high, low]) => high === 0 && isEnd(low));
  if (head.length > 0 && isUtf8(head) && nuls * 8 < head.length && !isUtf16) throw new FileProblem("The file looks like UTF-8: choose that as its encoding.");
  const hasWide = units.some(([high, low]) => high === 0 || (low === 0 && isEnd(high)));
  if (head.some(isEnd) && !hasWide) throw new FileProblem(`In ${encodingWord(chosen)} the file has no line end: choose the encoding that it has.`);
}

// The encoding that the places of zero bytes show: at least half of the characters must be ASCII in it.
function widthOf(head, least) {
  if (head.length < least) return null;
  const allNul = (from) => head.every((byte, at) => at % 4 !== from || byte === 0);
  if (head.length >= 8 && ((!allNul(0) && allNul(2) && allNul(3)) || (allNul(0) && allNul(1) && !allNul(3)))) return "utf-32";
  const units = Math.floor(head.length / 2);
  const isText = (byte) => byte === 9 || byte === 10 || byte === 13 || (byte >= 32 && byte < 127);
  const isMost = (high, low) => {
    let seen = 0;
    for (let at = 0; at < units; at += 1) if (head[2 * at + high] === 0 && isText(head[2 * at + low])) seen += 1;
    return 2 * seen >= units;
  };
  return isMost(1, 0) ? "utf-16le" : isMost(0, 1) ? "utf-16be" : null;
}

function latin(bytes) {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

// True if the beginning of a file is UTF-8. Its last character may be cut off.
function isUtf8(head) {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(head, { stream: head.length === HEAD_BYTES });
    return true;
  } catch {
    return false;
  }
}

function encodingWord(name) {
  return ENCODINGS.find(([encoding]) => encoding === name)[1];
}

// The list in the form, in the order in which people need them.
const ENCODINGS = [["utf-8", "UTF-8"], ["windows-1252", "Windows-1252 (Western Europe)"], ["windows-1251", "Windows-1251 (Cyrillic)"], ["utf-16le", "UTF-16"], ["utf-16be", "UTF-16 (big endian)"], ["shift_jis", "Shift JIS"], ["gb18030", "GB 18030"]];

const MARKUP = "the file looks like HTML or XML: is it a page that was saved? Export the table as CSV.";
const OFFICE = ['progid="excel.sheet"', "urn:schemas-microsoft-com:office:", "urn:oasis:names:tc:opendocument:", "schemas.openxmlformats.org/spreadsheetml/"];

function withoutBlanks(text) {
  return text.replace(/^[ \t\n\f\r]+/, "");
}

// How text begins that other programs exchange: its lines are no rows.
const EXCHANGED = /^(BEGIN:VC(ARD|ALENDAR)|OFXHEADER:|!(Type:|Account)|:20:|\{1:F01|0 HEAD[\r\n]|TY {2}- |@relation |ISA\*|(UNA:|UNB)\+|MSH\|\^~|ID;(PWXL|PSCALC3)|TABLE\r?\n0,1\r?\n|#separator |#!\/|HTTP\/(1\.|2 )|(Return-Path|Received|Delivered-To|From): [^,;\t|"{[\r\n]*[\r\n]+[\w-]+: )/i;

// What a text is that cannot have items in any format, by its beginning.
function otherFile(head) {
  const text = withoutBlanks(head);
  if (/^version \S+git-lfs\.github\.com\/spec\//.test(text)) return "The file is a pointer of Git LFS, not the file itself: get that first.";
  if (text.startsWith("/annex/objects/")) return "The file is a pointer of git-annex, not the file itself: get that first.";
  if (/^mime-version:/i.test(text)) return "The file is a web archive: open it in the program that made it, and save the table as CSV.";
  if (EXCHANGED.test(text)) return "The file is for another program (contacts, a mail, a bank's statement, …): save it as CSV.";
  const ofPrograms = textOfPrograms(text);
  if (ofPrograms) return ofPrograms;
  const isOffice = isMarkup(text) && OFFICE.some((mark) => text.toLowerCase().includes(mark));
  return isOffice ? "The file is a spreadsheet or document that an Office program saved as XML or HTML: open it there, and save it as CSV." : null;
}

// Text that programs write for other programs. Some of it could be read as CSV of one column, with all of its lines as items.
function textOfPrograms(text) {
  const [first] = text.split(/[\r\n]/, 1);
  const second = withoutBlanks(text.slice(first.length));
  // Commas and quotes are of a header with columns, in whose cells there may be anything.
  const isOneColumn = !/[,;\t|"{[]/.test(first);
  if (/^(-----BEGIN |age-encryption\.org\/)/.test(text) || (isOneColumn && text.includes("\n-----BEGIN "))) return "The file is a certificate, a key or an encrypted message, not rows of items.";
  const isHeaderOfPatch = /^(--- |Index: )/.test(text) && text.slice(first.length).includes("\n+++ ");
  const isOfGit = (/^commit [\da-f]{7,}( |$)/i.test(first) && second.startsWith("Author: ")) || /^From [\da-f]{7,}( |$)/i.test(first);
  const isPlain = /^\d[\d,]*[acd]\d[\d,]*$/.test(first) && /^[<>] /.test(second);
  if (/^diff (--git |-)/.test(text) || isHeaderOfPatch || isOfGit || isPlain) return "The file is a patch: choose the file that it changes.";
  if (/^(insert into |create table |drop table |begin transaction;|pragma foreign_keys|-- mysql dump|-- mariadb dump|--\r?\n-- postgresql database dump)/i.test(text)) return "The file is a script of SQL: export the table itself as CSV.";
  const isMember = (line) => /^[a-z][\w-]*: /i.test(line);
  const isList = first.startsWith("- ") && isMember(first.slice(2));
  if (/^---[ \t]*$/.test(first) || /^(%YAML |--- [#!])/.test(text) || (isOneColumn && (isList || (isMember(first) && isMember(second))))) return "The file looks like YAML, which cannot be read here: save it as JSON.";
  return text.startsWith("HEADER RECORD*******") ? "The file is a SAS transport file: save it as CSV." : null;
}

function isMarkup(text) {
  return /^(<!|<\?xml|<html|<head|<body)/i.test(text) || (/^<[a-z]/i.test(text) && text.includes("</"));
}

// What a text is that is said to be CSV and is not.
function otherThanCsv(head) {
  const text = withoutBlanks(head);
  if (/^\{[ \t\n\f\r]*["'}]/.test(text)) return "the file looks like JSON: choose NDJSON as its format.";
  if (/^\[[ \t\n\f\r]*[{["]/.test(text) || /^\[[\d \t\r\n,.+\-eE]*\][ \t\n\f\r]*$/.test(text)) return "the file looks like JSON: choose “one JSON list” as its format.";
  return isMarkup(text) ? MARKUP : null;
}

// True if a line that is not JSON could be the header of CSV.
function isHeader(line) {
  return /^[a-z"_\u0080-\uffff]/i.test(line) && /[,;\t]/.test(line);
}
