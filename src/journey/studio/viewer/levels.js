// The tree level by level, as a list: how many steps of each kind, and the steps themselves.

const ORDER = [["r", "right"], ["n", "neutral"], ["w", "wrong"], ["u", "unjudged"]];
const FEW = 12;

function made(name, kind, ...children) {
  const element = document.createElement(name);
  if (kind) element.className = kind;
  element.append(...children);
  return element;
}

function item(tree, i, onPath) {
  const link = made("a", `hop${onPath.has(i) ? " main" : ""}`, made("span", `point ${ORDER.find(([s]) => s === tree.states[i])[1]}`), made("span", "", tree.labels[i]));
  link.dataset.node = i;
  link.tabIndex = 0;
  link.role = "button";
  return made("li", "", link);
}

export function listLevels(box, tree, { depth }) {
  const levels = [], onPath = new Set(tree.path);
  depth.forEach((level, i) => (levels[level] ??= []).push(i));
  const rows = levels.flatMap((steps, level) => {
    const counts = ORDER.map(([state, name]) => [name, steps.filter((i) => tree.states[i] === state).length]).filter(([, n]) => n);
    const summary = counts.map(([name, n]) => `${n.toLocaleString("en")} ${name}`).join(", ");
    const first = [...steps].sort((a, b) => onPath.has(b) - onPath.has(a));
    const list = made("ul", "siblings", ...first.slice(0, FEW).map((i) => item(tree, i, onPath)));
    const left = first.slice(FEW);
    if (left.length) {
      const more = made("a", "hop muted", `and ${left.length.toLocaleString("en")} more`);
      more.tabIndex = 0;
      more.role = "button";
      more.addEventListener("keydown", (event) => (event.key === "Enter" ? more.click() : null));
      more.addEventListener("click", (event) => {
        event.stopPropagation();
        const next = left.splice(0, 60).map((i) => item(tree, i, onPath));
        more.parentElement.before(...next);
        if (left.length) more.textContent = `and ${left.length.toLocaleString("en")} more`;
        else more.parentElement.remove();
      });
      list.append(made("li", "", more));
    }
    return [made("h4", "", `Level ${level} `, made("span", "muted", summary)), list];
  });
  box.replaceChildren(...rows);
}
