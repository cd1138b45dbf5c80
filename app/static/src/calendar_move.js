// Moving a publication: one way for the mouse, the keys and the dialog. It says what came of it, and offers undo.

const place = document.getElementById("calendar");
const saying = document.getElementById("calendar-said");
const QUARTER = 15;
const DAY = 24 * 60;

function svgIcon(name, label = "") {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  if (label) {
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", label);
  } else {
    svg.setAttribute("aria-hidden", "true");
  }
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${place.dataset.sprite}#${name}`);
  svg.append(use);
  return svg;
}

// Wall times are counted as if they were UTC: no zone of the browser's own comes in.
const asWall = (instant) => new Date(instant).toISOString().slice(0, 16);
const shifted = (wall, minutes) => asWall(Date.parse(`${wall}Z`) + minutes * 60_000);

function say(kind, sentence, undo) {
  const note = document.createElement("div");
  note.className = `note note-${kind}`;
  note.append(svgIcon({ good: "circle-check", warn: "alert-triangle", bad: "alert-octagon" }[kind]));
  const words = document.createElement("div");
  words.className = "note-in";
  words.textContent = sentence;
  note.append(words);
  if (undo) note.append(undo);
  saying.replaceChildren(note);
  clearTimeout(say.clock);
  say.clock = setTimeout(() => note.remove(), undo ? 15_000 : 9_000);
}

async function send(url, fields) {
  const answer = await fetch(url, {
    method: "POST",
    headers: { Accept: "application/json", "X-CSRFToken": place.dataset.csrf },
    body: new URLSearchParams(fields),
  }).catch(() => null);
  if (!answer) return { ok: false, said: "The connection was lost. Nothing was moved; try again." };
  const body = await answer.json().catch(() => ({}));
  return { ok: answer.ok, said: body.message ?? body.said ?? "That did not work. Reload the page.", body };
}

// `wall` is a time of the desk: 2026-05-04T09:30. Resolves to the answer, or null when it was refused (and said).
async function moveTo(url, version, wall, after) {
  const fields = { date: wall.slice(0, 10), time: wall.slice(11, 16), zone: place.dataset.zone, seen: version, keep_zone: "1" };
  const answer = await send(url, fields);
  if (!answer.ok) {
    say("bad", answer.said);
    return null;
  }
  const { clocks, near, undo } = answer.body;
  const notes = [answer.said, clocks, near.length ? `Near it on the same account: ${near.join(", ")}.` : ""];
  say(clocks || near.length ? "warn" : "good", notes.filter(Boolean).join(" "), undoButton(url, undo, after));
  return answer.body;
}

function undoButton(url, fields, after) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn btn-plain btn-sm";
  button.append(svgIcon("arrow-back-up"), "Undo");
  button.addEventListener("click", async () => {
    button.disabled = true;
    const answer = await send(url, fields);
    say(answer.ok ? "good" : "bad", answer.said);
    if (answer.ok) after(answer.body);
  });
  return button;
}

// ---- the dialog: m on a focused card --------------------------------------------
function openMove(card, moved) {
  const dialog = document.getElementById("move-dialog");
  const [date, time] = [document.getElementById("move-date"), document.getElementById("move-time")];
  document.getElementById("move-what").textContent = card.title;
  [date.value, time.value] = [card.wall.slice(0, 10), card.wall.slice(11, 16)];
  dialog.onclick = (event) => {
    const minutes = event.target.closest("[data-shift]")?.dataset.shift;
    if (minutes) [date.value, time.value] = shifted(`${date.value}T${time.value}`, Number(minutes)).split("T");
    if (event.target.closest("[data-close]")) dialog.close();
  };
  document.getElementById("move-form").onsubmit = async (event) => {
    event.preventDefault();
    dialog.close();
    const body = await moveTo(card.url, card.version, `${date.value}T${time.value}`, moved);
    if (body) moved(body);
  };
  dialog.onclose = () => card.focus();
  dialog.showModal();
}

const KEYS = { ArrowLeft: -DAY, ArrowRight: DAY, ArrowUp: -QUARTER, ArrowDown: QUARTER };

// `find` turns the focused element into {title, wall, url, version, focus}, or nothing where it cannot be moved.
function listenForKeys(find, moved) {
  document.addEventListener("keydown", async (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const step = event.shiftKey ? KEYS[event.key] : 0;
    if (!step && event.key !== "m") return;
    const card = find(document.activeElement);
    if (!card) return;
    event.preventDefault();
    if (event.key === "m") return openMove(card, moved);
    const body = await moveTo(card.url, card.version, shifted(card.wall, step), moved);
    if (body) moved(body);
  });
}
