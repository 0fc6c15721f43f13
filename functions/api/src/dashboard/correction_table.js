// The table of failed items that is corrected in a spreadsheet: the same as `headway failures --columns items` prints. What has no column
// of its own is in the column `_item`: an item that is no object, and members whose names or texts cannot be in a column.
const MARKS = ["_index", "_id", "_error"];
const REST = "_item";
const OWN_COLUMNS = [...MARKS, "_status", "_correction", "_kind", "_code", "_attempts", REST];

// The most columns, and the most bytes of their names: those of the command's records.rs.
const TABLE_NAMES_MAX = 1000;
const TABLE_NAMES_BYTES_MAX = 40_000;

// A reader of CSV refuses other texts, since they are signs of a damaged file. The same rule as in columns.rs.
function canBeCell(text) {
  return !/^\ufeff|\u0000|\u001b\$|\u001b\(J/.test(text);
}

function canBeColumn(name) {
  return !OWN_COLUMNS.includes(name) && !isBlankName(name) && hiddenInName(name) === undefined && canBeCell(name);
}

// The columns of items, first seen first, within the command's limits. What has none is in the column `_item`.
class TableColumns {
  constructor() {
    Object.assign(this, { names: new Set(), bytes: 0 });
  }

  add(item) {
    for (const name of Object.keys(item)) {
      if (this.names.has(name) || !canBeColumn(name)) continue;
      const size = encoder.encode(name).length;
      if (this.names.size === TABLE_NAMES_MAX || this.bytes + size > TABLE_NAMES_BYTES_MAX) continue;
      this.bytes += size;
      this.names.add(name);
    }
  }
}

// The members of an object that have one of these columns, and those that have none.
function inColumns(item, { names }) {
  const has = ([name, value]) => names.has(name) && canBeCell(cellOf(value));
  const members = Object.entries(item);
  return { own: Object.fromEntries(members.filter(has)), rest: Object.fromEntries(members.filter((member) => !has(member))) };
}

// A cell that is only shown: what no reader of CSV accepts is replaced.
function shownCell(text) {
  return canBeCell(text) ? text : text.replace(/[\u0000\u001b\ufeff]/g, "\ufffd");
}

// What is in the column `_item`.
function restCell(item, columns) {
  if (!isPlainObject(item)) return canBeCell(cellOf(item)) ? cellOf(item) : exactText(item);
  const { rest } = inColumns(item, columns);
  return Object.keys(rest).length > 0 ? exactText(rest) : "";
}

// The union of the items' members, first seen first, after what the page says about each.
async function columnsFile(job, options) {
  const rows = [];
  const columns = new TableColumns();
  for await (const { line } of records(job.id, "failures", options)) {
    const failure = readExactly(line);
    if (isPlainObject(failure.item)) columns.add(failure.item);
    rows.push(failure);
    if (rows.length % FLUSH_LINES === 0) options.onLines(rows.length);
  }
  options.onLines(rows.length);
  const names = [...columns.names];
  const hasRest = rows.some(({ item }) => !isPlainObject(item) || restCell(item, columns) !== "");
  const cells = ({ index, id, message, item }) => {
    const own = isPlainObject(item) ? inColumns(item, columns).own : {};
    return [index, shownCell(id ?? ""), shownCell(message), ...names.map((name) => cellOf(memberOf(own, name))), ...(hasRest ? [restCell(item, columns)] : [])];
  };
  return [csvRow([...MARKS, ...names, ...(hasRest ? [REST] : [])]), ...rows.map((failure) => csvRow(cells(failure)))];
}
