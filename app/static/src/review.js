// Words selected in a preview go into the fields that ask which words; a panel of the bar takes the focus.
let chosen = { quote: "", network: "" };

function readSelection() {
  const selection = getSelection();
  const text = selection.toString().replace(/\s+/g, " ").trim();
  const start = selection.anchorNode?.parentElement?.closest("[data-quote-from]");
  const end = selection.focusNode?.parentElement?.closest("[data-quote-from]");
  if (!text || !start || start !== end) return;
  chosen = { quote: text.slice(0, 1000), network: start.dataset.quoteFrom };
  for (const form of document.querySelectorAll("form")) offer(form);
}

// What somebody typed there by hand stays.
function offer(form) {
  const quote = form.querySelector("[data-quote]");
  const network = form.querySelector("[data-quote-network]");
  if (!quote || (quote.value && quote.value !== quote.dataset.offered)) return;
  quote.value = chosen.quote;
  quote.dataset.offered = chosen.quote;
  if (network) network.value = chosen.network;
}

function opened(event) {
  const panel = event.target;
  if (!panel.matches?.("[data-bar-panel]") || !panel.open) return;
  for (const other of document.querySelectorAll("[data-bar-panel][open]")) if (other !== panel) other.open = false;
  panel.querySelector("textarea").focus();
}

// A panel with words in it is not closed by a click beside it: somebody may be selecting words to quote.
function keepOpen(event) {
  const panel = document.querySelector("[data-bar-panel][open]");
  if (!panel || panel.contains(event.target)) return;
  if (event.target.closest("[data-quotable]") || panel.querySelector("textarea").value) event.stopPropagation();
}

// ---- several at once: rows chosen in the queue, ticks on the page of what was chosen ----
function chooseRow(rows) {
  const ticks = [...rows.querySelectorAll("[data-bulk]")];
  const at = document.activeElement?.closest("li");
  const tick = ticks.find((t) => t.closest("li") === at) ?? ticks.find((t) => !t.checked) ?? ticks[0];
  tick?.click();
  const next = ticks[ticks.indexOf(tick) + 1] ?? tick;
  next?.closest("li").querySelector("a").focus();
}

function clicked(event) {
  const rows = event.target;
  if (!event.isTrusted && rows.matches("[data-choose]")) chooseRow(rows);  // the key, not the mouse
}

function changed(event) {
  const all = event.target.matches("[data-choose-all]");
  if (all) for (const tick of document.querySelectorAll("[data-bulk]")) if (tick.checked !== event.target.checked) tick.click();
  if (event.target.matches("[data-ticks]")) countTicked();
}

function countTicked() {
  const button = document.querySelector("[data-count-label]");
  if (!button) return;
  const count = document.querySelectorAll("[data-ticks]:checked").length;
  button.querySelector("span").textContent = button.dataset.countLabel.replace("{count}", count);
  button.disabled = count === 0;
}

countTicked();
document.addEventListener("click", clicked);
document.addEventListener("change", changed);
document.addEventListener("selectionchange", readSelection);
document.addEventListener("toggle", opened, true);
document.addEventListener("click", keepOpen, true);
