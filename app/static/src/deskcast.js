// Small helps on pages that work without them. No page needs this file to do its work.

const store = {
  get: (name) => {
    try {
      return localStorage.getItem(`deskcast-${name}`);
    } catch {
      return null;
    }
  },
  set: (name, value) => {
    try {
      localStorage.setItem(`deskcast-${name}`, value);
    } catch {
      // Closed storage: the choice lasts for this page.
    }
  },
};
const root = document.documentElement;
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const one = (id) => document.getElementById(id);

// ---- theme -------------------------------------------------------------------
function switchTheme() {
  const dark = root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  store.set("theme", root.dataset.theme);
}

// ---- keys: every [data-key] on the page, and ? -------------------------------
const keysAreOn = () => store.get("keys") !== "off";
root.classList.toggle("keys-on", keysAreOn() && matchMedia("(hover: hover)").matches);

function isTyping(target) {
  return target.isContentEditable || target.matches("input, textarea, select, [role=textbox]");
}

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing) return;
  if (isTyping(event.target) || !keysAreOn() || document.querySelector("dialog[open]")) return;
  if (event.key === "?") return act(event, showKeys);
  const target = all("[data-key]").find((e) => e.dataset.key === event.key && e.checkVisibility());
  if (target) act(event, () => (target.matches("input, textarea, select") ? target.focus() : target.click()));
}

function act(event, what) {
  event.preventDefault();
  what();
}

function showKeys() {
  const list = one("keys-list");
  const rows = all("[data-key]")
    .filter((element) => element.checkVisibility())
    .map((element) => [element.dataset.key, element.dataset.keyLabel]);
  list.replaceChildren(...[...rows, ["?", list.dataset.helpLabel]].flatMap(keyRow));
  one("keys-on").checked = keysAreOn();
  one("keys-dialog").showModal();
}

function keyRow([key, label]) {
  const term = document.createElement("dt");
  const mark = document.createElement("kbd");
  mark.className = "key";
  mark.textContent = key;
  term.append(mark);
  const meaning = document.createElement("dd");
  meaning.textContent = label;
  return [term, meaning];
}

// ---- confirm, then send; and never send twice --------------------------------
function submitted(event) {
  const form = event.target;
  if (form.method === "dialog" || event.defaultPrevented) return;
  if (form.dataset.sending) return event.preventDefault();
  const asks = event.submitter?.dataset.confirm ? event.submitter : form;
  if (asks.dataset.confirm && !form.dataset.confirmed) return ask(event, form, asks.dataset);
  delete form.dataset.confirmed;
  if (form.method === "post" && !form.hasAttribute("data-stay")) guard(event, form, event.submitter);
}

function ask(event, form, words) {
  event.preventDefault();
  event.stopImmediatePropagation();
  const dialog = one("confirm-dialog");
  const { submitter } = event;
  one("confirm-title").textContent = words.confirmTitle ?? submitter?.textContent.trim() ?? "";
  one("confirm-text").textContent = words.confirm;
  one("confirm-yes").textContent = words.confirmAct ?? submitter?.textContent.trim() ?? "";
  dialog.returnValue = "no";
  dialog.addEventListener("close", () => goOn(dialog, form, submitter), { once: true });
  dialog.showModal();
}

function goOn(dialog, form, submitter) {
  if (dialog.returnValue !== "yes") return submitter?.focus();
  form.dataset.confirmed = "yes";
  form.requestSubmit(submitter);
}

// The browser collects the fields after this handler, so the button is disabled a moment later:
// its name and value still go along. A form that answers with a file says data-stay.
function guard(event, form, submitter) {
  if (usesHtmx(form, submitter)) return;
  form.dataset.sending = "yes";
  setTimeout(() => {
    if (event.defaultPrevented) return delete form.dataset.sending;
    for (const button of all("button:not([type=button])", form)) button.disabled = true;
    submitter?.classList.add("is-busy");
  });
}

function usesHtmx(...elements) {
  const names = ["hx-post", "hx-get", "hx-put", "hx-patch", "hx-delete"];
  return elements.some((element) => element && names.some((name) => element.hasAttribute(name)));
}

// A page that comes back from the browser's own store must be usable again.
function cameBack(event) {
  if (!event.persisted) return;
  for (const form of all("form[data-sending]")) {
    delete form.dataset.sending;
    for (const button of all("button:disabled", form)) button.disabled = false;
  }
}

// ---- messages and undo -------------------------------------------------------
function countDown(toast) {
  let left = Number(toast.dataset.undo);
  const shown = toast.querySelector("[data-undo-left]");
  const tick = () => {
    if (!toast.isConnected) return clearInterval(clock);
    if (!("undoStrict" in toast.dataset) && toast.matches(":hover, :focus-within")) return;
    if (left <= 0) return toast.remove();
    if (shown) shown.textContent = left;
    left -= 1;
  };
  const clock = setInterval(tick, 1000);
  tick();
}

// ---- tabs out of stacked panels ----------------------------------------------
function makeTabs(holder) {
  if (holder.classList.contains("is-tabbed")) return;
  const panels = all(":scope > [data-tab]", holder);
  const list = document.createElement("div");
  list.className = "tab-list";
  list.setAttribute("role", "tablist");
  list.setAttribute("aria-label", holder.dataset.tabs);
  const tabs = panels.map((panel) => tabFor(panel));
  list.append(...tabs);
  list.addEventListener("keydown", (event) => walkTabs(event, tabs));
  holder.prepend(list);
  holder.classList.add("is-tabbed");
  const before = tabs.find((tab) => tab.getAttribute("aria-controls") === store.get(`tab-${holder.id}`));
  choose(before ?? tabs[0], tabs);
  for (const tab of tabs) {
    tab.addEventListener("click", () => {
      choose(tab, tabs);
      store.set(`tab-${holder.id}`, tab.getAttribute("aria-controls"));
    });
  }
}

function tabFor(panel) {
  const tab = document.createElement("button");
  tab.type = "button";
  tab.className = "tab";
  tab.id = `${panel.id}-tab`;
  tab.setAttribute("role", "tab");
  tab.setAttribute("aria-controls", panel.id);
  tab.append(...[...panel.querySelector(".tab-head").childNodes].map((node) => node.cloneNode(true)));
  panel.setAttribute("role", "tabpanel");
  panel.setAttribute("aria-labelledby", tab.id);
  return tab;
}

function choose(chosen, tabs) {
  for (const tab of tabs) {
    const isChosen = tab === chosen;
    tab.setAttribute("aria-selected", String(isChosen));
    tab.tabIndex = isChosen ? 0 : -1;
    one(tab.getAttribute("aria-controls")).hidden = !isChosen;
  }
}

function walkTabs(event, tabs) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const forward = getComputedStyle(event.currentTarget).direction === "rtl" ? -step : step;
  const next = tabs.at((tabs.indexOf(document.activeElement) + forward) % tabs.length);
  next.focus();
  next.click();
}

// ---- ticked rows -------------------------------------------------------------
function countTicks() {
  const ticked = all("[data-bulk]:checked").length;
  for (const bar of all("[data-bulk-bar]")) {
    bar.classList.toggle("is-shown", ticked > 0);
    bar.querySelector("[data-bulk-count]").textContent = ticked;
  }
}

// ---- menus stay in the window; slow answers show it ---------------------------
function opened(event) {
  const menu = event.target;
  const list = menu.querySelector?.(":scope > .menu-list");
  if (!list || !menu.open) return;
  menu.classList.remove("at-end");
  menu.classList.toggle("at-end", list.getBoundingClientRect().right > innerWidth);
}

let slow = null;
function asked() {
  clearTimeout(slow);
  slow = setTimeout(() => root.classList.add("is-slow"), 2000);
}

function answered() {
  clearTimeout(slow);
  root.classList.remove("is-slow");
}

// ---- one ear for the whole page ----------------------------------------------
function clicked(event) {
  const at = (selector) => event.target.closest(selector);
  if (at("[data-theme-switch]")) switchTheme();
  if (at("[data-show-keys]")) showKeys();
  at("[data-dismiss]")?.closest(".flash").remove();
  for (const menu of all("details[data-menu][open]")) if (!menu.contains(event.target)) menu.open = false;
}

function escaped(event) {
  if (event.key !== "Escape") return;
  for (const menu of all("details[data-menu][open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
}

function prepare(within = document) {
  all("[data-tabs]", within).forEach(makeTabs);
  all("[data-undo]:not([data-counting])", within).forEach((toast) => {
    toast.dataset.counting = "yes";
    countDown(toast);
  });
  countTicks();
}

document.addEventListener("keydown", pressed);
document.addEventListener("keydown", escaped);
document.addEventListener("click", clicked);
document.addEventListener("submit", submitted, true);
document.addEventListener("change", (event) => event.target.matches("[data-bulk]") && countTicks());
document.addEventListener("toggle", opened, true);
document.addEventListener("htmx:after:swap", () => prepare());
document.addEventListener("htmx:before:request", asked);
document.addEventListener("htmx:finally:request", answered);
addEventListener("pageshow", cameBack);
one("keys-on")?.addEventListener("change", (event) => {
  store.set("keys", event.target.checked ? "on" : "off");
  root.classList.toggle("keys-on", event.target.checked);
});
document.querySelector("[data-focus]")?.focus();
prepare();
