// Shows how the columns of a file compare with a schema, and lets a column stand for another one.
// Those that will make items fail come first.
const COLUMNS_CHECKED_MAX = 30;
const TONE_ICONS = { good: "✓", warn: "!", bad: "✕", info: "–" };

// The names that the file's columns were given for a schema's.
function renamings(source) {
  return Object.entries(source.renamed || {});
}

// Lets a column of the file stand for one that the schema wants.
function TakeFrom({ name, checks, source, onSource }) {
  const taken = renamings(source).find(([, to]) => to === name)?.[0];
  const spare = checks.filter(({ isInFile, isKnown }) => isInFile && !isKnown).map((check) => check.name);
  if (source.format !== "csv" || (!taken && spare.length === 0)) return null;
  const choose = (event) => {
    const others = Object.fromEntries(renamings(source).filter(([, to]) => to !== name));
    onSource({ ...source, renamed: event.target.value ? { ...others, [event.target.value]: name } : others });
  };
  return html` <select aria-label=${`Column of the file for ${name}`} value=${taken || ""} onChange=${choose}>
    <option value="">${taken ? "not from another column" : "take it from …"}</option>${(taken ? [taken, ...spare] : spare).map((one) => html`<option key=${one} value=${one}>from “${short(one, 60)}”</option>`)}</select>`;
}

// What the comparison came to. It claims no more than was compared.
function columnsWords({ whole, columns, beyond }, isCut) {
  if (whole.length > 0) return { strong: whole.join(" "), says: "" };
  const [bad, unread] = [columns.filter(({ tone }) => tone === "bad").length, columns.filter(({ isUnread }) => isUnread).length];
  const isPart = beyond.length > 0 || isCut;
  const left = [...(beyond.length > 0 ? [`What “${beyond.join("”, “")}” in the schema ${beyond.length === 1 ? "says" : "say"} is not compared here: it is checked when the items run. To see it early, try some items first (below).`] : []),
    ...(isCut ? [`The items have more than ${count(COLUMNS_MAX)} members: only these are compared.`] : [])];
  const said = (strong, ...says) => ({ strong, says: [...says, ...left].join(" ") });
  if (bad > 0) return said(`${counted(bad, "column")} will make items fail.`);
  if (unread > 0) return said(`${counted(unread, "column")} ${unread === 1 ? "is" : "are"} not compared with all that the schema says.`);
  if (!columns.some(({ isKnown }) => isKnown)) return said("", ...(beyond.length > 0 ? [] : ["The schema names no columns: nothing in the columns of the file is compared with it here."]));
  if (!columns.some(({ isKnown, isInFile }) => isKnown && isInFile)) return beyond.length > 0 ? said("", "No column of the file is named in what is compared here.") : said("No column of the file is in the schema: nothing is checked.");
  return said("", isPart ? "The columns fit what is compared here." : "The columns fit the schema.");
}

function ColumnCheck({ schema, isText, seen, source, onSource }) {
  const [areAllShown, showAll] = useState(false);
  if (schema === undefined) return html`<p class="muted">Without a schema every item is accepted.</p>`;
  if (!isPlainObject(schema) && typeof schema !== "boolean") return html`<${Note} tone="bad">This is no JSON Schema: it must be an object, true or false.<//>`;
  const check = checkColumns(schema, seen, { isTable: source.format === "csv", isText });
  const { columns: checks } = check;
  if (checks.length === 0 && check.whole.length === 0) return html`<p class="muted">This schema names no columns, so they cannot be compared with the file.</p>`;
  const { strong, says } = columnsWords(check, seen.isCut);
  return html`<h3>Columns of the file and of the schema</h3>
    <p role="status">${strong && html`<strong>${strong}</strong> `}${says}${isText && check.whole.length === 0 ? " Texts are turned into the types of the schema." : ""}</p>
    ${checks.length > 0 && html`<div class="scroll" tabindex="0" role="region" aria-label="Columns"><table><thead><tr><th scope="col">Column</th><th scope="col">The schema wants</th><th scope="col">Check</th></tr></thead>
    <tbody>${checks.slice(0, areAllShown ? undefined : COLUMNS_CHECKED_MAX).map(({ name, wanted, tone, says, isKnown, isInFile }) => html`<tr key=${name}><th scope="row"><bdi>${short(name, 60)}</bdi></th><td><bdi>${short(wanted, 160)}</bdi></td>
      <td class=${`tone-${tone}`}><span aria-hidden="true">${TONE_ICONS[tone]}</span> ${says}
        ${isKnown && (!isInFile || renamings(source).some(([, to]) => to === name)) && html`<${TakeFrom} name=${name} checks=${checks} source=${source} onSource=${onSource} />`}</td></tr>`)}</tbody></table></div>`}
    ${!areAllShown && checks.length > COLUMNS_CHECKED_MAX && html`<p><button type="button" class="small" onClick=${() => showAll(true)}>Show all ${count(checks.length)} columns</button></p>`}`;
}
