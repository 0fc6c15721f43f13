
"use strict";
const base = location.pathname.replace(/docs\/?$/, "");

function element(name, text, ...children) {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  made.append(...children);
  return made;
}

function typeOf(schema) {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.oneOf || schema.anyOf) return (schema.oneOf || schema.anyOf).map(typeOf).join(" or ");
  const type = [].concat(schema.type || "anything").join(" or ");
  return schema.items ? type + " of " + typeOf(schema.items) : type;
}

function table(head, rows) {
  const cells = (name, texts) => element("tr", "", ...texts.map((text) => element(name, text)));
  const made = element("table", "", element("thead", "", cells("th", head)), element("tbody", "", ...rows.map((row) => cells("td", row))));
  const scroll = element("div", "", made);
  scroll.className = "scroll";
  return scroll;
}

function contentOf(holder) {
  return Object.entries(holder.content || {}).map(([media, { schema }]) => typeOf(schema) + " as " + media).join("; ");
}

function call(path, method, operation) {
  const verb = element("span", method.toUpperCase());
  verb.className = "method";
  const made = element("section", "", element("h2", "", verb, element("code", path)), element("p", operation.summary || ""));
  const parameters = (operation.parameters || []).map((p) => [p.name, p.in + (p.required ? ", required" : ""), typeOf(p.schema), p.description || ""]);
  if (parameters.length) made.append(table(["Parameter", "In", "Type", "Description"], parameters));
  if (operation.requestBody) {
    const body = operation.requestBody;
    made.append(element("p", "Body: " + contentOf(body) + (body.description ? ". " + body.description : "")));
  }
  const answers = Object.entries(operation.responses).map(([status, answer]) => [status, contentOf(answer), answer.description]);
  made.append(table(["Status", "Body", "When"], answers));
  return made;
}

function schema(name, schema) {
  const required = new Set(schema.required || []);
  const rows = Object.entries(schema.properties || {}).map(([member, of]) =>
    [member, typeOf(of) + (required.has(member) ? "" : ", optional"), of.description || ""]);
  return element("details", "", element("summary", name), element("p", schema.description || ""),
    rows.length ? table(["Member", "Type", "Description"], rows) : element("pre", JSON.stringify(schema, null, 2)));
}

async function read() {
  const answer = await fetch(base + "openapi.json");
  const api = await answer.json();
  document.getElementById("title").textContent = api.info.title + " " + api.info.version + ": the API";
  document.getElementById("description").textContent = api.info.description;
  const calls = Object.entries(api.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => call(path, method, operation)));
  document.getElementById("calls").append(...calls);
  document.getElementById("schemas").append(...Object.entries(api.components.schemas).map(([name, of]) => schema(name, of)));
}

read().catch(() => { document.getElementById("description").textContent = "The document could not be read: reload the page."; });
