// The reader: articles come escaped from the server, with the cited spans of the answer marked.

import { $, $$, language, speak } from "./words.js";

export const narrow = matchMedia("(max-width: 60rem)");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const root = document.documentElement;

let shown = null; // {article, n, span, by, at}: what lies in the reader, and who opened it
let settled = ""; // the citations that it was marked with
let declined = false; // closed by hand: the page opens nothing by itself until the next question
let back = null; // what had the focus before the reader came over the page

const citations = () => {
  const seen = new Map();
  for (const { dataset } of $$("#answer a.cite")) seen.set(dataset.n, dataset);
  return [...seen.values()];
};

const light = (n) => {
  for (const node of $$(".lit")) node.classList.remove("lit");
  if (!n) return;
  for (const node of $$(`#reader mark[data-n~="${n}"], #answer a.cite[data-n="${n}"], #reader .jump[data-n="${n}"]`)) {
    node.classList.add("lit");
  }
  for (const node of $$(`#sources .number[data-n="${n}"]`)) {
    node.classList.add("lit");
    node.closest(".source").classList.add("lit");
  }
};

const reveal = (n, smooth) => {
  const target = $(n ? `#reader mark[data-n~="${n}"]` : "#reader mark.passage");
  const pane = $("#reader .body");
  if (!target) return void (pane.scrollTop = 0);
  const top = target.getBoundingClientRect().top - pane.getBoundingClientRect().top + pane.scrollTop;
  pane.scrollTo({ top: top - pane.clientHeight / 3, behavior: smooth && !calm.matches ? "smooth" : "auto" });
};

const blank = (word) => `<p class="blank" data-word="${word}"></p>`;

const fetched = async (article, span) => {
  const query = new URLSearchParams({ id: article, ui: language() });
  for (const d of citations()) {
    const short = d.short ? `:${d.short}` : ""; // the short answers inside are highlighted more strongly
    if (d.article === article) query.append("mark", `${d.n}:${d.start}:${d.end}${short}`);
  }
  if (span) query.append("mark", `0:${span.start}:${span.end}`);
  // Spans belong to the wording that was answered from; the server says when there is another now.
  const cited = $$("#answer [data-edition], #sources [data-edition]").find((node) => node.dataset.article === article);
  if (cited) query.append("edition", cited.dataset.edition);
  try {
    const response = await fetch(`ragqa/article?${query}`);
    if (response.ok) return await response.text();
    return blank(response.status === 404 ? "reader.gone" : "reader.failed");
  } catch {
    return blank("reader.failed"); // the server is gone
  }
};

// A number opens its article with all its cited spans; `span` is an uncited passage to show. What the
// page opens by itself (by: "page") or marks anew (again) takes no focus and covers no narrow screen.
export const open = async ({ article, n = "", span = null, by = "reader", again = false }) => {
  const wish = { article, n, span, by, at: citations().find((d) => d.n === n)?.start };
  shown = wish;
  if (by === "reader" && !again) {
    back = document.activeElement;
    root.dataset.reader = "open";
  }
  light(n);
  const html = await fetched(article, span);
  if (shown !== wish) return; // something else was opened meanwhile
  const pane = $("#reader .body");
  const top = pane.scrollTop;
  pane.innerHTML = html;
  if ($(".blank", pane)) {
    $("#reader .where").textContent = "";
    return speak();
  }
  $("#reader .where").textContent = $("#reader h2").textContent;
  root.dataset.article = "";
  speak();
  light(n);
  if (again) pane.scrollTop = top;
  else reveal(n, false);
  if (by === "reader" && !again && narrow.matches) $("#reader h2").focus({ preventScroll: true });
};

export const cite = (n) => {
  const d = citations().find((each) => each.n === n);
  if (!d) return;
  if (shown?.article !== d.article || !$(`#reader mark[data-n~="${n}"]`)) return void open({ article: d.article, n });
  if (root.dataset.reader !== "open") back = document.activeElement;
  shown = { ...shown, n, by: "reader", at: d.start };
  root.dataset.reader = "open";
  light(n);
  reveal(n, true);
};

export const close = ({ byHand }) => {
  shown = null;
  declined = byHand;
  delete root.dataset.reader;
  delete root.dataset.article;
  $("#reader .body").replaceChildren($("#reader template").content.cloneNode(true));
  light("");
  speak();
  if (byHand && narrow.matches && back?.isConnected) back.focus({ preventScroll: true });
  back = null;
};

// When quotes arrive, an article that is open already is marked anew; on a wide page the first quoted
// article opens without a click.
export const settle = () => {
  const all = citations();
  const marks = all.map((d) => [d.n, d.article, d.start, d.end].join(":")).join(" ");
  if (marks === settled) return;
  settled = marks;
  if (shown && (shown.by === "reader" || all.some((d) => d.article === shown.article))) {
    const same = all.find((d) => d.article === shown.article && d.start === shown.at);
    void open({ ...shown, n: same?.n ?? "", again: true });
  } else if (all.length && !narrow.matches && !declined) {
    void open({ article: all[0].article, n: all[0].n, by: "page" });
  }
};
