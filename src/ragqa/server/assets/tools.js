// What a reader does around an answer: follow it up, take it away, judge it, narrow the next question.

import { $, $$, language, speak } from "./words.js";

let after = ""; // the question that the next one follows up

const field = (name) => $(`#advanced [name="${name}"]`);
const FIELDS = ["since", "until", "written_in", "source", "author", "k", "translate", "write"];

const value = (node) => (node?.type === "checkbox" ? (node.checked ? "on" : "off") : node?.value ?? "");

// What goes with a question to the server.
export const wishes = () => {
  const wish = { ui: language(), after };
  for (const name of FIELDS) if (value(field(name))) wish[name] = value(field(name));
  if (wish.k) wish.k = Number(wish.k);
  return JSON.stringify(wish);
};

// The address that asks the same again, filters and all.
const link = (question) => {
  const address = new URL(location.pathname, location.origin);
  address.searchParams.set("q", question);
  for (const name of FIELDS) {
    const node = field(name);
    if (value(node) && value(node) !== (node.dataset.usual ?? "")) address.searchParams.set(name, value(node));
  }
  return address.href;
};

// Filters that a link carries.
export const setFrom = (parameters) => {
  for (const name of FIELDS) {
    const node = field(name);
    if (!node || !parameters.has(name)) continue;
    if (node.type === "checkbox") node.checked = parameters.get(name) === "on";
    else node.value = parameters.get(name);
  }
  if (FIELDS.some((name) => parameters.has(name))) $("#advanced details").open = true;
};

export const follow = (question) => {
  after = question;
  const line = $("#following");
  line.hidden = !question;
  $("#following .before").textContent = question;
};

const say = (key) => {
  const node = $("#answer .tools .said");
  if (!node) return;
  node.dataset.word = key;
  speak();
};

const copy = async (text, key) => {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without the clipboard's leave (an http page on another name): the old way.
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  say(key);
};

const judge = async (tools, good, comment) => {
  const body = JSON.stringify({ token: tools.dataset.token, good, comment });
  const headers = { "Content-Type": "application/json" };
  try {
    const response = await fetch("ragqa/feedback", { method: "POST", headers, body });
    say(response.ok ? "tools.kept" : "tools.gone");
  } catch {
    say("tools.gone");
  }
};

// Whether a click was for a tool.
export const onTool = (event, focus) => {
  const node = event.target.closest("[data-tool]");
  if (!node) return false;
  const tools = node.closest(".tools");
  const question = $("#answer .reply")?.dataset.question ?? "";
  const deeds = {
    follow: () => { follow(question); focus(); },
    unfollow: () => { follow(""); focus(); },
    link: () => copy(link(question), "tools.linked"),
    copy: async () => {
      const response = await fetch(`ragqa/answer/${tools.dataset.token}.txt`);
      if (response.ok) await copy(await response.text(), "tools.copied");
      else say("tools.gone");
    },
    up: () => { press(tools, node); void judge(tools, true, ""); },
    down: () => { press(tools, node); $(".remark", tools).hidden = false; $(".remark input", tools).focus(); },
    send: () => { $(".remark", tools).hidden = true; void judge(tools, false, $(".remark input", tools).value); },
  };
  void deeds[node.dataset.tool]?.();
  return true;
};

const press = (tools, node) => {
  for (const other of $$(".judge [data-tool]", tools)) other.setAttribute("aria-pressed", String(other === node));
};
