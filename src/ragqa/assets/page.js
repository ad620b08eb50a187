// The page's hands: keys, language, citations and reader, history. Renders no corpus text itself:
// articles come escaped from the server, questions of the history are set as text.
(() => {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const store = {
    get(key, fallback) {
      try { return JSON.parse(localStorage.getItem(key)) ?? fallback; } catch { return fallback; }
    },
    set(key, value) {
      try { localStorage.setItem(key, JSON.stringify(value)); } catch { /* private windows may refuse */ }
    },
  };
  const narrow = matchMedia("(max-width: 60rem)");
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const root = document.documentElement;
  let WORDS = null;
  let ui = store.get("ragqa.ui", null) ?? (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");
  let box = null; // the textarea of the question
  let pending = false; // a question waits for the running one to stop
  let busy = false; // asked, and the server has not spoken yet
  let asked = ""; // the question that the answer below belongs to
  let last = ""; // the state that the status showed last
  let settled = ""; // the citations that the reader shows
  let shown = null; // {article, n, span, by, at}: what lies in the reader, and who opened it
  let back = null; // what had the focus before the reader came over the page

  // --- words -------------------------------------------------------------------------------
  const phrase = (key, values = {}) =>
    (WORDS?.[ui][key] ?? "").replace(/\{(\w+)(?:\|([^|{}]*)\|([^|{}]*))?\}/g, (_, name, one, many) =>
      one === undefined ? values[name] : Number(values[name]) === 1 ? one : many);

  const speak = () => {
    if (!WORDS) return;
    for (const node of $$("[data-word]")) {
      const text = phrase(node.dataset.word, JSON.parse(node.dataset.args ?? "{}"));
      if (node.textContent !== text) node.textContent = text;
    }
    for (const node of $$("[data-word-label]")) node.setAttribute("aria-label", phrase(node.dataset.wordLabel));
    for (const node of $$("#language button")) node.setAttribute("aria-pressed", String(node.dataset.ui === ui));
    if (box.placeholder !== phrase("question.hint")) box.placeholder = phrase("question.hint");
    box.setAttribute("aria-label", phrase("question.label"));
    for (const id of ["ask", "stop"]) {
      const label = [...$(`#${id}`).childNodes].find((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
      if (label && label.data.trim() !== phrase(id)) label.data = phrase(id);
    }
    for (const [id, key] of [["status", "status.label"], ["answer", "answer.label"], ["sources", "sources.label"]]) {
      $(`#${id}`).setAttribute("aria-label", phrase(key));
    }
    root.lang = ui === "zh" ? "zh-Hans" : "en";
    root.dataset.ui = ui;
  };

  // --- asking ------------------------------------------------------------------------------
  const running = () => busy || $("#status [data-state=running]") !== null;

  const fill = (text) => {
    box.value = text;
    box.dispatchEvent(new Event("input", { bubbles: true }));
  };

  const ask = () => {
    if (running()) {
      pending = true;
      $("#stop").click();
    } else $("#ask").click();
  };

  // Gradio calls this when it sends the question: what it returns are the handler's arguments.
  const collect = () => {
    const question = box.value;
    asked = question.trim();
    delete root.dataset.drafting;
    busy = true;
    last = "";
    if (asked) {
      remember(asked);
      closeReader();
    }
    return [question, ui];
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
      if (narrow.matches && root.dataset.reader === "open") closeReader();
      else if (running()) $("#stop").click();
    } else if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey
               && !event.target.closest("input, textarea, select, [contenteditable]")) {
      event.preventDefault();
      box.focus();
      box.select();
    }
  };

  // --- history -----------------------------------------------------------------------------
  const remember = (question) => {
    const rest = store.get("ragqa.history", []).filter((entry) => entry.q !== question);
    store.set("ragqa.history", [{ q: question, at: Date.now() }, ...rest].slice(0, 50));
    listHistory();
  };

  const listHistory = () => {
    const list = $("#history ol");
    const entries = store.get("ragqa.history", []);
    list.replaceChildren(...entries.map((entry) => {
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

  // --- the reader --------------------------------------------------------------------------
  const citations = () => {
    const seen = new Map();
    for (const { dataset: d } of $$("#answer a.cite")) seen.set(d.n, d);
    return [...seen.values()];
  };

  const light = (n) => {
    for (const node of $$(".lit")) node.classList.remove("lit");
    if (!n) return;
    for (const node of $$(`#reader mark[data-n~="${n}"], #answer a.cite[data-n="${n}"], #reader .jump[data-n="${n}"]`)) {
      node.classList.add("lit");
    }
    for (const node of $$("#sources .number")) {
      if (node.dataset.n === n) node.closest(".source").classList.add("lit");
    }
  };

  const reveal = (n, smooth) => {
    const target = $(n ? `#reader mark[data-n~="${n}"]` : "#reader mark.passage");
    const pane = $("#reader .body");
    if (!target) return void (pane.scrollTop = 0);
    const top = target.getBoundingClientRect().top - pane.getBoundingClientRect().top + pane.scrollTop;
    pane.scrollTo({ top: top - pane.clientHeight / 3, behavior: smooth && !calm.matches ? "smooth" : "auto" });
  };

  // A number opens its article with all its cited spans; `span` is an uncited passage to show. What
  // the page opens by itself (`by: "page"`) never takes the focus nor covers a narrow screen.
  const open = async ({ article, n = "", span = null, by = "reader", again = false }) => {
    const query = new URLSearchParams({ id: article, ui });
    for (const d of citations()) if (d.article === article) query.append("mark", `${d.n}:${d.start}:${d.end}`);
    if (span) query.append("mark", `0:${span.start}:${span.end}`);
    const wish = { article, n, span, by, at: citations().find((d) => d.n === n)?.start };
    shown = wish;
    if (by === "reader" && !again) {
      back = document.activeElement;
      root.dataset.reader = "open";
    }
    light(n);
    let html = null;
    try {
      const response = await fetch(`ragqa/article?${query}`);
      if (response.ok) html = await response.text();
    } catch { /* the server is gone: said below */ }
    if (shown !== wish) return; // something else was opened meanwhile
    if (html === null) {
      const note = document.createElement("p");
      note.className = "blank";
      note.dataset.word = "reader.failed";
      note.textContent = phrase("reader.failed");
      $("#reader .body").replaceChildren(note);
      return;
    }
    const top = $("#reader .body").scrollTop;
    $("#reader .body").innerHTML = html;
    $("#reader .where").textContent = $("#reader h2").textContent;
    root.dataset.article = "";
    speak();
    light(n);
    if (again) $("#reader .body").scrollTop = top;
    else reveal(n, false);
    if (by === "reader" && !again && narrow.matches) $("#reader h2")?.focus({ preventScroll: true });
  };

  const closeReader = () => {
    shown = null;
    delete root.dataset.reader;
    delete root.dataset.article;
    $("#reader .body").replaceChildren($("#reader template").content.cloneNode(true));
    light("");
    speak();
    if (narrow.matches && back?.isConnected) back.focus({ preventScroll: true });
    back = null;
  };

  const cite = (n) => {
    const d = citations().find((each) => each.n === n);
    if (!d) return;
    if (shown?.article === d.article && $(`#reader mark[data-n~="${n}"]`)) {
      if (root.dataset.reader !== "open") back = document.activeElement;
      shown = { ...shown, n, by: "reader", at: d.start };
      root.dataset.reader = "open";
      light(n);
      reveal(n, true);
    } else void open({ article: d.article, n });
  };

  // --- what the server sends ---------------------------------------------------------------
  // Numbers change when the model's answer replaces the quoted sentences, so an open article is
  // marked anew; on a wide page the first cited article lies open without a click.
  const settle = () => {
    const all = citations();
    if (shown && (shown.by === "reader" || all.some((d) => d.article === shown.article))) {
      const same = all.find((d) => d.article === shown.article && d.start === shown.at);
      void open({ ...shown, n: same?.n ?? "", again: true });
    } else if (all.length && !narrow.matches) {
      void open({ article: all[0].article, n: all[0].n, by: "page" });
    }
  };

  const halt = () => {
    const words = { "answer.waiting": "answer.extractive", "answer.generating": "answer.halted" };
    const kind = $("#answer .kind [data-word]");
    if (kind) kind.dataset.word = words[kind.dataset.word] ?? kind.dataset.word;
    speak();
  };

  const onChange = () => {
    speak();
    if (busy) return; // what stands there still belongs to the question before
    const marks = citations().map((d) => [d.n, d.article, d.start, d.end].join(":")).join(" ");
    if (marks !== settled) {
      settled = marks;
      settle();
    }
    const state = $("#status [data-state]")?.dataset.state ?? "";
    if (state !== last) {
      last = state;
      root.dataset.state = state;
      if (state && state !== "running") {
        if (state === "stopped") halt();
        if (pending) {
          pending = false;
          $("#ask").click();
        }
      }
    }
  };

  const onClick = (event) => {
    const on = (selector) => event.target.closest(selector);
    let node;
    if ((node = on("#language button"))) {
      ui = node.dataset.ui;
      store.set("ragqa.ui", ui);
      speak();
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
      closeReader();
    } else if ((node = on(".source")) && !on("details, a") && !String(getSelection())) {
      const number = on(".number")?.dataset.n ?? node.dataset.n;
      if (number !== "0") cite(number);
      else void open({ article: node.dataset.article, span: node.dataset });
    }
  };

  // --- start -------------------------------------------------------------------------------
  const start = async () => {
    box = $("#question textarea");
    for (const id of ["status", "answer", "sources"]) $(`#${id}`).setAttribute("role", id === "status" ? "status" : "region");
    $("#status").setAttribute("aria-live", "polite");
    for (const type of ["keydown", "keypress"]) document.addEventListener(type, onKey, true);
    document.addEventListener("click", onClick);
    // The answer names its question only once the box no longer does.
    box.addEventListener("input", () => root.toggleAttribute("data-drafting", box.value.trim() !== asked));
    $("#ask").addEventListener("click", (event) => {
      if (!running()) return;
      event.stopImmediatePropagation();
      pending = true;
      $("#stop").click();
    }, true);
    $("#stop").addEventListener("click", (event) => {
      if (!running()) event.stopImmediatePropagation();
    }, true);
    let queued = false;
    new MutationObserver((records) => {
      if (records.some((record) => record.target.closest?.("#status"))) busy = false;
      if (queued) return;
      queued = true;
      requestAnimationFrame(() => { queued = false; onChange(); });
    }).observe($("gradio-app"), { childList: true, subtree: true, attributeFilter: ["data-state", "data-word"] });
    listHistory();
    WORDS = await (await fetch("ragqa/words.json")).json();
    speak();
    root.dataset.ready = "";
    const question = new URLSearchParams(location.search).get("q");
    if (question) {
      fill(question);
      ask();
    } else if (!narrow.matches) box.focus({ preventScroll: true });
  };

  window.ragqa = { collect };
  const parts = ["#question textarea", "#ask", "#stop", "#status", "#answer", "#sources", "#reader .body", "#history ol", "#language"];
  const ready = () => parts.every((part) => $(part));
  if (ready()) void start();
  else {
    const waiting = new MutationObserver(() => {
      if (!ready()) return;
      waiting.disconnect();
      void start();
    });
    waiting.observe(root, { childList: true, subtree: true });
  }
})();
