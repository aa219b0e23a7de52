// What the page does in the browser: shows the HTML that Python made, typesets its mathematics, follows its links
// without loading the page anew, and binds the tree, the step and the thought to each other.

import { bindTree, typeset } from "./bind.js";

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
    const map = root.querySelector(".log-map-box"), card = map?.querySelector(".chosen")?.getBBox();
    if (card) map.scrollTo(card.x + card.width / 2 - map.clientWidth / 2, card.y - map.clientHeight / 3);
    if (data.tree)
      bindTree(root, data, (i) => {
        remember(i);
        if (data.tell) setStateValue("node", i);
      });
  }
  root.dataset.theme = isDark() ? "dark" : "light";
  document.documentElement.dataset.journey = "ready";
}
