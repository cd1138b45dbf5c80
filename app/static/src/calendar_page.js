// The calendar where script runs on a wide window: the server's days become a grid in which cards can be dragged.
// Everything it shows comes from the desk's own clocks, as wall times; the browser's zone never matters.

const days = document.getElementById("days");
const wide = matchMedia("(min-width: 62rem)");
const isPlanner = place?.dataset.plan === "yes";
let calendar = null;
let focusOn = "";

function cardIn(info) {
  const { mark, word, icon, network } = info.event.extendedProps;
  const head = document.createElement("span");
  head.className = "slot-card-head";
  const time = document.createElement("time");
  time.textContent = info.timeText;
  const state = svgIcon(mark, word);
  state.classList.add("slot-card-mark");
  head.append(time, svgIcon(icon, network), state);
  const words = document.createElement("span");
  words.className = "slot-card-words";
  words.dir = "auto";
  words.textContent = info.event.title;
  return { domNodes: [head, words] };
}

const isPlain = (info) => info.event.display === "background" || info.event.allDay;

function classOf(info) {
  if (info.event.display === "background") return "";
  if (info.event.allDay) return "day-more";
  const { tone, word } = info.event.extendedProps;
  return `slot-card state-${tone}${["Cancelled", "Expired"].includes(word) ? " slot-card-over" : ""}`;
}

async function load({ startStr, endStr }, done, failed) {
  const url = new URL(place.dataset.events, location.href);
  url.searchParams.set("start", startStr.slice(0, 10));
  url.searchParams.set("end", endStr.slice(0, 10));
  const answer = await fetch(url, { headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer?.ok) return failed(new Error("The calendar could not be loaded. Reload the page."));
  const { events, more, bands: windows } = await answer.json();
  done([...events, ...windows, ...more.map((one) => ({ ...one, allDay: true, editable: false })), ...bands(endStr)]);
}

function bands(until) {
  const { stopped, now, view } = place.dataset;
  if (!stopped) return [];
  return [{ title: view === "timeGridWeek" ? `Stopped: ${stopped}` : "", start: now.slice(0, 10), end: until.slice(0, 10), display: "background" }];
}

// ---- said while it is dragged: what is too near on the same account -----------------
function nearOnAccount(event, wall) {
  const { accountId, gap } = event.extendedProps;
  const at = Date.parse(`${wall}Z`);
  const least = Math.max(gap, 60) * 1000;
  return calendar
    .getEvents()
    .filter((other) => other.id !== event.id && other.extendedProps.accountId === accountId)
    .filter((other) => other.extendedProps.counts && Math.abs(other.start.getTime() - at) < least);
}

function overWhere(span, event) {
  const wall = asWall(span.start);
  const near = nearOnAccount(event, wall);
  if (wall < place.dataset.now.slice(0, 16)) say("warn", "That time is past.");
  else if (near.length) say("warn", `Too near on the same account: ${near.map((e) => e.title).join(", ")}.`);
  return true;
}

async function dropped(info) {
  const { move, version } = info.event.extendedProps;
  const body = await moveTo(move, version, asWall(info.event.start), refreshed);
  if (body) refreshed(body);
  else info.revert();
}

function refreshed(body) {
  focusOn = body.event.id;
  calendar.refetchEvents();
}

function mounted(info) {
  if (isPlain(info)) return;
  info.el.dataset.event = info.event.id;
  info.el.title = info.event.extendedProps.reason || info.event.title;
}

// What was moved is drawn anew; the person is still on it.
function drawn() {
  if (!focusOn) return;
  const id = focusOn;
  focusOn = "";
  setTimeout(() => document.querySelector(`[data-event="${id}"]`)?.focus(), 50);
}

function cardOf(element) {
  const event = element?.dataset?.event && calendar?.getEventById(element.dataset.event);
  if (!event || !event.startEditable) return null;
  const { move, version } = event.extendedProps;
  const focus = () => document.querySelector(`[data-event="${event.id}"]`)?.focus();
  return { title: event.title, wall: asWall(event.start), url: move, version, focus };
}

const clock = { hour: "2-digit", minute: "2-digit", hour12: false };

function options() {
  const { view, day, now, opens, closes } = place.dataset;
  return {
    initialView: view, initialDate: day, now, timeZone: "UTC", locale: place.dataset.language, firstDay: 1,
    headerToolbar: false, height: view === "timeGridWeek" ? 760 : "auto", fixedWeekCount: false, dayMaxEvents: view === "dayGridMonth" ? 4 : false,
    eventDisplay: "block", eventTimeFormat: clock, slotHeaderFormat: clock, nowIndicator: true,
    businessHours: { daysOfWeek: [1, 2, 3, 4, 5], startTime: opens, endTime: closes }, scrollTime: "06:00",
    slotDuration: "00:30:00", snapDuration: "00:15:00", defaultTimedEventDuration: "01:00:00", displayEventEnd: false, slotEventOverlap: false, allDayText: "", forceEventDuration: true,
    editable: isPlanner, eventDurationEditable: false, eventStartEditable: isPlanner, dragRevertDuration: 150,
    eventAllow: overWhere, eventDrop: dropped, eventDidMount: mounted, eventsSet: drawn, events: load,
    eventClass: classOf, eventInnerClass: (info) => (isPlain(info) ? "" : "slot-card-in"),
    backgroundEventTitleClass: "band-words", backgroundEventColor: "var(--state-held)",
    eventContent: (info) => (isPlain(info) ? undefined : cardIn(info)),
    eventSourceFailure: (error) => say("bad", error.message),
  };
}

// A wide window shows the grid; a narrow one the server's list of days. Turning a tablet changes between them.
function show() {
  const isGrid = wide.matches && Boolean(globalThis.FullCalendar);
  place.hidden = !isGrid;
  days.hidden = isGrid;
  if (!isGrid && calendar) {
    calendar.destroy();
    calendar = null;
  } else if (isGrid && !calendar) {
    calendar = new FullCalendar.Calendar(place, options());
    calendar.render();
  }
}

// On a narrow window the server's list of days stays; its cards move by the same keys.
function listed(element) {
  if (calendar || !element?.matches?.("[data-movable]")) return null;
  const { version, wall } = element.dataset;
  const title = element.querySelector(".slot-card-words").textContent;
  return { title, wall, version, url: `${element.pathname}/time`, focus: () => element.focus() };
}

if (place && days) {
  show();
  wide.addEventListener("change", show);
  if (isPlanner) listenForKeys((element) => cardOf(element) ?? listed(element), (body) => (calendar ? refreshed(body) : location.reload()));
}
