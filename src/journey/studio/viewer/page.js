// A page by itself: a tree with its thought in one file, which asks nothing of anybody (see ../export_page.py).

import { bindTree, typeset } from "./bind.js";

const data = JSON.parse(document.getElementById("data").textContent);
const root = document.querySelector(".journey");
const dark = matchMedia("(prefers-color-scheme: dark)");
const colours = () => (root.dataset.theme = dark.matches ? "dark" : "light");
dark.addEventListener("change", colours);
colours();
typeset(root);
if (data.tree) {
  const named = () => /^#node=(\d{1,9})$/.exec(location.hash)?.[1]; // the step that the address names
  const node = named();
  const tree = bindTree(root, { ...data, node: node && data.steps[node] ? Number(node) : data.node }, (i) => location.replace(`#node=${i}`));
  addEventListener("hashchange", () => named() !== root.querySelector(".step-box").dataset.node && tree.select(Number(named())));
}
document.documentElement.dataset.journey = "ready";
