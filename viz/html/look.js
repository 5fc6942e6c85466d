// Look at one picture: choose, search, fold.
const HINT = "Point at a box or a wire to read it; click to keep it. Drag to move, wheel to zoom, fit to see the whole. Keys: / search, n first box, arrows, + − 0, Enter folds, Esc.";
const search = one("#search"), count = one("#count"), choice = one("#state");
let kept = null, hits = [], hit = -1;

const leads = () => facts.leads[Number(current().dataset.state)];
const way = (part) => leads()[part.dataset.node ?? "/" + part.dataset.group];
function show(part) {
  const to = part.dataset.wire ? undefined : way(part);
  const words = part.dataset.group ? `scope ${part.dataset.group}` : part.dataset.note;
  const button = [part.dataset.group ? "fold" : "unfold", () => go(to, part)];
  tell(words, to === undefined ? [] : [button]);
  light(part.dataset.group ? null : part);
}
function keep(part) {
  for (const old of all(".chosen")) old.classList.remove("chosen");
  kept = part;
  if (!part) { light(null); hint(HINT); return; }
  if (part.dataset.node) part.classList.add("chosen");
  show(part);
}
function go(state, from) {
  if (state === undefined) return;
  const name = from?.dataset.name, group = from?.dataset.group;
  keep(null);
  for (const svg of all("#stage>svg")) svg.toggleAttribute("hidden", Number(svg.dataset.state) !== state);
  if (choice) choice.value = state;
  setUp();
  begin();
  if (search.value) find();
  // Stay with what was folded or unfolded.
  const parts = all("[data-node],[data-group]", current());
  const next = from && parts.find((part) => group ? part.dataset.name === group.split("/").pop() : part.dataset.group?.split("/").pop() === name);
  if (next) { next.focus({ preventScroll: true }); reveal(next); }
}
function setUp() {
  const parts = all("[data-node]", current());
  parts.forEach((part, k) => part.setAttribute("tabindex", k ? "-1" : "0"));
  for (const part of all("[data-node],[data-group]", current())) {
    const to = way(part);
    if (to === undefined && part.dataset.group) { part.removeAttribute("role"); part.removeAttribute("tabindex"); }
    else if (to !== undefined) {
      part.setAttribute("aria-expanded", part.dataset.group ? "true" : "false");
      if (part.dataset.group) part.setAttribute("tabindex", "0");
    }
  }
}
if (choice) choice.onchange = () => go(Number(choice.value));

stage.addEventListener("pointerover", (event) => {
  const part = partOf(event);
  if (!kept && !fingers.size && part && event.pointerType === "mouse") show(part);
});
stage.addEventListener("pointerout", (event) => {
  if (!kept && !fingers.size && partOf(event) && event.pointerType === "mouse") { light(null); hint(HINT); if (search.value) mark(); }
});
stage.addEventListener("click", (event) => {
  if (moved > 4) return;
  keep(partOf(event) ?? null);
});
stage.addEventListener("dblclick", (event) => {
  const part = partOf(event);
  if (part && !part.dataset.wire) go(way(part), part);
});
stage.addEventListener("focusin", (event) => {
  const part = partOf(event);
  if (!part || part.dataset.wire) return;
  if (part.dataset.node) for (const other of all("[data-node][tabindex='0']", current())) if (other !== part) other.setAttribute("tabindex", "-1");
  part.setAttribute("tabindex", "0");
  if (part.matches(":focus-visible")) { keep(part); reveal(part); }
});

function find() {
  const words = search.value.normalize("NFC").toLowerCase().split(/\s+/).filter(Boolean);
  const nodes = all("[data-node]", current());
  hits = words.length ? nodes.filter((part) => {
    const text = part.dataset.find.normalize("NFC").toLowerCase();
    return words.every((word) => text.includes(word));
  }) : [];
  hit = -1;
  count.textContent = words.length ? `${hits.length} of ${nodes.length}` : "";
  if (!words.length) { keep(null); return; }
  kept = null;
  mark();
}
function mark() {
  light(null);
  const svg = current();
  svg.classList.add("dim");
  for (const part of hits) part.classList.add("lit");
}
search.addEventListener("input", find);
search.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && hits.length) {
    hit = (hit + (event.shiftKey ? -1 : 1) + hits.length) % hits.length;
    approach(hits[hit]);
    keep(hits[hit]);
    count.textContent = `${hit + 1} of ${hits.length}`;
  } else if (event.key === "Escape") {
    search.value = "";
    find();
    stage.focus();
  } else return;
  event.preventDefault();
});

// From box to box: the nearest one that way.
function neighbour(part, key) {
  const centre = (p) => { const b = p.getBoundingClientRect(); return [b.left + b.width / 2, b.top + b.height / 2]; };
  const [x, y] = centre(part), ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const [wx, wy] = ways[key];
  let best = null, least = Infinity;
  for (const other of all("[data-node]", current())) {
    const [ox, oy] = centre(other), along = (ox - x) * wx + (oy - y) * wy, aside = Math.abs((ox - x) * wy) + Math.abs((oy - y) * wx);
    if (other !== part && along > 1 && along + 2 * aside < least) { best = other; least = along + 2 * aside; }
  }
  return best;
}
addEventListener("keydown", (event) => {
  if (strange(event) || writing(event)) return;
  const part = document.activeElement?.closest?.("[data-node],[data-group]");
  const inside = document.activeElement === document.body || stage.contains(document.activeElement);
  if (event.key === "/") { search.focus(); search.select(); }
  else if (event.key === "Escape") { keep(null); stage.focus(); }
  else if (!inside) return;
  else if (event.key === "n") one("[data-node]", current())?.focus();
  else if (part && (event.key === "Enter" || event.key === " ")) { if (way(part) === undefined) keep(part); else go(way(part), part); }
  else if (part?.dataset.node && event.key.startsWith("Arrow")) neighbour(part, event.key)?.focus();
  else if (!moves(event)) return;
  event.preventDefault();
});
setUp();
begin();
hint(HINT);
