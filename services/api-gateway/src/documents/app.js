// Shows /openapi.json: operations by tag, with their parameters, bodies and answers, and the schemas they mention.
"use strict";

const METHODS = ["get", "post", "put", "patch", "delete"];
let spec;

/** An element with attributes and children; text never becomes markup. */
function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    element.setAttribute(key, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

const code = (text) => make("code", {}, text);
/** Text whose parts between back-ticks are code. */
const prose = (text) => (text || "").split("`").map((part, at) => (at % 2 ? code(part) : part));
const anchor = (text) => text.replace(/[^A-Za-z0-9]+/g, "-").replace(/^-|-$/g, "").toLowerCase();
const nameOf = (reference) => reference.split("/").pop();

function resolve(schema) {
  return schema.$ref ? { ...spec.components.schemas[nameOf(schema.$ref)], ...schema, $ref: undefined } : schema;
}

/** What a schema is, in one line: a name that leads to its section, or a type. */
function typeOf(schema) {
  if (schema.$ref) {
    const name = nameOf(schema.$ref);
    return make("a", { href: `#schema-${name}` }, name);
  }
  const several = schema.oneOf || schema.anyOf;
  if (several) {
    return make("span", {}, several.flatMap((one, at) => (at ? [" or ", typeOf(one)] : [typeOf(one)])));
  }
  if (schema.type === "array") {
    return make("span", {}, "list of ", typeOf(schema.items || {}));
  }
  if (schema.additionalProperties) {
    return make("span", {}, "map to ", typeOf(schema.additionalProperties));
  }
  const type = [schema.type || "anything"].flat().join(" or ");
  return make("span", {}, schema.format ? `${type} (${schema.format})` : type);
}

function rulesOf(schema) {
  const range = (least, most, what) => {
    if (least === undefined && most === undefined) return null;
    return `${least ?? "…"} to ${most ?? "…"}${what}`;
  };
  return [
    schema.enum ? `one of ${schema.enum.map((value) => JSON.stringify(value)).join(", ")}` : null,
    range(schema.minimum, schema.maximum, ""),
    range(schema.minLength, schema.maxLength, " characters"),
    range(schema.minItems, schema.maxItems, " entries"),
    schema.uniqueItems ? "no entry twice" : null,
    schema.pattern ? `matches ${schema.pattern}` : null,
    schema.default === undefined || schema.default === null ? null : `${JSON.stringify(schema.default)} by default`,
  ].filter(Boolean).join("; ");
}

function row(name, schema, required, place) {
  const whole = resolve(schema);
  return make("tr", {},
    make("td", {}, code(name), required ? null : make("small", {}, " optional"), place ? make("small", {}, ` in ${place}`) : null),
    make("td", {}, typeOf(schema)),
    make("td", {}, prose(schema.description || whole.description), make("small", { class: "rules" }, rulesOf(whole))));
}

const table = (rows) => make("table", {}, make("tbody", {}, rows));

/** The fields of an object, as deep as schemas are written in place. */
function fieldsOf(schema, prefix = "") {
  const required = schema.required || [];
  return Object.entries(schema.properties || {}).flatMap(([name, field]) => {
    const items = field.type === "array" && field.items && field.items.properties;
    const below = field.properties ? fieldsOf(field, `${prefix}${name}.`) : items ? fieldsOf(field.items, `${prefix}${name}[].`) : [];
    return [row(prefix + name, field, required.includes(name)), ...below];
  });
}

/** A value that fits, to copy. */
function sample(schema, depth = 0) {
  const whole = resolve(schema);
  const given = whole.example ?? (whole.examples && whole.examples[0]) ?? whole.default ?? (whole.enum && whole.enum[0]);
  if (given !== undefined && given !== null) return given;
  const one = whole.oneOf || whole.anyOf || whole.allOf;
  if (one) return sample(one.find((each) => each.type !== "null") || one[0], depth + 1);
  const type = [whole.type].flat().find((each) => each !== "null");
  if (type === "array") return depth > 6 ? [] : [sample(whole.items || {}, depth + 1)];
  if (type === "object") {
    const fields = Object.entries(whole.properties || {});
    const map = whole.additionalProperties ? { 1: sample(whole.additionalProperties, depth + 1) } : {};
    return fields.length ? Object.fromEntries(fields.map(([name, field]) => [name, sample(field, depth + 1)])) : map;
  }
  if (type === "integer" || type === "number") return whole.minimum ?? 1;
  if (type === "boolean") return true;
  if (type === "string") return stringLike(whole);
  return null;
}

function stringLike(schema) {
  if (schema.format === "email") return "name@example.com";
  if ([schema.type].flat().includes("null")) return null;
  return "some text ".repeat(13).slice(0, Math.max(9, schema.minLength ?? 0)).trim();
}

const sampleOf = (schema) => make("pre", {}, JSON.stringify(sample(schema), null, 2));

function bodyOf(content) {
  return Object.entries(content || {}).flatMap(([type, { schema }]) => {
    if (!schema) return [];
    const fields = fieldsOf(resolve(schema));
    return [make("p", {}, code(type), ": ", typeOf(schema)), fields.length ? table(fields) : null, sampleOf(schema)];
  });
}

function answerOf(status, answer) {
  const headers = Object.entries(answer.headers || {});
  const links = Object.entries(answer.links || {});
  return make("details", { class: `answer s${status[0]}` },
    make("summary", {}, make("strong", {}, status), " ", prose(answer.description)),
    bodyOf(answer.content),
    headers.length ? [make("h5", {}, "Headers"), table(headers.map(([name, header]) => row(name, { ...header.schema, description: header.description }, false)))] : null,
    links.length ? [make("h5", {}, "From here"), make("ul", {}, links.map(([name, link]) => make("li", {}, make("a", { href: `#${anchor(link.operationId)}` }, link.operationId), `: ${name}`)))] : null);
}

const isPublic = (operation) => (operation.security || spec.security || []).length === 0;

function curlOf(method, path, operation) {
  const schema = operation.requestBody && operation.requestBody.content["application/json"].schema;
  const parts = ["curl", isPublic(operation) ? null : "-b \"jwt_token=$TOKEN\"",
    schema ? `-H 'content-type: application/json' -d '${JSON.stringify(sample(schema))}'` : null,
    method === "post" && !schema ? "-X POST" : null, `'${location.origin}${path}'`];
  return make("pre", {}, parts.filter(Boolean).join(" "));
}

function operationOf({ method, path, operation }) {
  const parameters = operation.parameters || [];
  return make("section", { id: anchor(operation.operationId), class: "operation" },
    make("h3", {}, make("b", { class: `method ${method}` }, method.toUpperCase()), " ", code(path)),
    make("p", {}, operation.summary || "", isPublic(operation) ? make("span", { class: "badge" }, "public") : null),
    operation.description ? make("p", {}, prose(operation.description)) : null,
    parameters.length ? [make("h4", {}, "Parameters"), table(parameters.map((one) => row(one.name, { ...one.schema, description: one.description }, one.required, one.in)))] : null,
    operation.requestBody ? [make("h4", {}, "Body"), bodyOf(operation.requestBody.content)] : null,
    make("h4", {}, "Answers"),
    Object.entries(operation.responses).map(([status, answer]) => answerOf(status, answer)),
    make("h4", {}, "Call"), curlOf(method, path, operation));
}

function schemaOf([name, schema]) {
  const fields = fieldsOf(schema);
  return make("section", { id: `schema-${name}` },
    make("h3", {}, code(name)),
    make("p", {}, prose(schema.description), " ", make("small", { class: "rules" }, rulesOf(schema))),
    fields.length ? table(fields) : make("p", {}, typeOf(schema)));
}

function entryOf({ method, path, operation }) {
  const search = `${method} ${path} ${operation.summary || ""} ${operation.operationId}`.toLowerCase();
  return make("a", { href: `#${anchor(operation.operationId)}`, "data-search": search, title: operation.summary || "" },
    make("b", { class: `method ${method}` }, method.toUpperCase()), " ", path);
}

function show() {
  const all = Object.entries(spec.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => ({ method, path, operation: item[method] })));
  const groups = (spec.tags || []).map(({ name }) => [name, all.filter(({ operation }) => (operation.tags || []).includes(name))]);
  const index = groups.map(([name, group]) => make("div", {}, make("h2", {}, name), group.map(entryOf)));
  document.getElementById("index").replaceChildren(...index, make("h2", {}, make("a", { href: "#schemas" }, "schemas")));
  const sections = groups.flatMap(([name, group]) => [make("h2", {}, name), ...group.map(operationOf)]);
  document.getElementById("content").replaceChildren(
    make("h1", {}, `${spec.info.title} ${spec.info.version}`), make("p", {}, spec.info.description || ""),
    ...sections, make("h2", { id: "schemas" }, "Schemas"), ...Object.entries(spec.components.schemas).map(schemaOf));
  if (location.hash) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
}

document.getElementById("filter").addEventListener("input", ({ target }) => {
  for (const entry of document.querySelectorAll("[data-search]")) {
    entry.hidden = !entry.dataset.search.includes(target.value.toLowerCase());
  }
});

fetch("/openapi.json").then((answer) => answer.json()).then((document_) => { spec = document_; show(); })
  .catch(() => document.getElementById("content").replaceChildren(make("p", {}, "The document could not be read.")));
