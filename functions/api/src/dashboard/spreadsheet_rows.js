// Tells people where an item is in their file, and the job where its rows are.
const RUNS_MAX = 100;

// Runs of items whose rows follow each other, each as the index and the row of its first item. Null if they are too many.
class RowRuns {
  constructor() {
    this.runs = [];
  }

  add(index, row) {
    if (this.runs === null) return;
    if (row === undefined) this.runs = null;
    else if (row !== rowIn(this.runs, index)) this.runs.push([index, row]);
    if (this.runs?.length > RUNS_MAX) this.runs = null;
  }
}

// For the job's metadata: the first item's row, and the others' if a row between them is empty.
function rowsWords(runs) {
  if (!runs?.length) return {};
  if (runs.length === 1) return { [ITEM_ROWS.first]: runs[0][1] };
  const words = runs.map((run) => run.join(":")).join(" ");
  return words.length <= LIMITS.metadataValueChars ? { [ITEM_ROWS.all]: words } : {};
}

// Where an item is, for people: the row of a spreadsheet if the job says so, or else the item's index.
function placeOf(job, index) {
  const row = rowIn(runsOf(job), index);
  return row === undefined ? `Item ${count(index)}` : `Row ${count(row)}`;
}

// How people find an item in their file.
function countingWords(job) {
  if (runsOf(job).length > 0) return "Rows are counted as in a spreadsheet: the header is row 1.";
  return /\.(csv|tsv)$/i.test(job.metadata?.file || "") ? "Items are counted from 0: item 0 is the first row below the header, and rows that are empty in every column are not counted." : "Items are counted from 0.";
}
