// Text that a spreadsheet would run as a formula gets a `'` in front: at the start of a cell, and where some spreadsheet may
// begin a new one. The same rule as in csv.rs, by the same table of cases.
const MAY_BEGIN_A_CELL = /(?<=[;|\t\r\n\v\f\u0085\u2028\u2029])/u;
const BREAKS = /[\t\r\n\v\f\u0085\u2028\u2029]/u;
// White space, quotes, and what is invisible or only shown together with another character.
const PASSED_OVER = /^[\p{White_Space}\p{Cc}\p{Cf}\p{Co}\p{M}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\u2800\ufffc'"`\u2018-\u201f\uff02\uff07]*/u;
// What formulas begin with, and what is the same by Unicode's compatibility (NFKC). Also the minus sign.
const SIGN = /^[=+\-@\u207a-\u207c\u208a-\u208c\u2212\u2a75\u2a76\ufb29\ufe62\ufe63\ufe66\ufe6b\uff0b\uff0d\uff1d\uff20]/u;
const JSON_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

function harmlessCell(value) {
  return piecesOf(value).map(([piece, judged, isFirst]) => (isFormula(judged, isFirst) ? `'${piece}` : piece)).join("");
}

// Without each `'` that was put before a formula.
function valueOfCell(cell) {
  return piecesOf(cell).map(([piece, judged, isFirst]) => (judged.startsWith("'") && isFormula(judged.slice(1), isFirst) ? piece.slice(1) : piece)).join("");
}

// The parts of a cell that a spreadsheet may take for cells, each with the text by which it is judged.
function piecesOf(cell) {
  return cell.split(MAY_BEGIN_A_CELL).map((piece, place) => [piece, place === 0 ? cell : piece.replace(/[;|\t\r\n\v\f\u0085\u2028\u2029]$/u, ""), place === 0]);
}

// A number is none, if it is the whole cell: a later piece may go on in the next cell.
function isFormula(text, isFirst) {
  const [before] = PASSED_OVER.exec(text);
  return BREAKS.test(before) || (SIGN.test(text.slice(before.length)) && !(isFirst && JSON_NUMBER.test(text)));
}
