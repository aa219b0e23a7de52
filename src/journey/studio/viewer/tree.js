// The tree as a picture that folds: a click selects a step and unfolds what hangs below it.

import { Folding, place, shape } from "./layout.js";

const SVG = "http://www.w3.org/2000/svg";
const MARKS = { r: "✓", w: "✕", n: "–", u: "?" };
const NAMES = { r: "right", w: "wrong", n: "neutral", u: "unjudged" };

function make(name, attributes, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const ruler = document.createElement("canvas").getContext("2d");

function fitted(text, room) {
  if (ruler.measureText(text).width <= room) return text;
  let low = 0, high = text.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (ruler.measureText(text.slice(0, middle) + "…").width <= room) low = middle;
    else high = middle - 1;
  }
  return text.slice(0, low).trimEnd() + "…";
}

// Draws into `box`; `select(i)` shows a step wherever it is, `onSelect(i, byHand)` hears of every new one.
export function mountTree(box, tree, onSelect) {
  const form = shape(tree.parents), folding = new Folding(tree, form);
  const onPath = new Set([-1, ...tree.path]), walked = new Set([-1, ...tree.walk]);
  const turns = new Map();
  tree.walk.forEach((i, turn) => turns.set(i, [...(turns.get(i) ?? []), turn + 1]));
  const ends = new Map(); // where a step's line of text ends, right of its dot
  let selected = null;

  function edge(i, layout) {
    const from = layout.spots.get(tree.parents[i]), to = layout.spots.get(i);
    const isPath = onPath.has(i) && onPath.has(tree.parents[i]) && tree.path.length > 0;
    const kind = `edge${isPath ? " path" : ""}${walked.has(i) ? " walked" : ""}`;
    if (layout.isOutline) return make("path", { class: kind, d: `M${from.x} ${from.y + 8}V${to.y}H${to.x - 8}` });
    const start = from.x + ends.get(tree.parents[i]), bend = Math.max(12, (to.x - start) / 2);
    return make("path", { class: kind, d: `M${start} ${from.y}C${start + bend} ${from.y} ${to.x - bend} ${to.y} ${to.x - 8} ${to.y}` });
  }

  function spot(i, layout) {
    const { x, y } = layout.spots.get(i), state = i < 0 ? "q" : tree.states[i];
    const visits = turns.get(i) ?? [], below = i < 0 ? 0 : form.under[i];
    const isFolded = below > 0 && !folding.open.has(i);
    const badge = isFolded ? `+${below.toLocaleString("en")}` : "";
    const walk = visits.length > 3 ? `${visits.slice(0, 2).join(" ")} …` : visits.join(" ");
    const room = layout.room(i) - 16 - (walk ? 8 + 7 * walk.length : 0) - (badge ? 16 + 7 * badge.length : 0);
    const label = fitted(i < 0 ? tree.question : tree.labels[i], Math.max(40, room));
    const width = ruler.measureText(label).width;
    ends.set(i, 22 + width + (walk ? 7 + 6.5 * walk.length : 0) + (badge ? 8 + 7 * badge.length : 0));
    const parts = [make("rect", { class: "target", x: -11, y: -12, width: width + 30, height: 24, rx: 6 })];
    if (tree.answers[i] === 1) parts.push(make("circle", { class: "ring", r: 10 }));
    parts.push(make("circle", { class: "knot", r: 7 }));
    if (MARKS[state]) parts.push(make("text", { class: "mark", y: 3.5, "text-anchor": "middle" }, MARKS[state]));
    // A label that runs from the right is shut off from the numbers behind it.
    const isolated = /[\u0590-\u08ff\ufb1d-\ufefc]/.test(label) ? `\u2068${label}\u2069` : label;
    const text = make("text", { class: "label", x: 15, y: 4.5 }, isolated);
    if (walk) text.append(make("tspan", { class: "turn", dx: 7 }, walk));
    if (badge) text.append(make("tspan", { class: "badge", dx: 8 }, badge));
    parts.push(text);
    const kind = `spot ${state}${i === selected ? " selected" : ""}${onPath.has(i) || walked.has(i) ? " main" : ""}`;
    const caption = i < 0 ? "the question" : `step ${i}, ${NAMES[state]}: ${tree.labels[i]}`;
    const aria = { role: "treeitem", id: `step-${i}`, "aria-label": caption, "aria-level": i < 0 ? 1 : form.depth[i] + 1, "aria-selected": i === selected };
    if (below) aria["aria-expanded"] = !isFolded;
    return make("g", { class: kind, "data-node": i, transform: `translate(${x} ${y})`, ...aria }, ...parts);
  }

  function draw() {
    const width = Math.max(320, box.clientWidth - 4);
    const style = getComputedStyle(box);
    ruler.font = `12.5px ${style.fontFamily}`;
    const layout = place(tree, form, folding, width);
    const spots = [...layout.spots.keys()];
    const drawn = spots.map((i) => spot(i, layout));
    const edges = spots.filter((i) => i >= 0).sort((a, b) => onPath.has(a) - onPath.has(b) || walked.has(a) - walked.has(b));
    const rest = layout.rest.map(([i, hidden, { x, y }]) =>
      make("g", { class: "rest", "data-more": i, transform: `translate(${x} ${y})`, role: "button" },
        make("text", { x: 15, y: 4.5 }, `and ${hidden.toLocaleString("en")} more`)));
    const full = layout.width;
    const svg = make("svg", { class: "tree", width: full, height: layout.height, viewBox: `0 0 ${full} ${layout.height}`, role: "presentation" },
      ...edges.map((i) => edge(i, layout)), ...drawn, ...rest);
    box.replaceChildren(svg);
    box.dataset.shown = spots.length - 1;
    if (selected !== null) box.setAttribute("aria-activedescendant", `step-${selected}`);
  }

  function bringInto(i) {
    const found = box.querySelector(`.spot[data-node="${i}"]`);
    if (!found) return;
    const inner = found.getBoundingClientRect(), outer = box.getBoundingClientRect();
    if (inner.top < outer.top + 8 || inner.bottom > outer.bottom - 8)
      box.scrollTop += inner.top - outer.top - outer.height / 2;
    if (inner.left < outer.left || inner.right > outer.right) box.scrollLeft += inner.left - outer.left - 40;
  }

  function select(i, byHand = false) {
    if (!(i >= 0 && i < tree.parents.length)) return;
    selected = i;
    if (tree.parents[i] >= -1) folding.keep(i);
    draw();
    bringInto(i);
    onSelect(i, byHand);
  }

  function choose(i) {
    const hasMore = i >= 0 && form.under[i] > 0;
    if (hasMore && !folding.open.has(i)) folding.unfold(i);
    else if (i === selected && folding.byHand.includes(i)) folding.fold(i); // what the reader unfolded, folds again
    select(i, true);
  }

  box.addEventListener("click", (event) => {
    const more = event.target.closest("[data-more]"), hit = event.target.closest("[data-node]");
    if (more) {
      folding.unfold(Number(more.dataset.more));
      draw();
    } else if (hit) choose(Number(hit.dataset.node));
  });
  box.addEventListener("keydown", (event) => {
    if ((event.key === "Enter" || event.key === " ") && selected !== null) {
      event.preventDefault();
      choose(selected);
      return;
    }
    const siblings = selected === null ? [] : form.below.get(tree.parents[selected]);
    const to = {
      ArrowDown: () => siblings[siblings.indexOf(selected) + 1],
      ArrowUp: () => siblings[siblings.indexOf(selected) - 1],
      ArrowLeft: () => tree.parents[selected],
      ArrowRight: () => (form.below.get(selected) ?? [])[0],
    }[event.key]?.();
    if (selected === null && event.key.startsWith("Arrow")) select(0, true);
    if (to === undefined || to < 0) return;
    event.preventDefault();
    select(to, true);
  });
  box.setAttribute("role", "tree");
  let wide = box.clientWidth;
  new ResizeObserver(() => {
    if (Math.abs(box.clientWidth - wide) < 24) return;
    wide = box.clientWidth;
    draw();
  }).observe(box);
  draw();
  return { select, form };
}
