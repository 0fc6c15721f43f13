// Looks through a whole file before anything is sent: how many items, which columns, what is wrong.
const PREVIEW_ROWS = 5;
const COLUMNS_MAX = 2000;
const SAY_EACH = 5000;

// Tells whether a file still has the items that were looked at. A browser may read a file that was saved again without a word.
class ItemHashes {
  constructor() {
    [this.count, this.hashes] = [0, new Uint32Array(1024)];
  }

  add(text) {
    if (this.count === this.hashes.length) {
      const larger = new Uint32Array(2 * this.count);
      larger.set(this.hashes);
      this.hashes = larger;
    }
    this.hashes[this.count] = hashOf(text);
    this.count += 1;
  }

  check(index, text) {
    if (index >= this.count || this.hashes[index] !== hashOf(text)) throw new FileProblem(CHANGED);
  }

  checkEnd(items) {
    if (items !== this.count) throw new FileProblem(CHANGED);
  }
}

// FNV-1a.
function hashOf(text) {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

async function survey(source, { say, signal }) {
  const seen = { hashes: new ItemHashes(), rows: new RowRuns(), items: 0, bytes: 0, columns: new Map(), preview: [], objects: 0, largest: 0, skipped: 0 };
  for await (const { value, text, line, row, names } of itemsOf(source, seen)) {
    signal.throwIfAborted();
    seen.rows.add(seen.items, row);
    const size = sizeOf(text);
    if (size > LIMITS.itemBytes) throw new FileProblem(`this item has ${bytes(size)}; at most ${bytes(LIMITS.itemBytes)} are allowed.`, line);
    seen.hashes.add(text);
    note(seen, { value, text, size, names });
    if (seen.items > LIMITS.itemsPerJob) throw new FileProblem(`A job has at most ${count(LIMITS.itemsPerJob)} items. Split the file.`);
    if (seen.items % SAY_EACH === 0) {
      say(seen.items);
      // Lets the page draw itself and notice clicks.
      await sleep(0);
    }
  }
  if (seen.items === 0) throw new FileProblem(source.format === "csv" ? "The file has a header, but no rows." : "The file has no items.");
  return seen;
}

function note(seen, { value, text, size, names }) {
  seen.items += 1;
  seen.bytes += size;
  seen.largest = Math.max(seen.largest, size);
  if (seen.preview.length < PREVIEW_ROWS) seen.preview.push(names ? value : readExactly(text));
  if (typeof value !== "object" || value === null || Array.isArray(value)) return;
  seen.objects += 1;
  for (const name of names || Object.keys(value)) {
    const known = seen.columns.get(name);
    // Items that are no rows may have other members each.
    if (!names && known === undefined && seen.columns.size >= COLUMNS_MAX) seen.isCut = true;
    else seen.columns.set(name, (known || 0) + (value[name] === "" ? 0 : 1));
  }
}

// The size in UTF-8. Most texts are ASCII, and need no encoding to be measured.
const encoder = new TextEncoder();
function sizeOf(text) {
  return text.length * 3 <= LIMITS.itemBytes && /^[\u0000-\u007f]*$/.test(text) ? text.length : encoder.encode(text).length;
}
