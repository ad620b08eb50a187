// The page's words in the reader's language: the same file and rules as interface.py.

export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

export const store = {
  get(key, fallback) {
    try { return JSON.parse(localStorage.getItem(key)) ?? fallback; } catch { return fallback; }
  },
  set(key, value) {
    try { localStorage.setItem(key, JSON.stringify(value)); } catch { /* private windows may refuse */ }
  },
};

let words = null;
let chosen = store.get("ragqa.ui", null) ?? (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");

export const language = () => chosen;

export const choose = (code) => {
  chosen = code;
  store.set("ragqa.ui", code);
  speak();
};

export const load = async () => {
  words = await (await fetch("ragqa/words.json")).json();
  speak();
};

const phrase = (key, values = {}) =>
  (words?.[chosen][key] ?? "").replace(/\{(\w+)(?:\|([^|{}]*)\|([^|{}]*))?\}/g, (_, name, one, many) =>
    one === undefined ? values[name] : Number(values[name]) === 1 ? one : many);

// Puts every word on the page into the language; changes nothing that is right already, because the
// page watches itself for changes.
export const speak = () => {
  if (!words) return;
  for (const node of $$("[data-word]")) {
    const text = phrase(node.dataset.word, JSON.parse(node.dataset.args ?? "{}"));
    if (node.textContent !== text) node.textContent = text;
  }
  for (const node of $$("[data-word-label]")) {
    const label = phrase(node.dataset.wordLabel);
    node.setAttribute("aria-label", label);
    if (node.tagName === "INPUT" && node.placeholder !== label) node.placeholder = label;
  }
  for (const node of $$("#language button")) node.setAttribute("aria-pressed", String(node.dataset.ui === chosen));
  const box = $("#question textarea");
  if (box.placeholder !== phrase("question.hint")) box.placeholder = phrase("question.hint");
  box.setAttribute("aria-label", phrase("question.label"));
  for (const id of ["ask", "stop"]) {
    const label = [...$(`#${id}`).childNodes].find((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    if (label && label.data.trim() !== phrase(id)) label.data = phrase(id);
  }
  for (const id of ["status", "answer", "sources"]) $(`#${id}`).setAttribute("aria-label", phrase(`${id}.label`));
  document.documentElement.lang = chosen === "zh" ? "zh-Hans" : "en";
  document.documentElement.dataset.ui = chosen;
};
