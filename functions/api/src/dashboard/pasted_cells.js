// Several cells that were copied in a spreadsheet and are pasted into a field of a table.

// The rows of cells of a copied text. Null if it is one cell.
function pastedCells(text) {
  const rows = spreadsheetRows(text.replace(/\r\n$|[\r\n]$/, ""));
  return rows.length > 1 || rows[0].length > 1 ? rows : null;
}

// A spreadsheet puts a cell into quotes only if it contains a tab or a line break. Other quotes are part of the text.
function spreadsheetRows(text) {
  try {
    const rows = [...new CsvRows("\t", { mayHaveMarks: true }).in(text, true)].map(({ cells }) => cells);
    if (rows.some((cells) => cells.some((cell) => /[\t\r\n]/.test(cell)))) return rows;
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
  }
  return text.split(/\r\n|\r|\n/).map((line) => line.split("\t"));
}

// What pasting these cells changes, from a row and column of a table on; or why they do not fit.
function placesOf(cells, { rows, columns, row, column }) {
  const [height, width] = [cells.length, Math.max(...cells.map((line) => line.length))];
  const [below, beside] = [rows.length - row, columns.length - column];
  if (height > below) return { fault: `${counted(height, "row")} were copied, but from here on the table has ${counted(below, "row")}: nothing was pasted.` };
  if (width > beside) return { fault: `${counted(width, "column")} were copied, but from here on the table has ${counted(beside, "column")}: nothing was pasted.` };
  const changes = cells.flatMap((line, down) => line.map((text, right) => ({ row: rows[row + down], name: columns[column + right], text })));
  return { changes, says: `Pasted into ${counted(height, "row")} and ${counted(width, "column")}.` };
}
