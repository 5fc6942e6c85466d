// Play a run step by step.
const HINT = "Point at a box or a wire to read it. Keys: ← → steps, Home, End, space plays, + − 0 zoom.";
const slider = one("#slider"), play = one("#play"), speed = one("#speed"), caption = one("#caption"), at = one("#at");
const steps = all("[data-go]"), last = facts.captions.length - 1;
const follow = one("#follow");
let now = 0, timer = 0, kept = "";

const moving = all("[data-at]", current()).map((part) => [part, part.dataset.at.split(" ").map((run) => {
  const [from, to] = run.split("-").map(Number);
  return [from, to ?? from];
})]);
function step(to) {
  now = Math.min(Math.max(to, 0), last);
  const held = document.activeElement?.dataset?.node;
  for (const [part, runs] of moving) part.toggleAttribute("hidden", !runs.some(([a, b]) => a <= now && now <= b));
  if (held) seen(held)?.focus({ preventScroll: true });
  caption.textContent = facts.captions[now];
  slider.value = now + 1;
  slider.setAttribute("aria-valuetext", `step ${now + 1} of ${last + 1}: ${facts.captions[now]}`);
  at.textContent = `${now + 1} of ${last + 1}`;
  one("#first").disabled = one("#previous").disabled = now === 0;
  one("#next").disabled = one("#last").disabled = now === last;
  steps.forEach((button, k) => k === now ? button.setAttribute("aria-current", "step") : button.removeAttribute("aria-current"));
  if (kept) read(seen(kept));
  track();
}
// The longest captions say how much room a caption has: the picture stays where it is from step to step.
const longest = [...facts.captions].sort((a, b) => b.length - a.length).slice(0, 3);
function settle() {
  caption.style.minHeight = "";
  const heights = longest.map((words) => { caption.textContent = words; return Math.ceil(caption.getBoundingClientRect().height); });
  caption.textContent = facts.captions[now];
  caption.style.minHeight = `${Math.max(...heights)}px`;
  fit();
}
addEventListener("resize", () => { settle(); if (follow.getAttribute("aria-pressed") === "true") pursue(true); });
// Where the whole does not fit at a size that can be read, the picture goes along with the step. A step about no box,
// such as the first, shows where the next begins.
function track() {
  if (follow.getAttribute("aria-pressed") !== "true") return;
  for (const node of facts.about.slice(now).find((nodes) => nodes.length) ?? []) reveal(seen(node));
}
function pursue(on) {
  follow.setAttribute("aria-pressed", String(on));
  fit();
  if (on && view.k < 1) { zoom(1 / view.k, 0, 0); track(); }
}
follow.onclick = () => pursue(follow.getAttribute("aria-pressed") !== "true");
const seen = (node) => all("[data-node]", current()).find((part) => part.dataset.node === node && !part.hasAttribute("hidden"));
function read(part) {
  if (part?.dataset.note) tell(part.dataset.note); else hint(HINT);
}
function pause() {
  clearInterval(timer);
  timer = 0;
  play.textContent = "play";
  play.setAttribute("aria-pressed", "false");
}
function start() {
  if (now === last) step(0);
  clearInterval(timer);
  timer = setInterval(() => { step(now + 1); if (now === last) pause(); }, Number(speed.value));
  play.textContent = "pause";
  play.setAttribute("aria-pressed", "true");
}
const turn = (to) => { pause(); step(to); };
one("#first").onclick = () => turn(0);
one("#previous").onclick = () => turn(now - 1);
one("#next").onclick = () => turn(now + 1);
one("#last").onclick = () => turn(last);
play.onclick = () => timer ? pause() : start();
speed.onchange = () => { if (timer) start(); };
slider.oninput = () => turn(Number(slider.value) - 1);
for (const button of steps) button.onclick = () => turn(Number(button.dataset.go));

stage.addEventListener("pointerover", (event) => { if (!kept && !fingers.size && partOf(event)) read(partOf(event)); });
stage.addEventListener("pointerout", (event) => { if (!kept && !fingers.size && partOf(event)) hint(HINT); });
stage.addEventListener("click", (event) => {
  if (moved > 4) return;
  const part = partOf(event);
  kept = part?.dataset.node ?? "";
  read(part);
});
stage.addEventListener("focusin", (event) => { const part = partOf(event); if (part) read(part); });
addEventListener("keydown", (event) => {
  if (strange(event) || writing(event)) return;
  const keys = { ArrowRight: now + 1, ArrowLeft: now - 1, PageDown: now + 1, PageUp: now - 1, Home: 0, End: last };
  if (event.key in keys) turn(keys[event.key]);
  else if (event.key === " " && event.target.tagName !== "BUTTON" && event.target.tagName !== "SUMMARY") timer ? pause() : start();
  else if (event.key === "Escape") { kept = ""; hint(HINT); }
  else if (!moves(event)) return;
  event.preventDefault();
});
for (const part of all("[data-node]", current())) part.setAttribute("tabindex", "0");
for (const part of all("[data-group]", current())) { part.removeAttribute("tabindex"); part.removeAttribute("role"); }
hint(HINT);
settle();
pursue(view.k < 0.6);
step(0);
