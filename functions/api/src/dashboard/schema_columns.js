// Compares the columns of a file with a JSON Schema, by the rules of schema_columns.rs and schema_texts.rs: a table of schemas is tested
// against both. Only what is certain is said, and keywords that are not followed here are named, so that nobody takes them for checked.
const SCHEMA_DEPTH_MAX = 16;
const ALL_TYPES = ["string", "number", "integer", "boolean", "null", "array", "object"];
// The types that a cell can be, as a text or converted.
const CELL_TYPES = ["string", "number", "integer", "boolean", "null"];
const CONDITIONAL = ["anyOf", "oneOf", "then", "else", "dependentSchemas"];
// Keywords that may refuse an object, and are not followed. An unknown one is refused with the schema.
const NOT_FOLLOWED = ["$dynamicRef", "$recursiveRef", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "dependentRequired", "dependencies", "patternProperties", "const", "enum"];
const ANNOTATIONS = ["$schema", "$id", "id", "$anchor", "$dynamicAnchor", "$recursiveAnchor", "$comment", "$defs", "definitions", "title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly"];
// Keywords by which members beside those in `properties` count as evaluated.
const EVALUATE_MORE = ["$ref", "$dynamicRef", "$recursiveRef", "allOf", "anyOf", "oneOf", "if", "dependentSchemas", "additionalProperties"];
const OF_NUMBERS = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];

// What a schema says about the columns of a file. `whole` says what makes every item fail, whatever its columns are; `columns` has a
// verdict for each, the bad ones first; `beyond` has the keywords that are not compared here. `isTable`: the items are rows of a table.
function checkColumns(schema, seen, { isTable, isText }) {
  const parts = [...schemasOf(schema, schema, ["allOf"])].filter(isPlainObject);
  const known = { schema, parts, isText, seen,
    properties: new Set(parts.flatMap((part) => namesIn(memberOf(part, "properties")))),
    required: new Set(parts.flatMap((part) => textsIn(memberOf(part, "required")))),
    closed: parts.flatMap(closedTo),
    cellTypes: !isTable ? ALL_TYPES : isText ? CELL_TYPES : ["string"],
    every: seen.objects < seen.items ? "every item that is an object" : "every item",
    beyond: [...new Set(parts.flatMap((part) => notCompared(part, schema, isTable)))] };
  const why = neverValid(schema, schema, seen.objects < seen.items ? ALL_TYPES : ["object"]);
  if (why) return { whole: [wholeWords(schema, why)], columns: [], beyond: [] };
  const rank = { bad: 0, warn: 1, good: 2, info: 3 };
  const names = [...new Set([...known.required, ...known.properties, ...seen.columns.keys()])];
  const columns = names.map((name) => ({ name, isKnown: known.properties.has(name) || known.required.has(name), isInFile: seen.columns.has(name), wanted: wantedOf(membersNamed(name, known)), ...verdictOf(name, known) }));
  return { whole: isTable ? widthFaults(parts, seen) : [], columns: columns.sort((a, b) => rank[a.tone] - rank[b.tone]), beyond: known.beyond };
}

// The schema, and all that hold for the same value: behind references and in the lists and members of these names.
function* schemasOf(schema, root, names, depth = 0, read = new Set()) {
  if (read.has(schema)) return;
  read.add(schema);
  yield schema;
  if (!isPlainObject(schema) || depth === SCHEMA_DEPTH_MAX) return;
  const inner = names.map((name) => [name, memberOf(schema, name)]).flatMap(([name, value]) => (name === "dependentSchemas" ? Object.values(isPlainObject(value) ? value : {}) : [value].flat()));
  for (const one of [targetOf(schema, root), ...inner]) if (one !== undefined) yield* schemasOf(one, root, names, depth + 1, read);
}

// What a reference within the schema leads to.
function targetOf(schema, root) {
  const target = memberOf(schema, "$ref");
  if (typeof target !== "string" || !/^#(\/|$)/.test(target)) return undefined;
  const step = (at, name) => (Array.isArray(at) && /^(0|[1-9]\d*)$/.test(name) ? at[name] : memberOf(at, name));
  return target.split("/").slice(1).map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~")).reduce(step, root);
}

function namesIn(members) {
  return isPlainObject(members) ? Object.keys(members) : [];
}

function textsIn(list) {
  return [list].flat().filter((one) => typeof one === "string");
}

// The schemas of a member that hold in any case.
function membersNamed(name, { schema, parts }) {
  return parts.flatMap((part) => [...schemasOf(memberOf(memberOf(part, "properties"), name), schema, ["allOf"])]).filter((one) => one !== undefined);
}

// The members that a part of the schema allows, if it allows no others.
function closedTo(part) {
  const isFalse = (keyword) => memberOf(part, keyword) === false;
  const hasPatterns = namesIn(memberOf(part, "patternProperties")).length > 0;
  const isClosed = !hasPatterns && (isFalse("additionalProperties") || (isFalse("unevaluatedProperties") && !isEvaluatedElsewhere(part)));
  const listed = memberOf(memberOf(part, "propertyNames"), "enum");
  return [...(isClosed ? [namesIn(memberOf(part, "properties"))] : []), ...(Array.isArray(listed) ? [textsIn(listed)] : [])];
}

function isEvaluatedElsewhere(part) {
  return EVALUATE_MORE.some((keyword) => Object.hasOwn(part, keyword));
}

// The keywords of a part that may refuse items, and are not followed here.
function notCompared(part, root, isTable) {
  const [more, unevaluated, names] = ["additionalProperties", "unevaluatedProperties", "propertyNames"].map((name) => memberOf(part, name));
  const isLeft = {
    $ref: () => targetOf(part, root) === undefined,
    additionalProperties: () => isPlainObject(more),
    unevaluatedProperties: () => isPlainObject(unevaluated) || (unevaluated === false && isEvaluatedElsewhere(part)),
    propertyNames: () => isPlainObject(names) && Object.keys(names).some((keyword) => keyword !== "enum"),
    maxProperties: () => !isTable,
    minProperties: () => !isTable,
  };
  return Object.keys(part).filter((keyword) => NOT_FOLLOWED.includes(keyword) || memberOf(isLeft, keyword)?.());
}

// Why no value of these types fits the schema, if that is certain.
function neverValid(schema, root, types, depth = 0) {
  if (!isPlainObject(schema)) return schema === false ? "it is false" : null;
  if (depth === SCHEMA_DEPTH_MAX) return null;
  if (memberOf(schema, "not") === true) return "“not” is true";
  const list = (name) => (Array.isArray(memberOf(schema, name)) ? schema[name] : []);
  const allowed = [memberOf(schema, "type") ?? []].flat();
  if (allowed.length > 0 && allowed.every((name) => ALL_TYPES.includes(name) && !types.includes(name))) return `its “type” is ${allowed.join(" or ")}`;
  if (Object.hasOwn(schema, "const") && !types.includes(typeOfValue(schema.const))) return "its “const” is another value";
  if (Array.isArray(memberOf(schema, "enum")) && !schema.enum.some((value) => types.includes(typeOfValue(value)))) return "its “enum” has only other values";
  const below = (one) => neverValid(one, root, types, depth + 1);
  const sure = [targetOf(schema, root), ...list("allOf")].map(below).find(Boolean);
  const alternatives = ["anyOf", "oneOf"].map(list).filter((all) => all.length > 0).map((all) => all.map(below)).find((all) => all.every(Boolean));
  return sure || alternatives?.at(-1) || null;
}

function typeOfValue(value) {
  if (value === null) return "null";
  if (isRawNumber(value)) return "number";
  return Array.isArray(value) ? "array" : typeof value;
}

function wholeWords(schema, why) {
  const remedy = isPlainObject(memberOf(schema, "items")) ? "It seems to be the schema of the whole file: give the one of an item, which is under “items”." : "Give the schema of one item, an object with the columns as its members.";
  return `Every item will fail: the schema allows no object (${why}), and each item is one. ${remedy}`;
}

// What is wrong with the number of columns.
function widthFaults(parts, seen) {
  const numbers = (name) => parts.map((part) => memberOf(part, name)).filter((one) => one !== undefined).map((one) => Number(cellOf(one)));
  const [most, fewest, columns] = [Math.min(...numbers("maxProperties")), Math.max(...numbers("minProperties")), seen.columns.size];
  if (columns > most) return [`Every item will fail: the file has ${counted(columns, "column")}, and the schema allows at most ${count(most)} (“maxProperties”).`];
  return columns < fewest ? [`Every item will fail: the file has ${counted(columns, "column")}, and the schema asks for at least ${count(fewest)} (“minProperties”).`] : [];
}

function verdictOf(name, known) {
  const { properties, required, closed, seen, beyond, every } = known;
  const filled = seen.columns.get(name);
  const fails = `${every === "every item" ? every : "every such item"} with it will fail`;
  if (filled === undefined && seen.isCut) return { tone: "info", says: `not among the first ${counted(seen.columns.size, "member")} of the file, which are compared` };
  if (filled === undefined && required.has(name)) return { tone: "bad", says: `required, but not in the file: ${every} will fail` };
  if (filled === undefined) return { tone: "info", says: beyond.length > 0 ? "not in the file" : "not in the file; it is optional" };
  if (closed.some((allowed) => !allowed.includes(name))) return { tone: "bad", says: `${properties.has(name) ? "not in a part of the schema that" : "not in the schema, which"} allows no other columns: ${fails}` };
  const never = membersNamed(name, known).map((member) => neverValid(member, known.schema, known.cellTypes)).find(Boolean);
  if (never) return { tone: "bad", says: `the schema allows no value that can be in it (${never}): ${fails}` };
  if (!properties.has(name) && !required.has(name)) return beyond.length > 0 ? { tone: "info", says: "not named in what is compared here" } : { tone: "warn", says: "not in the schema: it is not checked" };
  const unread = known.isText ? unreadIn(name, known.schema) : null;
  if (unread) return { tone: "warn", says: unread, isUnread: true };
  if (required.has(name) && filled < seen.items) return { tone: "warn", says: `required, but empty in ${counted(seen.items - filled, "item")}` };
  return { tone: "good", says: filled < seen.items ? `filled in ${counted(filled, "item")}` : "filled in every item" };
}

// A keyword for numbers that texts are not compared with, as nothing in the schema says that they are to be read as numbers.
function unreadIn(name, schema) {
  const keywords = ["allOf", ...CONDITIONAL];
  const members = [...schemasOf(schema, schema, keywords)].flatMap((part) => [...schemasOf(memberOf(memberOf(part, "properties"), name), schema, keywords)]).filter(isPlainObject);
  const keyword = members.flatMap((member) => OF_NUMBERS.filter((one) => Object.hasOwn(member, one))).at(0);
  if (!keyword || members.some(asksForType)) return null;
  const isText = members.some((member) => textsIn(memberOf(member, "type")).includes("string"));
  return `“${keyword}” is not compared: the values of the file are texts, and ${isText ? "its “type” allows text" : "it has no “type”"}. Give it the “type” "number"${isText ? " without \"string\"" : ""}`;
}

// True if a text is converted for this schema.
function asksForType(member) {
  const types = textsIn(memberOf(member, "type"));
  const values = Object.hasOwn(member, "const") ? [member.const] : memberOf(member, "enum");
  const areOthers = Array.isArray(values) && values.length > 0 && values.every((value) => ["null", "boolean", "number"].includes(typeOfValue(value)));
  return areOthers || (types.length > 0 && !types.includes("string"));
}

// What the schemas of a member ask for, in words.
function wantedOf(members) {
  return members.map((member) => (member === false ? "no value" : isPlainObject(member) ? wantedWords(member) : "")).filter(Boolean).join(", ");
}

const WANTED = {
  type: (value) => textsIn(value).join(" or "), format: (value) => textsIn(value)[0], minLength: (value) => `at least ${cellOf(value)} characters`, maxLength: (value) => `at most ${cellOf(value)} characters`,
  minimum: (value) => `at least ${cellOf(value)}`, maximum: (value) => `at most ${cellOf(value)}`, exclusiveMinimum: (value) => `more than ${cellOf(value)}`, exclusiveMaximum: (value) => `less than ${cellOf(value)}`,
  multipleOf: (value) => `a multiple of ${cellOf(value)}`, const: (value) => `exactly ${exactText(value)}`, pattern: (value) => `like ${cellOf(value)}`,
  enum: (values) => Array.isArray(values) && `one of ${values.slice(0, 6).map((value) => exactText(value)).join(", ")}${values.length > 6 ? ", …" : ""}`,
};

function wantedWords(member) {
  const has = (name) => Object.hasOwn(member, name);
  const range = (low, high, unit) => (has(low) && has(high) ? `${cellOf(member[low])} to ${cellOf(member[high])}${unit}` : "");
  const both = [["minLength", "maxLength", " characters"], ["minimum", "maximum", ""]].map((one) => [one, range(...one)]).filter(([, words]) => words);
  const inBoth = both.flatMap(([[low, high]]) => [low, high]);
  // In draft 4 `exclusiveMinimum` is true or false.
  const isWorded = (name) => Object.hasOwn(WANTED, name) && !(name.startsWith("exclusive") && typeof member[name] === "boolean");
  const words = Object.keys(member).filter((name) => isWorded(name) && !inBoth.includes(name)).map((name) => WANTED[name](member[name]));
  const others = Object.keys(member).filter((name) => !["$ref", "allOf", ...ANNOTATIONS].includes(name) && !isWorded(name) && !name.startsWith("x-"));
  const said = [...words, ...both.map(([, says]) => says)].filter(Boolean);
  return [...said, ...(others.length > 0 ? [`${said.length > 0 ? "also " : ""}“${others.slice(0, 6).join("”, “")}”`] : [])].join(", ");
}
