// The page's hands: asking, keys, history. It renders no text of corpus or model itself.

import { $, choose, language, load, speak, store } from "./words.js";
import { cite, close, narrow, open, settle } from "./reader.js";
import { follow, onTool, setFrom, wishes } from "./tools.js";

const root = document.documentElement;
let box = null; // the textarea of the question
let asked = ""; // the question that the answer below belongs to
let pending = false; // a question waits to be sent: for Gradio, or for the one that runs to stop
let sending = false; // its click is on the way
let busy = false; // sent, and the server has not spoken yet
let stopping = false; // stopped before the server had spoken: to be sent when it has
let last = ""; // the state that the status showed last

// --- asking ----------------------------------------------------------------------------------
const state = () => $("#status [data-state]")?.dataset.state ?? "";
const running = () => busy || state() === "running";

const fill = (text) => {
  box.value = text;
  box.dispatchEvent(new Event("input", { bubbles: true }));
};

const toBox = () => {
  box.focus();
  box.select();
};

const ask = () => {
  if (pending) return;
  pending = true;
  if (running()) $("#stop").click();
  else send();
};

// Gradio drops a click while it clears the last question away, so try until it collects this one.
const send = () => {
  if (!pending) return;
  sending = true;
  $("#ask").click();
  setTimeout(send, 250);
};

// Gradio calls this when it sends the question: what it returns are the handler's arguments.
const collect = () => {
  pending = sending = false;
  asked = box.value.trim();
  busy = true;
  last = "";
  $("#status [data-state]")?.removeAttribute("data-state");
  delete root.dataset.drafting;
  if (asked) {
    remember(asked);
    close({ byHand: false });
  }
  const sent = [box.value, wishes()];
  if (asked) follow("");
  return sent;
};

const onKey = (event) => {
  const composing = event.isComposing || event.keyCode === 229;
  if (event.target === box && event.key === "Enter") {
    // Gradio would send on its own terms; the input method's Enter belongs to the input method.
    event.stopImmediatePropagation();
    if (composing || event.shiftKey) return;
    event.preventDefault();
    if (event.type === "keydown" && !event.repeat) ask();
  } else if (event.type !== "keydown" || composing) {
    return;
  } else if (event.key === "Escape") {
    if (narrow.matches && root.dataset.reader === "open") close({ byHand: true });
    else if (running()) $("#stop").click();
  } else if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey
             && !event.target.closest("input, textarea, select, [contenteditable]")) {
    event.preventDefault();
    toBox();
  }
};

// --- history ---------------------------------------------------------------------------------
const remember = (question) => {
  const rest = store.get("ragqa.history", []).filter((entry) => entry.q !== question);
  store.set("ragqa.history", [{ q: question, at: Date.now() }, ...rest].slice(0, 50));
  listHistory();
};

const listHistory = () => {
  const entries = store.get("ragqa.history", []);
  $("#history ol").replaceChildren(...entries.map((entry) => {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "again";
    button.textContent = entry.q;
    item.append(button);
    return item;
  }));
  $("#history .blank").hidden = entries.length > 0;
  $("#history .forget").hidden = entries.length === 0;
};

// --- what the server sends -------------------------------------------------------------------
const onChange = () => {
  speak();
  if (busy && !state()) return; // what stands there still belongs to the question before
  busy = false;
  settle();
  if (stopping && state() === "running") $("#stop").click();
  stopping = false;
  if (state() === last) return;
  last = state();
  root.dataset.state = last;
  if (last !== "running") send();
};

const onClick = (event) => {
  const on = (selector) => event.target.closest(selector);
  let node;
  if (onTool(event, toBox)) return;
  if ((node = on("#language button"))) {
    choose(node.dataset.ui);
  } else if ((node = on("a.cite, .jump"))) {
    event.preventDefault();
    cite(node.dataset.n);
  } else if ((node = on("button.chip, button.again"))) {
    fill(node.textContent);
    ask();
  } else if (on("#history .forget")) {
    store.set("ragqa.history", []);
    listHistory();
  } else if ((node = on("button.shelf"))) {
    void open({ article: node.dataset.article });
  } else if (on("#reader .close")) {
    close({ byHand: true });
  } else if ((node = on(".source")) && !on("details, a") && !String(getSelection())) {
    const n = on(".number")?.dataset.n ?? node.dataset.n;
    if (n === "0") void open({ article: node.dataset.article, span: node.dataset });
    else cite(n);
  }
};

// --- start -----------------------------------------------------------------------------------
const listen = () => {
  for (const type of ["keydown", "keypress"]) document.addEventListener(type, onKey, true);
  document.addEventListener("click", onClick);
  // The answer names its question only once the box no longer does.
  box.addEventListener("input", () => root.toggleAttribute("data-drafting", box.value.trim() !== asked));
  $("#ask").addEventListener("click", (event) => {
    if (sending) return;
    event.stopImmediatePropagation();
    ask();
  }, true);
  $("#stop").addEventListener("click", (event) => {
    if (state() === "running") return;
    event.stopImmediatePropagation();
    if (busy) stopping = true;
  }, true);
  let queued = false;
  const watch = { childList: true, characterData: true, subtree: true, attributeFilter: ["data-state", "data-word"] };
  new MutationObserver(() => {
    if (queued) return;
    queued = true;
    requestAnimationFrame(() => {
      queued = false;
      onChange();
    });
  }).observe($("gradio-app"), watch);
};

const start = async () => {
  box = $("#question textarea");
  for (const id of ["answer", "sources"]) $(`#${id}`).setAttribute("role", "region");
  $("#status").setAttribute("role", "status");
  $("#status").setAttribute("aria-live", "polite");
  listen();
  listHistory();
  await load();
  root.dataset.ready = "";
  const parameters = new URLSearchParams(location.search);
  const question = parameters.get("q");
  setFrom(parameters);
  if (question) {
    fill(question);
    ask();
  } else if (!narrow.matches) box.focus({ preventScroll: true });
};

window.ragqa = { collect };
const parts = ["#question textarea", "#ask", "#stop", "#status", "#answer", "#sources", "#reader .body", "#history ol"];
const ready = () => [...parts, "#language"].every((part) => $(part));
if (ready()) void start();
else {
  const waiting = new MutationObserver(() => {
    if (!ready()) return;
    waiting.disconnect();
    void start();
  });
  waiting.observe(root, { childList: true, subtree: true });
}
