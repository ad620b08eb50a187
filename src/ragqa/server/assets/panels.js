// The two lower panels: files in and out of the corpus, a rebuild, evaluations; progress as the server tells it.

import { $, $$, language, speak } from "./words.js";

const JOBS = ["corpus", "evaluate"];
const BUSY = ["waiting", "running"];
const began = { corpus: false, evaluate: false }; // jobs whose end is news here

// --- words -----------------------------------------------------------------------------------
// Server and page say things alike: a word of words.json with its values, or English.
const line = ({ word = "", args = {}, said = "" }, tag = "span") => {
  const node = document.createElement(tag);
  if (word) Object.assign(node.dataset, { word, args: JSON.stringify(args) });
  else node.textContent = said;
  return node;
};

const put = (node, message) => {
  const now = JSON.stringify(message);
  if (!node || node.dataset.now === now) return; // a live region would read it out again
  node.dataset.now = now;
  node.replaceChildren(...(message.word || message.said ? [line(message)] : []));
  speak();
};

const say = (panel, message) => put($(`#${panel} .said`), message);

const call = async (path, options = {}) => {
  try {
    const response = await fetch(`ragqa/${path}`, options);
    const body = await response.json().catch(() => ({}));
    if (response.ok) return { ok: true, body };
    return { ok: false, body: body.word || body.said ? body : { word: "panel.error" } };
  } catch {
    return { ok: false, body: { word: "panel.gone" } };
  }
};

// --- progress --------------------------------------------------------------------------------
const WORDS = {
  corpus: { waiting: "corpus.queued", begun: "corpus.reading", running: "corpus.building", done: "corpus.built" },
  evaluate: { waiting: "evaluate.queued", begun: "evaluate.opening", running: "evaluate.asking", done: "evaluate.done" },
};

const show = (panel, job, otherRuns) => {
  const work = $(`#${panel} .work`);
  if (!work) return;
  const busy = BUSY.includes(job.state);
  work.hidden = !busy;
  for (const button of $$(`#${panel} :is(.build, .quick)`)) button.toggleAttribute("disabled", busy);
  if (!busy) return;
  const bar = $("progress", work);
  if (job.total) Object.assign(bar, { max: job.total, value: job.done });
  else bar.removeAttribute("value");
  const words = WORDS[panel];
  // Before its own turn a job waits for the other one, or a moment for more files.
  const word = job.total ? words.running : job.state === "waiting" && otherRuns ? words.waiting : words.begun;
  put($(".at", work), { word, args: job.total ? { done: job.done, total: job.total } : {} });
};

let polling = false;
let again = false; // something began while an older answer was on its way

const poll = async () => {
  again = true;
  if (polling) return;
  polling = true;
  for (let busy = true; busy || again;) {
    again = false;
    const { ok, body } = await call("work");
    if (!ok) {
      for (const panel of JOBS) if (began[panel]) say(panel, body);
      break;
    }
    busy = JOBS.some((panel) => BUSY.includes(body[panel].state));
    for (const panel of JOBS) show(panel, body[panel], body[JOBS.find((one) => one !== panel)].state === "running");
    if (!again) await conclude(body);
    if (busy) await new Promise((resolve) => setTimeout(resolve, 300));
  }
  polling = false;
};

const conclude = async (jobs) => {
  for (const panel of JOBS) {
    if (BUSY.includes(jobs[panel].state)) began[panel] = true;
    else if (began[panel]) {
      began[panel] = false;
      await refresh();
      say(panel, jobs[panel].state === "failed" ? jobs[panel] : { word: WORDS[panel].done });
    }
  }
};

const start = (panel) => {
  began[panel] = true;
  void poll();
};

// --- what changes with the index -------------------------------------------------------------
const refresh = async () => {
  const { ok, body } = await call(`panels?ui=${language()}`);
  if (!ok) return;
  for (const panel of JOBS) {
    const content = $(`#${panel} .content`);
    const focused = $$("button, summary", content).indexOf(document.activeElement);
    const open = $("details", content)?.open;
    content.innerHTML = body[panel].html;
    if (open && $("details", content)) $("details", content).open = true;
    if (focused >= 0) ($$("button, summary", content)[focused] ?? $(`#${panel} summary`)).focus({ preventScroll: true });
    counted(panel, body[panel].count);
  }
  $(".masthead .facts").innerHTML = body.facts;
  if (!$("#examples .chips")) into("examples", body.examples);
  if (!body.problem) $("#answer [data-none]")?.remove();
  speak();
};

const counted = (panel, count) => {
  const summary = $(`#${panel} summary`);
  const node = $(".count", summary) ?? summary.appendChild(Object.assign(document.createElement("span"), { className: "count" }));
  node.textContent = count ? ` ${count}` : "";
};

// Fills a part that was empty when the page was opened.
const into = (id, html) => {
  const part = $(`#${id}`);
  part.classList.remove("hide", "hidden");
  const home = $(".prose", part) ?? part;
  home.insertAdjacentHTML("beforeend", html);
};

// --- files -----------------------------------------------------------------------------------
const problem = (file, { most, bytes }, kinds) => {
  const name = file.name;
  if (!kinds.some((kind) => name.toLowerCase().endsWith(kind))) return { word: "shelf.kind", args: { name } };
  if (file.size > bytes) return { word: "shelf.large", args: { name, n: Math.floor(bytes / 2 ** 20) } };
  return null;
};

const send = (file, name, replace = false) =>
  call(`corpus/file?name=${encodeURIComponent(name)}${replace ? "&replace=true" : ""}`, {
    method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: file,
  });

// A name that another file has: what differs, and what to do about it.
const taken = (file, wrong) => {
  const item = document.createElement("li");
  item.append(line(wrong));
  const choices = item.appendChild(Object.assign(document.createElement("span"), { className: "choices" }));
  const settle = async (sending) => {
    for (const button of $$("button", choices)) button.disabled = true;
    const { ok, body } = await sending();
    if (ok && body.name) {
      say("corpus", { word: "corpus.added", args: { n: 1 } });
      start("corpus");
    }
    item.replaceWith(...(ok ? [] : [line(body, "li")]));
    $("#corpus input[type=file]").focus({ preventScroll: true });
    speak();
  };
  const both = async () => {
    const dot = file.name.lastIndexOf(".");
    for (let n = 2, got; ; n += 1) {
      got = await send(file, `${file.name.slice(0, dot)} (${n})${file.name.slice(dot)}`);
      if (got.ok || got.body.word !== "shelf.exists" || n === 20) return got;
    }
  };
  const deeds = {
    "shelf.replace": () => send(file, file.name, true),
    "shelf.both": both,
    "shelf.leave": () => ({ ok: true, body: {} }),
  };
  for (const [word, deed] of Object.entries(deeds)) {
    const button = choices.appendChild(line({ word }, "button"));
    Object.assign(button, { type: "button", onclick: () => void settle(deed) });
  }
  return item;
};

const add = async (files) => {
  const input = $("#corpus input[type=file]");
  if (!input || !files.length) return;
  const most = Number(input.dataset.most);
  const limits = { most, bytes: Number(input.dataset.bytes) };
  const refused = $("#corpus .refused");
  refused.replaceChildren();
  if (files.length > most) {
    refused.append(line({ word: "shelf.many", args: { n: most } }, "li"));
    return speak();
  }
  let added = 0;
  for (const file of files) {
    let wrong = problem(file, limits, input.accept.split(","));
    if (!wrong) {
      say("corpus", { word: "corpus.adding", args: { name: file.name } });
      const { ok, body } = await send(file, file.name);
      if (!ok) wrong = body;
    }
    if (!wrong) added += 1;
    else refused.append(wrong.word === "shelf.exists" ? taken(file, wrong) : line(wrong, "li"));
  }
  say("corpus", added ? { word: "corpus.added", args: { n: added } } : {});
  speak();
  if (added) start("corpus");
};

// A first press asks, a second one removes; going elsewhere keeps the file.
const ask = (button, asks) => {
  button.toggleAttribute("data-asks", asks);
  $("[data-word]", button).dataset.word = asks ? "corpus.really" : "corpus.remove";
  put($("#corpus .asks"), asks ? { word: "corpus.asks", args: { name: button.dataset.file } } : {});
  speak();
};

const asking = () => $("#corpus .remove[data-asks]");

const remove = async (button) => {
  const name = button.dataset.file;
  ask(button, false);
  button.disabled = true;
  const { ok, body } = await call(`corpus/file?name=${encodeURIComponent(name)}`, { method: "DELETE" });
  say("corpus", ok ? { word: "corpus.removed", args: { name } } : body);
  if (ok) {
    button.closest("li").dataset.leaving = "";
    start("corpus");
  } else button.disabled = false;
};

// --- hands -----------------------------------------------------------------------------------
const run = async (panel, path) => {
  say(panel, {});
  const { ok, body } = await call(path, { method: "POST" });
  if (ok) start(panel);
  else say(panel, body);
};

document.addEventListener("click", (event) => {
  const on = (selector) => event.target.closest(selector);
  const button = on("#corpus .remove");
  const asked = asking();
  if (asked && asked !== button) ask(asked, false);
  if (button) button.hasAttribute("data-asks") ? void remove(button) : ask(button, true);
  else if (on("#corpus .build")) void run("corpus", "corpus/index");
  else if (on("#evaluate .quick")) void run("evaluate", "runs");
});

document.addEventListener("focusout", (event) => {
  if (event.target === asking() && event.relatedTarget) ask(event.target, false);
});

// On the window, before page.js: here Escape keeps a file, there it stops an answer.
window.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.isComposing || !asking()) return;
  event.stopImmediatePropagation();
  ask(asking(), false);
}, true);

document.addEventListener("change", (event) => {
  if (!event.target.matches("#corpus input[type=file]")) return;
  const files = [...event.target.files];
  event.target.value = ""; // the same file may be chosen again
  void add(files);
});

const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
for (const type of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(type, (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault(); // a file dropped beside the panel must not replace the page
    const over = Boolean(event.target.closest?.("#corpus"));
    $("#corpus")?.toggleAttribute("data-over", over && type === "dragover");
    if (type === "dragover") event.dataTransfer.dropEffect = over ? "copy" : "none";
    if (type === "drop" && over) void add([...event.dataTransfer.files]);
  });
}

// --- start: once the panels stand, tell what runs already; an empty corpus is the first thing to see
const ready = () => $("#corpus .content") && $("#evaluate .content");
const begin = () => {
  if ($("#answer [data-none]")) $("#corpus details").open = true;
  void poll();
};
if (ready()) begin();
else {
  const waiting = new MutationObserver(() => {
    if (!ready()) return;
    waiting.disconnect();
    begin();
  });
  waiting.observe(document.documentElement, { childList: true, subtree: true });
}
