// A calendar as pages make it: our cards inside FullCalendar's grid, nothing inline.
const sprite = document.getElementById("calendar").dataset.sprite;

function icon(name, label) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${sprite}#${name}`);
  svg.append(use);
  return svg;
}

function card(info) {
  const { network, mark, word } = info.event.extendedProps;
  const head = document.createElement("span");
  head.className = "slot-card-head";
  const time = document.createElement("time");
  time.textContent = info.timeText;
  const state = document.createElement("span");
  state.className = "state-mark";
  state.append(icon(mark, word));
  head.append(time, icon(`brand-${network}`, network), state);
  const words = document.createElement("span");
  words.className = "slot-card-words";
  words.dir = "auto";
  words.textContent = info.event.title;
  return { domNodes: [head, words] };
}

const kettle = { network: "bluesky", mark: "circle-check", word: "Out", tone: "approved" };
new FullCalendar.Calendar(document.getElementById("calendar"), {
  initialView: document.getElementById("calendar").dataset.view,
  initialDate: "2026-05-05",
  firstDay: 1,
  editable: true,
  eventDisplay: "block",
  eventTimeFormat: { hour: "2-digit", minute: "2-digit", hour12: false },
  headerToolbar: { start: "prev,next today", center: "title", end: "dayGridMonth,timeGridWeek,listWeek" },
  businessHours: { daysOfWeek: [1, 2, 3, 4, 5], startTime: "09:00", endTime: "18:00" },
  scrollTime: "07:00",
  height: "auto",
  slotMinTime: "07:00",
  slotMaxTime: "20:00",
  eventClass: (info) => (info.event.display === "background" ? "" : `slot-card state-${info.event.extendedProps.tone}`),
  eventInnerClass: (info) => (info.event.display === "background" ? "" : "slot-card-in"),
  backgroundEventTitleClass: "band-words",
  backgroundEventColor: "var(--state-held)",
  eventContent: (info) => (info.event.display === "background" ? undefined : card(info)),
  events: [
    { title: "Chalky water? Descale your kettle in ten minutes", start: "2026-05-05T09:30:00", extendedProps: kettle },
    { title: "Dial or buttons?", start: "2026-05-06T14:00:00", extendedProps: { network: "mastodon", mark: "hand-stop", word: "Held", tone: "held" } },
    { title: "هل الماء عندك كلسي؟", start: "2026-05-06T15:30:00", extendedProps: { network: "mastodon", mark: "clock", word: "Waiting", tone: "draft" } },
    { title: "Held: card payments", start: "2026-05-07", end: "2026-05-09", display: "background" },
  ],
}).render();
