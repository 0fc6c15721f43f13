// Which row of a spreadsheet an item is, as the metadata of its job says. The header is row 1, and rows that are empty in every column are
// no items.
const ITEM_ROWS = { first: "item 0 is row", all: "items are in rows" };

// Of runs of items whose rows follow each other, each as the index and the row of its first item.
function rowIn(runs, index) {
  const run = runs.findLast(([first]) => first <= index);
  return run && run[1] + index - run[0];
}

function runsOf({ metadata }) {
  const [first, words] = [metadata?.[ITEM_ROWS.first], metadata?.[ITEM_ROWS.all]];
  if (Number.isSafeInteger(first)) return [[0, first]];
  return /^\d{1,9}:\d{1,9}( \d{1,9}:\d{1,9})*$/.test(words) ? words.split(" ").map((run) => run.split(":").map(Number)) : [];
}
