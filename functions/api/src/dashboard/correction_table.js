// The table of failed items that is corrected in a spreadsheet: the same as `headway failures --columns items` prints. What has no column
// of its own is in the column `_item`: an item that is no object, and members whose names or texts cannot be in a column.
const MARKS = ["_index", "_id", "_error"];
const REST = "_item";
const OWN_COLUMNS = [...MARKS, "_status", "_correction", "_kind", "_code", "_attempts", REST];

// A reader of CSV refuses other texts, since they are signs of a damaged file. The same rule as in columns.rs.
function canBeCell(text) {
  return !/^\ufeff|\u0000|\u001b\$|\u001b\(J/.test(text);
}

function canBeColumn(name) {
  return !OWN_COLUMNS.includes(name) && !isBlankName(name) && hiddenInName(name) === undefined && canBeCell(name);
}

// The members of an object that have a column, and those that have none.
function inColumns(item) {
  const has = ([name, value]) => canBeColumn(name) && canBeCell(cellOf(value));
  const members = Object.entries(item);
  return { own: Object.fromEntries(members.filter(has)), rest: Object.fromEntries(members.filter((member) => !has(member))) };
}

// What is in the column `_item`.
function restCell(item) {
  if (!isPlainObject(item)) return canBeCell(cellOf(item)) ? cellOf(item) : exactText(item);
  const { rest } = inColumns(item);
  return Object.keys(rest).length > 0 ? exactText(rest) : "";
}

// The union of the items' members, first seen first, after what the page says about each.
async function columnsFile(job, options) {
  const rows = [];
  const columns = new Set();
  let hasRest = false;
  for await (const { line } of records(job.id, "failures", options)) {
    const failure = readExactly(line);
    const { item } = failure;
    const own = isPlainObject(item) ? inColumns(item).own : {};
    Object.keys(own).forEach((name) => columns.add(name));
    hasRest ||= !isPlainObject(item) || restCell(item) !== "";
    rows.push([failure, own]);
    if (rows.length % FLUSH_LINES === 0) options.onLines(rows.length);
  }
  options.onLines(rows.length);
  const names = [...columns];
  const shown = (text) => (canBeCell(text) ? text : text.replace(/[\u0000\u001b\ufeff]/g, "\ufffd"));
  const cells = ({ index, id, message, item }, own) => [index, shown(id ?? ""), shown(message), ...names.map((name) => cellOf(memberOf(own, name))), ...(hasRest ? [restCell(item)] : [])];
  return [csvRow([...MARKS, ...names, ...(hasRest ? [REST] : [])]), ...rows.map(([failure, own]) => csvRow(cells(failure, own)))];
}
