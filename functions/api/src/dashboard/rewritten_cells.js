// Cells that a spreadsheet rewrites although nobody changed them. The same rule as in rewritten_cells.rs, by the same table of
// cases.
function isRewritten(before, after) {
  const [old, now] = [before.trim(), after.trim()];
  return old !== now && (isSameNumber(old, now) || isSameDate(old, now) || isMadeADate(old, now) || isSameTruth(old, now));
}

// `00123` and `123`, `12.50` and `12,5`, `1234567890123456` and `1.23457E+15` or `1234567890123450`.
function isSameNumber(old, now) {
  const [before, after] = [numberIn(old), numberIn(now.replaceAll(",", "."))];
  if (before === null || after === null) return false;
  const differBy = (part) => Math.abs(before - after) <= Math.abs(before) * part;
  if (/e/i.test(now)) return differBy(1e-2);
  // Nobody adds zeros but a person.
  const isShorter = now.length <= old.length || /e/i.test(old);
  // Spreadsheets keep 15 digits.
  const hasLostDigits = old.replace(/\D/g, "").length > 15 && /^0*$/.test(now.replace(/\D/g, "").slice(15));
  return (isShorter && differBy(Number.EPSILON)) || (hasLostDigits && differBy(1e-14));
}

function numberIn(text) {
  const number = /^[\d+\-.eE]+$/.test(text) && /\d/.test(text) ? Number(text) : NaN;
  return Number.isFinite(number) ? number : null;
}

// `2026-11-24`, perhaps with a time, and `24.11.26`, `11/24/2026` or another order.
function isSameDate(old, now) {
  const day = (text) => (fieldsIn(text) || []).slice(0, 3).map((field) => field % 100).sort((a, b) => a - b).join();
  const isIso = (text) => /^\d{4}-\d\d-\d\d/.test(text);
  return isIso(old) && !isIso(now) && (fieldsIn(now) || []).length >= 3 && day(old) === day(now);
}

// `1-2`, `3/4` or `12.5` and a whole date with the same day and month.
function isMadeADate(old, now) {
  const [before, after] = [fieldsIn(old), fieldsIn(now)];
  return before?.length === 2 && after?.length === 3 && before.every((field) => after.includes(field));
}

// The numbers of a date and time; null for any other text.
function fieldsIn(text) {
  const fields = text.replace(/Z+$/, "").split(/[-./: T]/);
  return fields.every((field) => /^\d{1,4}$/.test(field)) ? fields.map(Number) : null;
}

function isSameTruth(old, now) {
  const words = { true: ["TRUE", "WAHR", "VRAI", "VERDADERO", "VERO"], false: ["FALSE", "FALSCH", "FAUX", "FALSO", "ONWAAR"] };
  return Boolean(Object.hasOwn(words, old.toLowerCase()) && words[old.toLowerCase()].includes(now));
}
