// Cells that a spreadsheet rewrites although nobody changed them. The same rule as in rewritten_cells.rs, by the same table of
// cases. `isBlamed` says if the item's error names the column.
function isRewritten(before, after, isBlamed) {
  return before !== after && (isLossy(before, after) || isSameValue(before.trim(), after.trim()) || (!isBlamed && isDoubtful(before, after)));
}

// True if the message of a failed item names the column: as a pointer, or as a word.
function isBlamedColumn(column, message) {
  if (column === "") return false;
  const isFound = (text, whole, fits) => {
    for (let at = whole.indexOf(text); at >= 0; at = whole.indexOf(text, at + 1)) {
      if (fits([...whole.slice(0, at)].at(-1) || "", [...whole.slice(at + text.length)][0] || "")) return true;
    }
    return false;
  };
  if (message.startsWith("/")) {
    const pointer = `/${column.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    return isFound(pointer, message, (before, after) => /^\p{White_Space}?$/u.test(before) && /^[:/;\p{White_Space}]?$/u.test(after));
  }
  const isWord = (c) => /[\p{Alphabetic}\p{N}_]/u.test(c);
  return isFound(column.toLowerCase(), message.toLowerCase(), (before, after) => !isWord(before) && !isWord(after));
}

// True if the message names the column, or may do so in what it does not say: it ends with “and more”, or was cut.
function mayBeBlamed(column, message) {
  return isBlamedColumn(column, message) || message.endsWith("; and more") || [...message].length >= 1000;
}

// The same value in another spelling. Longer cells are no number, date or truth word.
function isSameValue(old, now) {
  const isValue = (text) => text !== "" && text.length <= 100;
  return old !== now && isValue(old) && isValue(now) && (isSameNumber(old, now) || isSameMoment(old, now) || isSameTruth(old, now));
}

const TRUTH_WORDS = [
  "true wahr vrai verdadero vero verdadeiro waar sand sann sant tosi prawda pravda igaz истина doğru αληθης adevărat cert",
  "false falsch faux falso onwaar falsk falskt usann epätosi fałsz nepravda hamis ложь yanliş ψευδης fals usant neprawda",
].map((words) => words.split(" "));

function isSameTruth(old, now) {
  // Data frames make numbers of a column with truth words and empty cells.
  const isNumber = ["1.0", "0.0"].some((number, place) => now === number && TRUTH_WORDS[place].includes(old.toLowerCase()));
  // R takes a column of `T` and `F` for one of truth words.
  const isLetter = (old === "T" && now === "TRUE") || (old === "F" && now === "FALSE");
  return isLetter || isNumber || (now !== "true" && now !== "false" && TRUTH_WORDS.some((words) => [old, now].every((text) => words.includes(text.toLowerCase()))));
}

// What data frames read as no value, and write for none.
const MISSING_WORDS = ["NA", "N/A", "n/a", "NULL", "Null", "null", "None", "NaN", "nan", "-NaN", "-nan", "NaT", "<NA>", "#NA"];

// Changes that tools make, and people too.
function isDoubtful(old, now) {
  const isMissing = (now === "" && MISSING_WORDS.includes(old)) || (old === "" && MISSING_WORDS.includes(now));
  const hasGotZeros = /^-?\d+$/.test(old) && [".0", ".00", ",0", ",00"].some((zeros) => now === old + zeros);
  const isNumberOfTruth = ["1", "0"].some((number, place) => now === number && TRUTH_WORDS[place].includes(old.toLowerCase()));
  return isMissing || hasGotZeros || isNumberOfTruth || old === `'${now}` || isSameText(old, now) || isShortenedNumber(old, now) || isCutOff(old, now);
}

// The first 255 characters or more of a text: databases and old formats keep no more in a column, some with a byte for its length.
function isCutOff(old, now) {
  return now.length < old.length && old.startsWith(now) && [...now].length >= 254;
}

// `é` as one character or as two, and line breaks, tabs and several blanks that became one blank.
function isSameText(old, now) {
  const words = (text) => text.split(/\p{White_Space}+/u).filter((word) => word !== "").join(" ");
  const breaks = (text) => text.replace(/ |\P{White_Space}/gu, "").length;
  const isFlattened = breaks(now) < breaks(old) || (breaks(now) === breaks(old) && now.length < old.length);
  return old.normalize("NFC") === now.normalize("NFC") || (isFlattened && words(old) === words(now));
}

// A text in which something is lost.
function isLossy(old, now) {
  return isCellError(now) || isTrimmed(old, now) || isCut(old, now) || hasLostLetters(old, now) || isMisread(old, now) || isGarbled(old, now) || isTypeset(old, now);
}

// `#NAME?`, `#REF!`, `#WERT!`, `#¿NOMBRE?`, `####`, `Err:508`.
function isCellError(now) {
  const text = now.trim();
  const isNamed = /^#(?:(?!\p{Lowercase})[\p{Alphabetic}\p{N}/_¡¿]){2,}[!?]$/u.test(text) || /^(#{3,}|(Err|Fehler|Erreur):\d{3})$/.test(text);
  return text.length <= 24 && (isNamed || ["#N/A", "#NV", "#N/D", "#N/B", "#I/T", "#GETTING_DATA"].includes(text));
}

function isTrimmed(old, now) {
  return now.length < old.length && old.trim() === now.trim();
}

// The text up to the longest that a cell can be, in characters or in units of UTF-16.
function isCut(old, now) {
  if (now.length < 32766 || now.length >= old.length || !old.startsWith(now)) return false;
  const isHigh = (old.codePointAt(now.length) || 0) > 0xffff;
  return [32767, 50000, 65535].some((most) => [...now].length === most || now.length === most || (now.length + 1 === most && isHigh));
}

// Letters that the file's encoding does not have are `?` or U+FFFD: one for each character, UTF-16 unit, or byte.
function hasLostLetters(old, now) {
  const lengths = [() => 1, (c) => c.length, bytesIn];
  return !isAscii(old) && lengths.some((length) => isLostBy(old, now, length));
}

function isLostBy(old, now, length) {
  let at = 0;
  for (const c of old) {
    if (now.startsWith(c, at)) {
      at += c.length;
      continue;
    }
    const lost = isAscii(c) ? 0 : length(c);
    for (let mark = 0; mark < lost; mark += 1) if (!"?\uFFFD".includes(now[at + mark] || "x")) return false;
    if (lost === 0) return false;
    at += lost;
  }
  return at === now.length;
}

// `JÃ¼rgen` for `Jürgen`: the bytes of UTF-8 read as if each were a character. Whatever the code page, each byte has a
// character of its own, which is not ASCII.
function isMisread(old, now) {
  if (isAscii(old) || now.length < old.length) return false;
  const [bytes, after, characters] = [new TextEncoder().encode(old), [...now], new Map()];
  if (bytes.length !== after.length) return false;
  const isRead = (byte, c) => {
    if (byte < 128) return c === String.fromCharCode(byte);
    if (isAscii(c) || c.codePointAt(0) >= 0x2e80) return false;
    if (!characters.has(byte)) characters.set(byte, c);
    return characters.get(byte) === c;
  };
  if (!bytes.every((byte, at) => isRead(byte, after[at]))) return false;
  const used = [...characters.values()].filter((c) => c !== "\uFFFD");
  return new Set(used).size === used.length;
}

// `£ódŸ` for `Łódź`, `±±¾©` for `北京`: the bytes of an encoding without Unicode, with one or two bytes for a character, read in another one.
function isGarbled(old, now) {
  return old.normalize("NFC") !== now.normalize("NFC") && [1, 2].some((bytes) => isGarbledBy(old, now, bytes));
}

function isGarbledBy(old, now, bytes) {
  const after = [...now];
  let [at, isTelling] = [0, false];
  for (const before of old) {
    const length = isAscii(before) ? 1 : bytes;
    const read = after.slice(at, at + length);
    at += length;
    if (read.join("") === before) continue;
    if (isAscii(before) || read.length < length || read.some(isAscii)) return false;
    isTelling ||= read.every((c) => isTold(before, c)) && (bytes === 1 || !isWestern(before));
  }
  return isTelling && at === after.length;
}

// True if nobody puts this character in place of that letter: a letter that only other languages have, no letter, or the capital of another one.
function isTold(letter, now) {
  const isCapital = /\p{Lowercase}/u.test(letter) && /\p{Uppercase}/u.test(now) && now.toLowerCase() !== letter;
  return /\p{Alphabetic}/u.test(letter) && !/[ªºµ\u02B0-\u02FF]/.test(letter) && ((!isWestern(letter) && isWestern(now)) || !/\p{Alphabetic}/u.test(now) || isCapital);
}

// True if windows-1252 has it, the encoding of Western Europe. Controls stand for the bytes that it leaves free.
function isWestern(c) {
  return /^[\u0080-\u00FF€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]$/u.test(c);
}

// Quotes, dashes and dots as print has them, for those of the keyboard.
function isTypeset(old, now) {
  const typeset = (text) => (text.match(/[‘’‚‛“”„‟«»‒–—―−…]/gu) || []).length;
  return typeset(now) > typeset(old) && asTyped(old) === asTyped(now);
}

function asTyped(text) {
  return text.replace(/[‘’‚‛]/gu, "'").replace(/[“”„‟«»]/gu, "\"").replace(/[‒–—―−]/gu, "-").replaceAll("…", "...").replace(/-+/g, "-");
}

function isAscii(text) {
  return !/[^\0-\x7F]/.test(text);
}

function bytesIn(c) {
  return new TextEncoder().encode(c).length;
}
