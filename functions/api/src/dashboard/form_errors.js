// What the server refuses in a new job, in the words of the form.
const FIELD_WORDS = [["/processor", "Processor"], ["/title", "Title"], ["/idField", "Column with each item's id"], ["/callback", "Endpoint to be told when it ends"],
  ["/limits/itemsPerSecond", "At most items/s"], ["/limits/inFlight", "At the same time"], ["/toleratedFailures", "When items fail"], ["/metadata/file", "The file's name"]];

// The name of a field, and the place in it, of a JSON Pointer.
function fieldOf(pointer, paramsWords) {
  const fields = [["/params/schema", paramsWords], ["/params", paramsWords], ...FIELD_WORDS];
  const [start, words] = fields.find(([one]) => pointer === one || pointer.startsWith(`${one}/`)) || [];
  if (start === undefined) return pointer;
  const rest = pointer.slice(start.length);
  return rest ? `${words}, at ${rest}` : words;
}

// The error as the form shows it. What is wrong with the params is shown beside them, too.
function inForm(problem, paramsWords) {
  const error = fileError(problem);
  if (!(error instanceof Refused) || error.errors.length === 0) return error;
  const shown = new Error("Nothing was sent. Correct this first:");
  shown.errors = error.errors.map(({ pointer, detail }) => ({ pointer: fieldOf(pointer, paramsWords), detail }));
  shown.ofParams = error.errors.filter(({ pointer }) => pointer === "/params" || pointer.startsWith("/params/")).map(({ pointer, detail }) => {
    const place = pointer.replace(/^\/params(\/schema)?/, "");
    return place ? `At ${place}: ${detail}` : detail;
  });
  return shown;
}
