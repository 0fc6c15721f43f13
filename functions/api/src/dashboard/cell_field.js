// The field for one cell: what it shows is what the value is.

// A text of several lines needs a field of several lines: the other kind would drop the line ends.
function CellField({ was, value, onType, field, ...rest }) {
  const common = { ...rest, ref: field, spellcheck: false, value, onInput: (event) => onType(withLineEndsOf(was, event.target.value)) };
  const isLong = [was, value].some((text) => /[\r\n]/.test(text));
  return isLong ? html`<textarea ...${common} rows=${Math.min(6, linesIn(value))}></textarea>` : html`<input ...${common} />`;
}

function linesIn(text) {
  return text.split(/\r\n|\r|\n/).length;
}

// Browsers end the lines of what is typed with LF. Here they end as in the value before.
function withLineEndsOf(was, typed) {
  const asTyped = (text) => text.replace(/\r\n|\r/g, "\n");
  if (asTyped(was) === asTyped(typed)) return was;
  const [end] = /\r\n|\r|\n/.exec(was) || ["\n"];
  return asTyped(typed).replaceAll("\n", end);
}
