new FullCalendar.Calendar(document.getElementById("calendar"), {
  initialView: "dayGridMonth",
  initialDate: "2026-05-05",
  firstDay: 1,
  editable: true,
  headerToolbar: { start: "prev,next today", center: "title", end: "dayGridMonth,timeGridWeek,listWeek" },
  events: [
    { title: "Chalky water? Descale your kettle", start: "2026-05-05T09:30:00" },
    { title: "Dial or buttons?", start: "2026-05-06T14:00:00" },
    { title: "Hold: card payments", start: "2026-05-07", end: "2026-05-09", display: "background" },
  ],
}).render();
