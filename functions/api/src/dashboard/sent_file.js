// Whether a file is the one that a job was sent, and how it has to be read for that.
const GIVE_THE_SAME = "Choose the file that was sent, and read it in the same way: format, separator, encoding.";
const HOW = { columns: "columns read as", separator: "read with separator", encoding: "read with encoding" };

// Files that were sent from this tab, by the id of their job: nobody has to choose them again.
const sentFiles = new Map();

// For the job's metadata: the file's name, and what was chosen to read it, so that it can be read in the same way later.
async function metadataOf(source, seen) {
  const usual = await sourceOf(source.file);
  const columns = JSON.stringify(source.renamed || {});
  const said = {
    file: source.file.name.slice(0, 200),
    ...rowsWords(seen.rows.runs),
    ...(source.format === "csv" && (source.isNamed || source.delimiter !== usual.delimiter) ? { [HOW.separator]: source.delimiter } : {}),
    ...(source.encoding !== usual.encoding ? { [HOW.encoding]: source.encoding } : {}),
  };
  const withColumns = { ...said, [HOW.columns]: columns };
  const fits = columns.length <= LIMITS.metadataValueChars && encoder.encode(JSON.stringify(withColumns)).length <= LIMITS.metadataBytes;
  return columns !== "{}" && fits ? withColumns : said;
}

// A file that may be the one that was sent, read as the job says.
async function sentAs(file, { metadata }) {
  const said = metadata || {};
  const source = await sourceOf(file);
  const encoding = ENCODINGS.some(([name]) => name === said[HOW.encoding]) ? said[HOW.encoding] : source.encoding;
  const isNamed = DELIMITERS.some(([one]) => one === said[HOW.separator]);
  return { ...source, encoding, delimiter: isNamed ? said[HOW.separator] : source.delimiter, isNamed, renamed: renamedIn(said[HOW.columns]) };
}

function renamedIn(text) {
  try {
    const renamed = JSON.parse(text);
    return isPlainObject(renamed) && Object.values(renamed).every((name) => typeof name === "string") ? renamed : {};
  } catch {
    return {};
  }
}

// Reads the whole file, and says how many items it has. Refuses it unless all its items are those that were sent: each part of the job has a fingerprint of its items.
// `whole` is the SHA-256 of all items, those included that have not been sent: an idempotency key stands for them.
async function checkSent({ source, job, parts, hashes, whole, say, signal }) {
  if (!window.crypto?.subtle) throw new Error("A browser compares the file with the job only on a page with https.");
  let [index, at, hash, firstLine] = [0, 0, null, 0];
  const all = whole ? new ItemsHash() : null;
  for await (const { text, line } of itemsOf(source)) {
    signal.throwIfAborted();
    hashes?.add(text);
    all?.add(text.trim());
    const part = parts[at];
    if (part && index >= part.firstIndex) {
      if (hash === null) [hash, firstLine] = [new PartHash(part), line];
      hash.add(encoder.encode(text.trim()));
      if (index + 1 === endOf(part)) {
        if ((await hash.fingerprint()) !== part.fingerprint) throw new FileProblem(`A row from line ${count(firstLine)} to line ${count(line)} is not the one that was sent. ${GIVE_THE_SAME}`);
        [hash, at] = [null, at + 1];
      }
    } else if (job.sealed) {
      throw new FileProblem(`this row is one too many: the job has ${counted(job.totalItems, "item")}. ${GIVE_THE_SAME}`, line);
    }
    index += 1;
    if (index % SAY_EACH === 0) { say(index); await sleep(0); }
  }
  const end = parts.length ? endOf(parts.at(-1)) : 0;
  if (index < end) throw new FileProblem(`The file ends after ${counted(index, "item")}, but the job has ${count(end)}. ${GIVE_THE_SAME}`);
  if (all && (await all.hash()) !== whole) throw new FileProblem(`These are not the items that the job was started with, and its idempotency key stands for them. ${GIVE_THE_SAME}`);
  return index;
}

// The SHA-256 of items as NDJSON.
class ItemsHash {
  constructor() {
    Object.assign(this, { blob: new Blob([]), lines: [] });
  }

  add(text) {
    this.lines.push(text, "\n");
    if (this.lines.length >= 10_000) this.keep();
  }

  keep() {
    Object.assign(this, { blob: new Blob([this.blob, ...this.lines]), lines: [] });
  }

  async hash() {
    this.keep();
    const bytes = await this.blob.arrayBuffer().catch(() => { throw new Error("This file is too large for a browser to compare: continue with “headway submit --continue”."); });
    return hexOf(await crypto.subtle.digest("SHA-256", bytes));
  }
}

function hexOf(hash) {
  return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function endOf(part) {
  return part.firstIndex + part.totalItems;
}

// The fingerprint of a part, as docs/results.md defines it.
class PartHash {
  constructor({ firstIndex, chunkSize }) {
    this.chunkSize = chunkSize;
    this.hashed = [eightBytes(firstIndex)];
    this.beginChunk();
  }

  beginChunk() {
    [this.chunk, this.items, this.bytes] = [[], 0, 0];
  }

  add(item) {
    const size = item.length + 1;
    if (this.items === this.chunkSize || this.bytes + size > LIMITS.chunkBytes) this.endChunk();
    this.chunk.push(eightBytes(item.length), item);
    this.items += 1;
    this.bytes += size;
  }

  endChunk() {
    if (this.items === 0) return;
    this.hashed.push(eightBytes(this.items), new Blob(this.chunk));
    this.beginChunk();
  }

  async fingerprint() {
    this.endChunk();
    const hash = await crypto.subtle.digest("SHA-256", await new Blob(this.hashed).arrayBuffer());
    return hexOf(hash.slice(0, 16));
  }
}

// A number with the most significant byte first.
function eightBytes(number) {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(number));
  return view.buffer;
}

// Chooses the file to be joined. `source` is the one that is chosen, or was sent from this tab.
function SentFile({ id = "sent-file", job, source, onSource }) {
  const [error, setError] = useState(null);
  const take = (file) => sentAs(file, job).then((found) => { setError(null); onSource(found); }, (problem) => { setError(fileError(problem)); onSource(null); });
  return html`<${DropZone} id=${id} file=${source?.file} onFile=${take} hint="or drop it here: the file that this job was started with" />
    ${source && html`<${ReadingChoices} source=${source} onChange=${onSource} />`}
    ${error && html`<${Note} tone="bad" title="This file cannot be used."><${Text} value=${error.message} /><//>`}`;
}
