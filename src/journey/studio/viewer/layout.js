// Where the steps of a tree stand: which of them are shown at all, and at which place of the picture.

export const MOST = 300; // steps shown at a time, about
const DEEP = 6; // more levels than this make an outline, one row a step
const NARROW = 200, LONG = 24; // so do levels narrower than this, where most steps' lines have more letters than that
const ROW = 26, INDENT = 20, MARGIN = 18, GAP = 46;

// Children of every step (the question's stand at -1), levels, and how many steps hang below each.
export function shape(parents) {
  const below = new Map([[-1, []]]), depth = new Int32Array(parents.length), under = new Int32Array(parents.length);
  parents.forEach((parent, i) => {
    depth[i] = parent < 0 ? 1 : depth[parent] + 1;
    if (!below.has(parent)) below.set(parent, []);
    below.get(parent).push(i);
  });
  for (let i = parents.length - 1; i >= 0; i--) if (parents[i] >= 0) under[parents[i]] += under[i] + 1;
  return { below, depth, under };
}

// What is unfolded: `open` holds steps (and -1) whose children show, with how many of them; `kept` always shows.
export class Folding {
  constructor(tree, { below, under }) {
    this.parents = tree.parents;
    this.below = below;
    this.under = under;
    this.open = new Map();
    this.kept = new Set();
    this.byHand = [];
    const isSmall = tree.parents.length <= MOST;
    this.few = isSmall ? Infinity : 12;
    for (const i of [...tree.walk, ...tree.path]) if (this.kept.size < MOST) this.keep(i);
    this.open.set(-1, Math.max(this.few, 24));
    let shown = this.shown().length;
    const waiting = [-1];
    for (let at = 0; at < waiting.length && shown < MOST; at++) {
      const after = this.below.get(waiting[at]) ?? [];
      const more = Math.min(after.length, this.few);
      if (!this.open.has(waiting[at]) && after.length && shown + more <= MOST) {
        this.open.set(waiting[at], this.few);
        shown += more;
      }
      if (this.open.has(waiting[at])) waiting.push(...this.visible(waiting[at]));
    }
  }

  // The step shows whatever else is folded, and so do those before it.
  keep(i) {
    while (i >= 0 && i < this.parents.length && !this.kept.has(i)) {
      this.kept.add(i);
      i = this.parents[i];
      if (!this.open.has(i)) this.open.set(i, this.few);
    }
  }

  visible(i) {
    if (!this.open.has(i)) return [];
    const after = this.below.get(i) ?? [], room = this.open.get(i);
    if (after.length <= room) return after;
    let others = room - after.filter((child) => this.kept.has(child)).length;
    return after.filter((child) => this.kept.has(child) || others-- > 0);
  }

  shown() {
    const found = [], waiting = [-1];
    while (waiting.length) {
      const after = this.visible(waiting.pop());
      found.push(...after);
      waiting.push(...after);
    }
    return found;
  }

  unfold(i) {
    this.open.set(i, this.open.has(i) ? this.open.get(i) + 40 : Math.max(this.few, 24));
    this.byHand = [...this.byHand.filter((other) => other !== i), i];
    for (const old of [...this.byHand]) {
      if (this.shown().length <= MOST || old === i) break;
      if (!this.isBefore(old, i)) this.fold(old);
    }
  }

  fold(i) {
    this.open.delete(i);
    this.byHand = this.byHand.filter((other) => other !== i);
  }

  isBefore(early, late) {
    while (late >= 0) if ((late = this.parents[late]) === early) return true;
    return false;
  }
}

// Places by step; `rest` are the "more" lines: [step whose children they are, how many, place].
export function place(tree, { below, depth }, folding, width) {
  const onPath = new Set(tree.path), spots = new Map(), rest = [];
  const shown = folding.shown();
  const levels = shown.reduce((most, i) => Math.max(most, depth[i]), 0);
  const isLong = 2 * shown.filter((i) => tree.labels[i].length > LONG).length > shown.length;
  const isOutline = levels > DEEP || (isLong && width / (levels + 1) < NARROW);
  const step = isOutline ? Math.max(4, Math.min(INDENT, (0.6 * width) / levels)) : Math.max(150, Math.min(300, (width - 2 * MARGIN) / (levels + 1)));
  let row = 0;
  const next = () => ROW * (row++ + 0.8);
  // A stack of what is left to do: "enter" a step, "centre" it on its children when they all stand, the "more" line after them.
  const waiting = [["enter", -1, 0]];
  while (waiting.length) {
    const [action, i, level, left] = waiting.pop();
    const x = MARGIN + step * level;
    if (action === "more") {
      rest.push([i, left, { x, y: next() }]);
    } else if (action === "centre") {
      const ys = folding.visible(i).map((child) => spots.get(child).y);
      spots.set(i, { x, y: (Math.min(...ys) + Math.max(...ys)) / 2 });
    } else {
      let after = folding.visible(i);
      if (isOutline) after = [...after.filter((c) => !onPath.has(c)), ...after.filter((c) => onPath.has(c))];
      if (isOutline || !after.length) spots.set(i, { x, y: next() });
      else waiting.push(["centre", i, level]);
      const hidden = folding.open.has(i) ? (below.get(i)?.length ?? 0) - after.length : 0;
      if (hidden) waiting.push(["more", i, level + 1, hidden]);
      for (const child of [...after].reverse()) waiting.push(["enter", child, level + 1]);
    }
  }
  const farthest = [...spots.values()].reduce((most, { x }) => Math.max(most, x), 0);
  const full = Math.max(width, isOutline ? farthest + 300 : step * (levels + 1) + 30);
  const room = (i) => (isOutline ? Math.max(260, width - spots.get(i).x - 30) : step - GAP);
  return { spots, rest, isOutline, room, width: full, height: ROW * (row + 0.6) };
}
