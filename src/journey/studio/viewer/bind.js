// What binds a page's parts to each other: formulas typeset; the tree, the step in full and the thought go together.

import { listLevels } from "./levels.js";
import { mountTree } from "./tree.js";

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

// `chosen(i)` hears of every step that the reader chose.
export function bindTree(root, data, chosen) {
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
