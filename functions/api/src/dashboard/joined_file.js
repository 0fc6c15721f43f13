// The file that was sent, with what became of each of its rows: the same table as `headway results --join` prints.
const ROWS_PER_PIECE = 1000;
const NOT_SENT = '"status":"NotSent","correction":null,"kind":null,"code":null,"message":null,"attempts":null,"output":null,"hasOutput":false,"outputOmitted":false}';

async function joinedFile(job, source, options) {
  if (!isFinal(job)) throw new Error("The job has not ended yet: its rows can be put beside their outcome once no number changes any more.");
  const parts = (await allParts(job.id, options.signal)).sort((one, other) => one.firstIndex - other.firstIndex);
  const say = (lines) => options.onLines(lines, "rows of the file compared");
  await checkSent({ source, job, parts, say, signal: options.signal });
  const isSent = sentIndexes(parts);
  return source.format === "csv" ? joinedTable(job, source, isSent, options) : joinedLines(job, source, isSent, options);
}

// Whether the item with an index was sent. It is asked for one index after the other.
function sentIndexes(parts) {
  let at = 0;
  return (index) => {
    while (at < parts.length && index >= endOf(parts[at])) at += 1;
    return at < parts.length && index >= parts[at].firstIndex;
  };
}

// A table: the index, the file's own columns, what became of the row, and a column for each member of the outputs.
async function joinedTable(job, source, isSent, options) {
  const outcomes = outcomeCells(job, options);
  const file = new FilePieces(options);
  let [of, header, index] = [[], null, 0];
  for await (const { cells, written } of itemsOf(source)) {
    if (!header) {
      of = (await outcomes.next()).value;
      header = headerOfJoined(written, of.slice(2));
      file.add(csvLine(header.map(harmlessCell)), 0);
    }
    const isKnown = isSent(index);
    const outcome = isKnown ? (await outcomes.next()).value : ["", "", "NotSent", ...of.slice(3).map(() => "")];
    if (isKnown && Number(outcome?.[0]) !== index) throw new Error(`The server's list of items lacks item ${index}. Is the job being deleted?`);
    // The cells of the API are harmless already.
    file.add(csvLine([outcome[0], ...cells.map(harmlessCell), ...outcome.slice(2)]), 1);
    index += 1;
  }
  return file.whole();
}

// No two columns have the same name: the file's keep theirs, the others get another `_` in front.
function headerOfJoined(written, of) {
  const taken = new Set(written);
  const own = (name) => {
    const free = taken.has(name) ? own(`_${name}`) : name;
    taken.add(free);
    return free;
  };
  const index = own("_index");
  return [index, ...written, ...of.map((name, at) => own(at < 6 ? name : `output.${name}`))];
}

// The header of the API's table of items, then the cells of each item.
async function* outcomeCells(job, options) {
  for await (const { text } of recordPages(job.id, "items", { ...options, format: "csv", columns: "outputs" })) {
    yield* rowsOfText(text).map(({ cells }) => cells);
  }
}

// Lines: the item as the file has it, and what the API says about it, as text so that numbers keep their digits.
async function joinedLines(job, source, isSent, options) {
  const outcomes = records(job.id, "items", options);
  const file = new FilePieces(options);
  let index = 0;
  for await (const { text, line } of itemsOf(source)) {
    const outcome = isSent(index) ? (await outcomes.next()).value : { index: null, line: `,${NOT_SENT}` };
    if (!outcome || (outcome.index !== null && outcome.index !== index)) throw new Error(`The server's list of items lacks item ${index}. Is the job being deleted?`);
    // Within a text the quotes have a backslash, so this is the member.
    file.add(`{"index":${outcome.index},"line":${line},"item":${text.trim()}${outcome.line.slice(outcome.line.indexOf(',"status":'))}\n`, 1);
    index += 1;
  }
  return file.whole();
}

// A file in pieces that are kept outside of the page's memory.
class FilePieces {
  constructor({ onLines, signal }) {
    Object.assign(this, { onLines, signal, pieces: [], texts: [], rows: 0 });
  }

  add(text, rows) {
    this.texts.push(text);
    this.rows += rows;
    if (this.texts.length === ROWS_PER_PIECE) this.keep();
  }

  keep() {
    this.signal.throwIfAborted();
    this.pieces.push(new Blob(this.texts.splice(0)));
    this.onLines(this.rows);
  }

  whole() {
    this.keep();
    return this.pieces;
  }
}
