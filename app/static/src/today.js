// Counts down to the next post, and asks for the fresh list when its time is near.
let left = 0;
let from = 0;
let counted = null;

function start() {
  const shown = document.querySelector("[data-countdown]");
  if (shown === counted) return;
  counted = shown;
  left = shown ? Number(shown.dataset.countdown) : 0;
  from = performance.now();
  tick();
}

function tick() {
  if (!counted?.isConnected) return;
  const seconds = Math.max(0, Math.round(left - (performance.now() - from) / 1000));
  counted.textContent = seconds ? said(seconds) : counted.dataset.now;
  if (seconds <= Number(counted.dataset.soon) && left > Number(counted.dataset.soon)) look();
}

function said(seconds) {
  const minutes = Math.floor(seconds / 60);
  return `${minutes}:${String(seconds % 60).padStart(2, "0")}`;
}

function look() {
  left = 0;
  document.getElementById("today-publications")?.dispatchEvent(new Event("look"));
}

document.addEventListener("htmx:after:swap", start);
setInterval(tick, 1000);
start();
