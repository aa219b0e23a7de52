// What the page does in the browser: shows the HTML that Python made, typesets its mathematics, follows its links
// without loading the page anew, and binds the tree, the step and the thought to each other.

import { listLevels } from "./levels.js";
import { mountTree } from "./tree.js";

const here = new URL(".", import.meta.url);

const style = (name) =>
  new Promise((done) => {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = new URL(name, here).href;
    link.onload = link.onerror = done;
    document.head.append(link);
  });
const script = (name) =>
  new Promise((done) => {
    const element = document.createElement("script");
    element.src = new URL(name, here).href;
    element.onload = element.onerror = done;
    document.head.append(element);
  });
const ready = Promise.all([style("katex/katex.min.css"), style("studio.css"), script("katex/katex.min.js")]);

// Formulas come as elements whose text is TeX; KaTeX may make no links, load nothing and run no HTML (`trust` off).
export function typeset(root) {
  for (const element of root.querySelectorAll(".math:not([data-tex])")) {
    element.dataset.tex = element.textContent;
    window.katex?.render(element.dataset.tex, element, {
      displayMode: element.classList.contains("display") && !element.closest(".row, .siblings, .side, dd > .answer"), throwOnError: false, trust: false, strict: false,
      maxExpand: 500, maxSize: 12, errorColor: "currentColor", output: "html",
    });
  }
}

function isDark() {
  const app = document.querySelector(".stApp") ?? document.body;
  const [r, g, b] = (getComputedStyle(app).backgroundColor.match(/\d+/g) ?? [255, 255, 255]).map(Number);
  return r + g + b < 380;
}

// The step that stands in the address, so that the link in the browser's bar is always the one to share.
function remember(node) {
  const address = new URL(location.href);
  address.searchParams.set("node", node);
  history.replaceState(history.state, "", address);
}

function bindTree(root, data, tell) {
  const box = root.querySelector(".tree-box"), panel = root.querySelector(".step-box"), thought = root.querySelector(".thought");
  let asked = 0;

  async function showStep(i) {
    const mine = ++asked;
    let html = data.steps?.[i];
    if (html === undefined) {
      const answer = await fetch(`journey/step?${new URLSearchParams({ ...data.address, node: i })}`);
      html = answer.ok ? await answer.text() : null;
    }
    if (mine !== asked || !panel) return; // another step was clicked meanwhile
    if (html === null) panel.textContent = "This step could not be read; is the studio still running?";
    else panel.innerHTML = html;
    panel.dataset.node = i;
    typeset(panel);
  }

  function light(i, byHand) {
    if (!thought) return;
    const pieces = [...thought.querySelectorAll("[data-node]")];
    for (const piece of pieces) piece.classList.toggle("lit", Number(piece.dataset.node) === i);
    const first = thought.querySelector(".lit");
    if (first && !(byHand === "thought")) {
      const top = first.getBoundingClientRect().top - thought.getBoundingClientRect().top;
      if (top < 0 || top > thought.clientHeight - 60) thought.scrollTop += top - thought.clientHeight / 3;
    }
  }

  let from = null;
  const tree = mountTree(box, data.tree, (i, byHand) => {
    light(i, from);
    showStep(i);
    if (byHand || from) {
      remember(i);
      tell("node", i);
    }
  });
  const follow = (event) => {
    const hit = event.target.closest("[data-node]");
    if (!hit || box.contains(hit)) return;
    from = thought?.contains(hit) ? "thought" : "list";
    tree.select(Number(hit.dataset.node));
    from = null;
  };
  root.addEventListener("click", follow);
  root.addEventListener("keydown", (event) => (event.key === "Enter" && event.target.matches(".seg") ? follow(event) : null));
  const levels = root.querySelector(".levels");
  levels?.addEventListener("toggle", () => levels.open && listLevels(levels.querySelector(".level-box"), data.tree, tree.form), { once: true });
  if (data.node !== null && data.node !== undefined) tree.select(data.node);
}

// Called by Streamlit whenever the element's data changed.
export async function show({ parentElement, data, setStateValue, setTriggerValue }) {
  await ready;
  let root = parentElement.querySelector(":scope > .journey");
  const made = data.mark;
  if (!root || root.made !== made) {
    const fresh = document.createElement("div");
    fresh.className = "journey";
    fresh.made = made;
    fresh.innerHTML = data.html;
    typeset(fresh);
    if (root) root.replaceWith(fresh);
    else parentElement.append(fresh);
    root = fresh;
    root.addEventListener("click", (event) => {
      const link = event.target.closest("a.go");
      if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
      event.preventDefault();
      setTriggerValue("open", link.getAttribute("href"));
    });
    if (data.tree) bindTree(root, data, (name, value) => data.tell && setStateValue(name, value));
  }
  root.dataset.theme = isDark() ? "dark" : "light";
  document.documentElement.dataset.journey = "ready";
}
