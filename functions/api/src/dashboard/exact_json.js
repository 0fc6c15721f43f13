// JSON whose numbers keep every digit. An item belongs to the user: 12345678901234567890 and 1.0 stay as they are.
const KEEPS_DIGITS = typeof JSON.rawJSON === "function";

// Reads JSON. A number that JavaScript would change is kept as its text; `exactText` writes it back.
function readExactly(text) {
  if (!KEEPS_DIGITS) return JSON.parse(text);
  return JSON.parse(text, (_, value, context) => {
    const isChanged = typeof value === "number" && context.source !== JSON.stringify(value);
    return isChanged ? JSON.rawJSON(context.source) : value;
  });
}

function exactText(value, indent) {
  return JSON.stringify(value, null, indent);
}

function isPlainObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isRawNumber(value);
}

function isRawNumber(value) {
  return KEEPS_DIGITS && JSON.isRawJSON(value);
}

// A member that an object of the user has itself. Any object of JavaScript answers to `constructor` and `__proto__`.
function memberOf(object, name) {
  return isPlainObject(object) && Object.hasOwn(object, name) ? object[name] : undefined;
}

function setMember(object, name, value) {
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}
