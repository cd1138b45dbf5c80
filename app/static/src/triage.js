// Walking through stories by keyboard. The page works without it: this only says which story the keys are for.

const list = document.querySelector("[data-triage]");
const stories = list ? [...list.querySelectorAll("[data-story]")] : [];
let current = -1;

// The keys themselves are heard by deskcast.js, which looks for [data-key]: only the current story has them.
function giveKeys(story, yes) {
  for (const act of story.querySelectorAll("[data-story-key]")) {
    if (yes) {
      act.dataset.key = act.dataset.storyKey;
      act.dataset.keyLabel = act.dataset.storyLabel;
    } else {
      delete act.dataset.key;
      delete act.dataset.keyLabel;
    }
  }
}

function choose(number, { focus = true } = {}) {
  const story = stories[number];
  if (!story || number === current) return;
  const before = story.getBoundingClientRect().top;
  if (current >= 0) {
    stories[current].classList.remove("is-current");
    giveKeys(stories[current], false);
  }
  current = number;
  story.classList.add("is-current");
  giveKeys(story, true);
  scrollBy({ top: story.getBoundingClientRect().top - before, behavior: "instant" }); // it stays where it was seen
  if (!focus) return;
  story.focus({ preventScroll: true });
  story.scrollIntoView({ block: "nearest" });
}

function stepButton(key, label, step) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "visually-hidden-focusable btn btn-plain btn-sm";
  button.dataset.key = key;
  button.dataset.keyLabel = label;
  button.textContent = label;
  button.addEventListener("click", () => choose(Math.min(Math.max(current + step, 0), stories.length - 1)));
  return button;
}

const numberOf = (event) => stories.indexOf(event.target.closest("[data-story]"));

// A press of the mouse gives focus before it is a click: nothing may move under it meanwhile.
let isPressing = false;

function focused(event) {
  if (!isPressing) choose(numberOf(event), { focus: false });
}

if (stories.length) {
  list.classList.add("is-stepping");
  const keys = document.querySelector("[data-triage-keys]");
  keys?.after(stepButton("j", keys.dataset.next, 1), stepButton("k", keys.dataset.previous, -1));
  const asked = stories.findIndex((story) => `#${story.id}` === location.hash);
  choose(Math.max(asked, 0), { focus: asked >= 0 });
  list.addEventListener("pointerdown", () => (isPressing = true));
  for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => (isPressing = false));
  list.addEventListener("click", (event) => choose(numberOf(event), { focus: false }));
  list.addEventListener("focusin", focused);
  addEventListener("hashchange", () => choose(stories.findIndex((story) => `#${story.id}` === location.hash)));
}
