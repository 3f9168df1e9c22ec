// The page of `jackfield dev`: a form for each intent, made from its input schema. Whatever comes from a connector or a
// business system is put in as text, never as markup.
"use strict";

const $ = (id) => document.getElementById(id);
const POLL_MS = 1000;

let served = { intents: [], build: null };
let fields = [];

/** An element with text and children. */
function element(name, { text, className, ...attributes } = {}, ...children) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const pretty = (value) => (typeof value === "string" ? value : JSON.stringify(value, null, 2));

/** Follows a reference within the schema, and "this or null". */
function resolve(root, schema) {
  for (let depth = 0; depth < 16; depth++) {
    const branch = (schema.anyOf || schema.oneOf || []).find((one) => one.type !== "null" && !("const" in one));
    if (typeof schema.$ref === "string" && schema.$ref.startsWith("#/")) {
      const path = schema.$ref.slice(2).split("/").map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
      const { $ref, ...beside } = schema;
      schema = { ...path.reduce((at, part) => (at || {})[part], root), ...beside };
    } else if (branch && !schema.type && !schema.properties) {
      const { anyOf, oneOf, ...beside } = schema;
      schema = { ...branch, ...beside };
    } else {
      break;
    }
  }
  return schema;
}

function values(schema) {
  if (Array.isArray(schema.enum)) return schema.enum.filter((one) => one !== null);
  const consts = (schema.oneOf || schema.anyOf || []).filter((one) => "const" in one).map((one) => one.const);
  return consts.length ? consts : null;
}

/** One member of the input: how it is shown, and how it is read back. */
function field(root, name, raw, required) {
  const schema = resolve(root, raw);
  const type = [schema.type].flat().find((one) => one && one !== "null");
  const listed = values(schema);
  let control, read, write;
  if (listed) {
    control = element("select", {}, element("option", { value: "" }), ...listed.map((one) => element("option", { value: JSON.stringify(one), text: String(one) })));
    read = () => (control.value === "" ? undefined : JSON.parse(control.value));
    write = (value) => { control.value = value === undefined ? "" : JSON.stringify(value); };
  } else if (type === "boolean") {
    control = element("select", {}, element("option", { value: "" }), element("option", { value: "true", text: "yes" }), element("option", { value: "false", text: "no" }));
    read = () => (control.value === "" ? undefined : control.value === "true");
    write = (value) => { control.value = value === undefined ? "" : String(value); };
  } else if (type === "integer" || type === "number") {
    control = element("input", { type: "number", step: type === "integer" ? "1" : "any" });
    read = () => (control.value === "" ? undefined : Number(control.value));
    write = (value) => { control.value = value === undefined ? "" : String(value); };
  } else if (type === "string") {
    control = element("input", { type: schema.format === "date" ? "date" : "text" });
    read = () => (control.value === "" ? undefined : control.value);
    write = (value) => { control.value = value === undefined ? "" : String(value); };
  } else {
    control = element("textarea", { rows: "3", spellcheck: "false", placeholder: type === "array" ? "[…]" : "JSON" });
    read = () => {
      if (control.value.trim() === "") return undefined;
      try { return JSON.parse(control.value); } catch (error) { throw new Error(`${name}: ${error.message}`); }
    };
    write = (value) => { control.value = value === undefined ? "" : pretty(typeof value === "string" ? JSON.stringify(value) : value); };
  }
  control.id = `field-${name}`;
  const label = element("label", { for: control.id, text: required ? `${name} *` : name });
  if (schema.description) label.append(element("small", { text: schema.description }));
  return { name, read, write, nodes: [label, control] };
}

const chosen = () => served.intents.find((intent) => intent.name === $("intent").value);

/** The form of the chosen intent. */
function showForm() {
  const intent = chosen();
  const legend = element("legend", { text: "Input" });
  fields = [];
  if (!intent) return $("fields").replaceChildren(legend);
  const schema = resolve(intent.input_schema, intent.input_schema);
  const required = new Set(schema.required || []);
  for (const [name, property] of Object.entries(schema.properties || {})) {
    fields.push(field(intent.input_schema, name, property, required.has(name)));
  }
  $("fields").replaceChildren(legend, ...fields.flatMap((one) => one.nodes));
  $("about").textContent = `${intent.title} (${intent.effect}). ${intent.description}`;
  const none = element("option", { value: "", text: "none" });
  $("case").replaceChildren(none, ...intent.cases.map((name) => element("option", { value: name, text: name })));
  if (!served.live && intent.cases.length) $("case").value = intent.cases[0];
  return showCase();
}

/** Fills the form with a case. */
async function showCase() {
  const intent = chosen();
  const name = $("case").value;
  let members = {};
  if (intent && name) {
    const answer = await fetch(`/case?${new URLSearchParams({ intent: intent.name, case: name })}`);
    members = await answer.json();
    if (!answer.ok) { $("problem").textContent = members.refused; return; }
  }
  const { input = {}, ...rest } = members;
  for (const one of fields) one.write((input || {})[one.name]);
  $("rest").value = JSON.stringify(rest, null, 2);
}

/** Asks, and shows what came of it. */
async function ask(event) {
  event.preventDefault();
  $("problem").textContent = "";
  $("ask").disabled = true;
  try {
    const input = {};
    for (const one of fields) {
      const value = one.read();
      if (value !== undefined) input[one.name] = value;
    }
    const body = { ...JSON.parse($("rest").value || "{}"), intent: $("intent").value, input };
    if ($("case").value) body.case = $("case").value;
    const answer = await fetch("/call", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
    const shown = await answer.json();
    if (answer.ok) showResult(shown);
    else $("problem").textContent = shown.refused || "refused";
  } catch (error) {
    $("problem").textContent = error.message;
  } finally {
    $("ask").disabled = served.build === null;
  }
}

function showResult(shown) {
  $("result").hidden = false;
  $("text").textContent = shown.text || shown.detail || "";
  const kib = Math.round(shown.memory_bytes / 1024);
  $("numbers").textContent = `${shown.status} in ${shown.took_ms} ms, computing ${shown.cpu_ms} ms, ${kib} KiB, build ${shown.build}`;
  $("numbers").className = shown.status === "completed" ? "good" : "bad";
  const complaints = [...(shown.errors || []).map((one) => `breaks its schema: ${one}`), ...shown.refused.map((one) => `refused: ${one}`)];
  if (shown.problem && shown.detail) complaints.push(shown.detail);
  $("complaints").replaceChildren(...complaints.map((text) => element("li", { text, className: "bad" })));
  $("output").textContent = pretty(shown.output ?? shown.problem ?? shown.detail ?? "");
  $("exchanges").replaceChildren(...shown.exchanges.map(exchange));
  $("log").textContent = shown.log.join("\n") || "nothing";
}

function exchange(one) {
  const query = one.query.length ? `?${one.query.join("&")}` : "";
  const answer = one.answer ? one.answer.status ?? one.answer.error : "no answer";
  const line = `${one.endpoint} ${one.method} ${one.path}${query} → ${answer}, ${one.took_ms ?? "?"} ms`;
  const from = one.fixture ? (one.missed ? `no fixture; nearest ${one.fixture}` : one.fixture) : one.missed ? "no fixture" : "";
  const parts = [element("summary", { text: line, className: one.missed || one.answer?.error ? "bad" : "" })];
  if (from) parts.push(element("p", { text: from }));
  for (const difference of one.differences) {
    const sides = `- ${pretty(difference.expected ?? "")}\n+ ${pretty(difference.found ?? "")}`;
    parts.push(element("p", { text: `${difference.message} at ${difference.file}#${difference.pointer}` }), element("pre", { text: sides }));
  }
  const sent = [...one.headers, one.body === null ? "" : pretty(one.body)].filter(Boolean).join("\n");
  if (sent) parts.push(element("p", { text: "sent" }), element("pre", { text: sent }));
  if (one.answer?.body !== undefined) parts.push(element("p", { text: "came back" }), element("pre", { text: [...one.answer.headers, pretty(one.answer.body)].join("\n") }));
  const details = element("details", {}, ...parts);
  details.open = one.missed;
  return element("li", {}, details);
}

const WORDS = { building: "building …", broken: "the newest sources do not build: see the terminal", ready: "ready" };

/** Looks what is served; a new build brings new forms. */
async function look() {
  try {
    const before = served;
    served = await (await fetch("/state")).json();
    const build = served.build === null ? "" : `, build ${served.build} answers`;
    $("state").textContent = `${WORDS[served.state]}${build}; ${served.behind}`;
    $("state").className = served.state === "broken" ? "bad" : "";
    $("ask").disabled = served.build === null;
    if (served.connector) $("title").textContent = `${served.connector.title} ${served.connector.version}`;
    if (served.build !== before.build) {
      const was = $("intent").value;
      $("intent").replaceChildren(...served.intents.map((one) => element("option", { value: one.name, text: one.name })));
      if (served.intents.some((one) => one.name === was)) $("intent").value = was;
      const same = JSON.stringify(served.intents) === JSON.stringify(before.intents);
      // What the author has typed stays, unless the form is another.
      if (!same) await showForm();
    }
  } catch {
    $("state").textContent = "jackfield dev does not answer any more";
    $("state").className = "bad";
  }
  setTimeout(look, POLL_MS);
}

$("intent").addEventListener("change", showForm);
$("case").addEventListener("change", showCase);
$("form").addEventListener("submit", ask);
look();
