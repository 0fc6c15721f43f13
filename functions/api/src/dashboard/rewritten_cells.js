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
  return isNumber || (now !== "true" && now !== "false" && TRUTH_WORDS.some((words) => [old, now].every((text) => words.includes(text.toLowerCase()))));
}

// What data frames read as no value, and write for none.
const MISSING_WORDS = ["NA", "N/A", "n/a", "NULL", "Null", "null", "None", "NaN", "nan", "-NaN", "-nan", "NaT", "<NA>", "#NA"];

// Changes that tools make, and people too.
function isDoubtful(old, now) {
  const isMissing = (now === "" && MISSING_WORDS.includes(old)) || (old === "" && MISSING_WORDS.includes(now));
  const hasGotZero = /^-?\d+$/.test(old) && now === `${old}.0`;
  return isMissing || hasGotZero || old === `'${now}` || isSameText(old, now) || isShortenedNumber(old, now);
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
  return isCellError(now) || isTrimmed(old, now) || isCut(old, now) || hasLostLetters(old, now) || isMisread(old, now) || isTypeset(old, now);
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
