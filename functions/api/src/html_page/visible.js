// Texts from outside: nothing in them is hidden. The same rule as in invisible.rs and in what the command prints, by the same table of texts.
const INVISIBLE = /^[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\u2800\ufffc]$/u;
const PLAIN = /^[\t\n\x20-\x7e]*$/;

// True if the character belongs to the visible one before it, as parts of emoji and of words in some scripts do.
function belongsTo(before, one) {
  return /^[\u200c\u200d\ufe0e\ufe0f]$/.test(one) && before > "\x7f" && (!INVISIBLE.test(before) || before === "\ufe0f");
}

// The text with each character that cannot be seen, or that changes the order of the others, as its code.
function visible(value) {
  const text = String(value);
  if (PLAIN.test(text)) return text;
  const characters = [...text];
  const isLeft = (one, at) => !INVISIBLE.test(one) || one === "\t" || one === "\n" || (one === "\r" && characters[at + 1] === "\n") || belongsTo(characters[at - 1] ?? "", one);
  return characters.map((one, at) => (isLeft(one, at) ? one : `[U+${one.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}]`)).join("");
}
