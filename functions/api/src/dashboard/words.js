// Numbers, times and texts as people read them.
const SHOWN_MAX = 300;
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

// The beginning of a text. A character of two code units is not cut in half.
function short(value, max = SHOWN_MAX) {
  const text = visible(value);
  if (text.length <= max) return text;
  const isHigh = /[\ud800-\udbff]/.test(text[max - 1]);
  return `${text.slice(0, isHigh ? max - 1 : max)}…`;
}

// A text of several lines within a sentence.
function oneLine(text) {
  return text.replace(/\r\n|\r|\n/g, " ↵ ");
}

function count(number) {
  return number.toLocaleString();
}

function counted(number, one, many = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : many}`;
}

function percent(value) {
  const rounded = value > 99 && value < 100 ? Math.floor(value * 10) / 10 : Math.round(value * 10) / 10;
  return `${rounded.toLocaleString()} %`;
}

function bytes(number) {
  if (number < 1000) return counted(number, "byte");
  const [size, unit] = number < 1e6 ? [number / 1e3, "kB"] : number < 1e9 ? [number / 1e6, "MB"] : [number / 1e9, "GB"];
  return `${size.toLocaleString(undefined, { maximumFractionDigits: 1 })} ${unit}`;
}

function dateTime(text) {
  return new Date(text).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
}

// With the seconds and the time zone, to be compared with a log.
function exactTime(text) {
  return new Date(text).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "long" });
}

function day(text) {
  return new Date(text).toLocaleDateString(undefined, { dateStyle: "long" });
}

function timeOfDay(when) {
  return new Date(when).toLocaleTimeString();
}

// The two largest units: "3 min 20 s".
function duration(ms) {
  if (ms < SECOND) return "less than a second";
  const units = [["d", DAY], ["h", HOUR], ["min", MINUTE], ["s", SECOND]];
  const first = units.findIndex(([, size]) => ms >= size);
  const [name, size] = units[first];
  const whole = Math.floor(ms / size);
  const next = units[first + 1];
  const rest = next ? Math.floor((ms - whole * size) / next[1]) : 0;
  return rest ? `${whole} ${name} ${rest} ${next[0]}` : `${whole} ${name}`;
}

function roughly(ms) {
  return ms < SECOND ? duration(ms) : `about ${duration(ms)}`;
}

function ago(text) {
  const ms = clock.now() - Date.parse(text);
  if (ms < 5 * SECOND) return "just now";
  return ms < DAY * 2 ? `${duration(ms).split(" ").slice(0, 2).join(" ")} ago` : dateTime(text);
}

// Text from outside. It is never markup, its writing direction does not reach beyond it, and a long one is cut until
// it is asked for.
function Text({ value, max = SHOWN_MAX }) {
  const [isWhole, showWhole] = useState(false);
  const box = useKeptFocus();
  const text = visible(value);
  if (text.length <= max) return html`<bdi class="text">${text}</bdi>`;
  return html`<span ref=${box} tabindex="-1"><bdi class="text">${isWhole ? text : short(value, max)}</bdi>${!isWhole && html`${" "}
    <button type="button" class="link" onClick=${() => showWhole(true)}>Show all ${count(text.length)} characters</button>`}</span>`;
}

// `hasClock`: also the time of day, as far as the words do not have it.
function Time({ at, hasClock }) {
  const words = ago(at);
  return html`<time datetime=${at} title=${dateTime(at)}>${words}${hasClock && words.endsWith(" ago") ? `, ${timeOfDay(at)}` : ""}</time>`;
}
