// What binds a page's parts to each other: formulas typeset; the tree, the step in full and the thought go together.

import { listLevels } from "./levels.js";
import { mountTree } from "./tree.js";

const MOST = 5000; // formulas that are typeset at once, in about a second: the rest of such a text stays as it is written
const DEEPEST = 300; // elements within each other in a formula: browsers crash when they lay out about a thousand

function isTooDeep(root) {
  const walk = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT);
  for (let level = 0; level <= DEEPEST; ) {
    if (walk.firstChild()) level++;
    else
      while (!walk.nextSibling()) {
        if (!walk.parentNode()) return false;
        level--;
      }
  }
  return true;
}

// The TeX as elements; null where it is nested too deeply to be shown.
function made(tex, displayMode) {
  const root = document.createElement("span");
  try {
    window.katex.render(tex, root, {
      displayMode, throwOnError: false, trust: false, strict: false,
      maxExpand: 500, maxSize: 12, errorColor: "currentColor", output: "html",
    });
  } catch (error) {
    if (error instanceof RangeError) return null; // KaTeX itself went too deep
    throw error;
  }
  return isTooDeep(root) ? null : root.childNodes;
}

// Formulas come as elements whose text is TeX; KaTeX may make no links, load nothing and run no HTML (`trust` off).
// One that is nested too deeply stays as it is written, as do those beyond the first thousands.
export function typeset(root) {
  if (!window.katex) return;
  for (const element of [...root.querySelectorAll(".math:not([data-tex])")].slice(0, MOST)) {
    element.dataset.tex = element.textContent;
    const isDisplay = element.classList.contains("display") && !element.closest(".row, .siblings, .side, dd > .answer");
    const nodes = made(element.dataset.tex, isDisplay);
    if (nodes) element.replaceChildren(...nodes);
  }
}

// `chosen(i)` hears of every step that the reader chose.
export function bindTree(root, data, chosen) {
  const box = root.querySelector(".tree-box"), panel = root.querySelector(".step-box"), thought = root.querySelector(".thought");
  let latest = 0;

  async function showStep(i) {
    const mine = ++latest;
    let html = data.steps?.[i];
    if (html === undefined) {
      const answer = await fetch(`journey/step?${new URLSearchParams({ ...data.address, node: i })}`);
      html = answer.ok ? await answer.text() : null;
    }
    if (mine !== latest || !panel) return; // another step was clicked meanwhile
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
    if (byHand || from) chosen(i);
  });
  const follow = (event) => {
    const hit = event.target.closest("[data-node]");
    if (!hit || box.contains(hit)) return;
    from = thought?.contains(hit) ? "thought" : "list";
    tree.select(Number(hit.dataset.node));
    from = null;
  };
  root.addEventListener("click", follow);
  root.addEventListener("keydown", (event) => (event.key === "Enter" && event.target.matches(".seg, .hop") ? follow(event) : null));
  const levels = root.querySelector(".levels");
  levels?.addEventListener("toggle", () => levels.open && listLevels(levels.querySelector(".level-box"), data.tree, tree.form), { once: true });
  if (data.node !== null && data.node !== undefined) tree.select(data.node);
  return tree;
}
