"use strict";
// Move and zoom the picture, light and dark, and say what a box or a wire holds.
const one = (selector, from = document) => from.querySelector(selector);
const all = (selector, from = document) => [...from.querySelectorAll(selector)];
const facts = JSON.parse(one("#facts").textContent);
const stage = one("#stage"), panel = one("#panel");
const view = { k: 1, x: 0, y: 0 };
const current = () => one("#stage>svg:not([hidden])");

function draw() {
  one(".world", current()).setAttribute("transform", `translate(${view.x} ${view.y}) scale(${view.k})`);
}
function fit() {
  const { width, height, top } = current().dataset, room = stage.getBoundingClientRect();
  view.k = Math.min(room.width / width, room.height / height, 2) || 1;
  view.x = (room.width - width * view.k) / 2;
  view.y = (room.height - height * view.k) / 2 - top * view.k;
  draw();
}
// Where the letters of the whole would be too small, begin at the picture's beginning with letters that can be read.
const READABLE = 0.63, COMFORTABLE = 0.9;
function begin() {
  fit();
  if (view.k >= READABLE) return;
  const { width, height, top } = current().dataset, room = stage.getBoundingClientRect();
  view.k = Math.min(Math.max(room.width / width, room.height / height), COMFORTABLE);
  view.x = Math.max((room.width - width * view.k) / 2, 0);
  view.y = Math.max((room.height - height * view.k) / 2, 0) - top * view.k;
  draw();
}
// The point (x, y) of the stage stays where it is.
function zoom(by, x = stage.clientWidth / 2, y = stage.clientHeight / 2) {
  const k = Math.min(Math.max(view.k * by, 0.02), 20), share = k / view.k;
  view.x = x - (x - view.x) * share;
  view.y = y - (y - view.y) * share;
  view.k = k;
  draw();
}
function pan(dx, dy) { view.x += dx; view.y += dy; draw(); }
// Bring a box into sight, with some distance to the edge.
function reveal(part) {
  const box = part.getBoundingClientRect(), room = stage.getBoundingClientRect(), rim = 24;
  const over = (low, high, start, end) => high - low > end - start - 2 * rim ? (start + end - low - high) / 2
    : low < start + rim ? start + rim - low : high > end - rim ? end - rim - high : 0;
  pan(over(box.left, box.right, room.left, room.right), over(box.top, box.bottom, room.top, room.bottom));
}

// Bring a box into the middle, large enough to be read.
function approach(part) {
  if (view.k < 0.9) zoom(0.9 / view.k);
  const box = part.getBoundingClientRect(), room = stage.getBoundingClientRect();
  pan((room.left + room.right - box.left - box.right) / 2, (room.top + room.bottom - box.top - box.bottom) / 2);
}

const fingers = new Map();
let moved = 0;
const here = (event) => {
  const room = stage.getBoundingClientRect();
  return [event.clientX - room.left, event.clientY - room.top];
};
stage.addEventListener("pointerdown", (event) => {
  if (event.button) return;
  if (!fingers.size) moved = 0;
  fingers.set(event.pointerId, here(event));
});
stage.addEventListener("pointermove", (event) => {
  const before = fingers.get(event.pointerId);
  if (!before) return;
  const now = here(event), others = [...fingers].filter(([id]) => id !== event.pointerId);
  moved += Math.hypot(now[0] - before[0], now[1] - before[1]);
  if (moved > 4 && !stage.hasPointerCapture(event.pointerId)) {
    stage.setPointerCapture(event.pointerId);
    stage.classList.add("moving");
  }
  if (others.length) {
    const other = others[0][1], far = ([a, b]) => Math.hypot(a - other[0], b - other[1]) || 1;
    zoom(far(now) / far(before), other[0], other[1]);
  } else if (moved > 4) {
    pan(now[0] - before[0], now[1] - before[1]);
  }
  fingers.set(event.pointerId, now);
});
const lift = (event) => { fingers.delete(event.pointerId); stage.classList.remove("moving"); };
stage.addEventListener("pointerup", lift);
stage.addEventListener("pointercancel", lift);
stage.addEventListener("lostpointercapture", lift);
stage.addEventListener("wheel", (event) => {
  event.preventDefault();
  const [x, y] = here(event), step = event.deltaMode ? event.deltaY * 20 : event.deltaY;
  zoom(Math.exp(-Math.max(-200, Math.min(200, step)) / 400), x, y);
}, { passive: false });
one("#in").onclick = () => zoom(1.3);
one("#out").onclick = () => zoom(1 / 1.3);
one("#fit").onclick = fit;
const root = document.documentElement, theme = one("#theme");
if (theme) theme.onclick = () => {
  const dark = getComputedStyle(root).colorScheme === "dark";
  root.dataset.theme = dark ? "light" : "dark";
};

// True if the key was one of the picture's own.
function moves(event) {
  const far = 60, ways = { ArrowLeft: [far, 0], ArrowRight: [-far, 0], ArrowUp: [0, far], ArrowDown: [0, -far] };
  if (event.key === "+" || event.key === "=") zoom(1.3);
  else if (event.key === "-" || event.key === "_") zoom(1 / 1.3);
  else if (event.key === "0" || event.key === "f") fit();
  else if (ways[event.key]) pan(...ways[event.key]);
  else return false;
  return true;
}
const writing = (event) => /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
const strange = (event) => event.ctrlKey || event.metaKey || event.altKey;

// All that is shown comes in as text: nothing in a label is ever read as HTML.
function tell(note, buttons = []) {
  panel.replaceChildren(...note.split("\n").map((line) => {
    const p = document.createElement("p");
    p.textContent = line;
    p.dir = "auto";
    return p;
  }), ...buttons.map(([words, action]) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = words;
    button.onclick = action;
    return button;
  }));
}
function hint(words) {
  tell(words);
  panel.firstChild.className = "hint";
}
const ends = (wire) => [wire.dataset.from, wire.dataset.to];
const partOf = (event) => event.target.closest?.("[data-node],[data-wire],[data-group]");

// Light up a box with its wires and neighbours, or a wire with its ends; the rest steps back.
function light(part) {
  const svg = current();
  for (const old of all(".lit", svg)) old.classList.remove("lit");
  svg.classList.toggle("dim", Boolean(part));
  if (!part) return;
  const lit = new Set(), wires = new Set();
  if (part.dataset.node) lit.add(part.dataset.node);
  for (const wire of all("[data-wire]", svg)) {
    if (wire === part || (part.dataset.node && ends(wire).includes(part.dataset.node))) {
      wires.add(wire.dataset.wire);
      for (const end of ends(wire)) lit.add(end);
    }
  }
  for (const node of all("[data-node]", svg)) node.classList.toggle("lit", lit.has(node.dataset.node));
  for (const wire of all("[data-wire]", svg)) wire.classList.toggle("lit", wires.has(wire.dataset.wire));
  for (const label of all("[data-label]", svg)) label.classList.toggle("lit", wires.has(label.dataset.label));
}
addEventListener("resize", begin);
