// The field for one cell: what it shows is what the value is.

// A text of several lines needs a field of several lines: the other kind would drop the line ends. `offered` has values that are allowed.
function CellField({ was, value, onType, field, offered = [], ...rest }) {
  const list = useId();
  const common = { ...rest, ref: field, spellcheck: false, value, onInput: (event) => onType(withLineEndsOf(was, event.target.value)) };
  const isLong = [was, value].some((text) => /[\r\n]/.test(text));
  if (isLong) return html`<textarea ...${common} rows=${Math.min(6, linesIn(value))}></textarea>`;
  if (offered.length === 0) return html`<input ...${common} />`;
  return html`<input ...${common} list=${list} /><datalist id=${list}>${offered.map((one) => html`<option key=${one} value=${one}></option>`)}</datalist>`;
}

// The values of an `enum` that a message lists, as far as it is not cut off.
function offeredIn({ code, message }) {
  const offered = [];
  if (!code.endsWith(" enum")) return offered;
  let [, rest] = /: not one of (.*)$/s.exec(message) || [null, ""];
  for (;;) {
    const [, text, end] = /^("(?:[^"\\]|\\.)*"|[^\s,:"…]+)(, |: )/s.exec(rest) || [];
    if (text === undefined || faultInJson(text)) return offered;
    offered.push(cellOf(readExactly(text)));
    if (end === ": ") return offered;
    rest = rest.slice(text.length + end.length);
  }
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
