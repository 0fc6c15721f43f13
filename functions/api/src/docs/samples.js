// Examples that are made from the document's schemas.
const { h, render } = preact;
const { useEffect, useRef, useState } = preactHooks;
const html = htm.bind(h);
const BASE = location.pathname.replace(/docs\/?$/, "");
const HOST = location.origin + BASE;
const DEPTH_MAX = 6;

function resolved(schema, api) {
  return schema?.$ref ? api.components.schemas[schema.$ref.split("/").pop()] : schema;
}

// A value that fits the schema: its own example if there is one.
function sample(schema, api, depth = 0) {
  const of = resolved(schema, api);
  if (!of || depth > DEPTH_MAX) return {};
  if (of.examples?.length) return of.examples[0];
  if (of.example !== undefined) return of.example;
  if (of.default !== undefined) return of.default;
  if (of.enum) return of.enum[0];
  const choice = of.oneOf || of.anyOf;
  if (choice) return sample(choice.find((one) => one.type !== "null") || choice[0], api, depth + 1);
  if (of.allOf) return Object.assign({}, ...of.allOf.map((one) => sample(one, api, depth + 1)));
  const type = [of.type].flat().find((one) => one !== "null");
  if (type === "array") return [sample(of.items, api, depth + 1)];
  if (type === "object" || of.properties) return Object.fromEntries(Object.entries(of.properties || {}).map(([name, member]) => [name, sample(member, api, depth + 1)]));
  if (type === "string") return { uuid: "7c9e6679-7425-40de-944b-e07fc1f90ae7", "date-time": "2026-11-24T08:00:00.000Z" }[of.format] || "text";
  if (type === "boolean") return true;
  return type === "integer" || type === "number" ? of.minimum ?? 1 : {};
}

const BODIES = {
  post_job: '{"processor": "json-schema", "params": {"schema": {"type": "object"}}, "items": [{"iata": "ZRH"}]}',
  seal_job: '{"parts": 1}',
  make_job_token: '{"allow": "read"}',
  retry_job: '{"round": 1}',
  put_job_part: '{"iata": "ZRH"}',
  correct_items: '{"index": 1, "item": {"iata": "BSL"}}',
};

// The call as a command, with the parts that it needs.
function curl(path, method, operation) {
  const query = (operation.parameters || []).filter((one) => one.in === "query" && one.required).map((one) => `${one.name}=0`);
  const url = HOST + path.slice(1).replace("{job_id}", "$JOB").replace("{n}", "0") + (query.length ? `?${query.join("&")}` : "");
  const lines = [`curl ${method === "get" ? "" : `-X ${method.toUpperCase()} `}"${url}"`];
  if (operation.security?.length) lines.push('-H "Authorization: Bearer $TOKEN"');
  const medias = Object.keys(operation.requestBody?.content || {});
  const media = medias.find((name) => name.includes("ndjson")) || medias[0];
  if (media) lines.push(`-H "Content-Type: ${media}"`, `${media.includes("ndjson") ? "--data-binary" : "-d"} '${BODIES[operation.operationId] || "{}"}'`);
  return lines.join(" \\\n  ");
}

// The example that the document has for a body, or else one made from its schema.
function exampleOf(content, api) {
  const [named] = Object.values(content.examples || {});
  const found = named?.$ref ? api.components.examples[named.$ref.split("/").pop()] : named;
  return found?.value ?? sample(content.schema, api);
}

function typeOf(schema) {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.oneOf || schema.anyOf) return (schema.oneOf || schema.anyOf).map(typeOf).join(" or ");
  const type = [schema.type || "anything"].flat().join(" or ");
  const values = schema.enum ? `: ${schema.enum.join(", ")}` : "";
  return (schema.items ? `${type} of ${typeOf(schema.items)}` : type) + values;
}
