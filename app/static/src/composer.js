// The composer while people type: keeps the text, shows the previews, takes in pictures.
// Everything here can also be done with the form's own buttons.

(() => {
  const form = document.getElementById("composer");
  if (!form) return;
  const one = (id) => document.getElementById(id);
  const words = form.dataset;
  const shelfKey = `deskcast-composer-${words.post}`;
  const PREVIEW_AFTER = 350;
  const SAVE_AFTER = 1200;
  const TRY_AGAIN_AFTER = 5000;
  const NOT_TEXT = new Set(["csrf_token", "version", "base", "upload", "revision_note", "submission_note", "wanted_at"]);

  let saving = null; // the request under way
  let unsaved = false;
  let stopped = false; // two windows: nothing is kept until the person has chosen
  let leaving = false;
  const timers = {};

  function after(name, wait, what) {
    clearTimeout(timers[name]);
    timers[name] = setTimeout(what, wait);
  }

  // ---- what stands in the form ------------------------------------------------
  function sent() {
    const data = new FormData(form);
    data.delete("upload");
    return data;
  }

  function typed() {
    return [...sent()].filter(([name, value]) => !NOT_TEXT.has(name) && typeof value === "string");
  }

  const asText = (entries) => JSON.stringify(entries.map(([name, value]) => [name, value.replaceAll("\r\n", "\n")]));

  // ---- this browser's own copy, for a connection that is lost -------------------
  const shelf = {
    read() {
      try {
        return JSON.parse(localStorage.getItem(shelfKey));
      } catch {
        return null;
      }
    },
    write() {
      try {
        localStorage.setItem(shelfKey, JSON.stringify({ version: form.elements.version.value, typed: typed() }));
      } catch {
        // Closed or full storage: the text is still in the page and goes to the desk as usual.
      }
    },
    clear() {
      try {
        localStorage.removeItem(shelfKey);
      } catch {
        // Nothing was kept.
      }
    },
  };

  function putBack(entries) {
    const wanted = new Map();
    for (const [name, value] of entries) wanted.set(name, [...(wanted.get(name) ?? []), value]);
    for (const field of form.querySelectorAll("input[name], textarea[name], select[name]")) {
      if (NOT_TEXT.has(field.name) || field.type === "file" || field.type === "hidden") continue;
      const values = wanted.get(field.name) ?? [];
      if (field.type === "checkbox" || field.type === "radio") field.checked = values.includes(field.value);
      else field.value = values[0] ?? "";
    }
  }

  function lookForWords() {
    const kept = shelf.read();
    if (!kept) return;
    if (asText(kept.typed) === asText(typed())) return shelf.clear();
    if (kept.version === form.elements.version.value) {
      putBack(kept.typed);
      say(words.back);
      return changed();
    }
    askWhichText(words.back, () => putBack(kept.typed));
  }

  // ---- keeping ----------------------------------------------------------------
  const savedLine = document.querySelector("[data-saved]");
  function say(sentence) {
    savedLine.textContent = sentence;
  }

  function changed() {
    unsaved = true;
    after("shelf", 250, shelf.write);
    after("preview", PREVIEW_AFTER, preview);
    if (!stopped) after("save", SAVE_AFTER, save);
  }

  function save() {
    if (stopped || leaving) return saving;
    if (saving) return after("save", SAVE_AFTER, save);
    clearTimeout(timers.save);
    unsaved = false;
    saving = keep().finally(() => {
      saving = null;
    });
    return saving;
  }

  async function keep() {
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        body: sent(),
        headers: { Accept: "application/json" },
      });
      await told(answer, await answer.json());
    } catch {
      notKept(words.offline);
    }
  }

  function told(answer, said) {
    if (answer.ok) return kept(said);
    if (answer.status === 409) return askWhichText(said.message, () => {}, said.version);
    if (answer.status === 401) return notKept(words.signedOut);
    if (answer.status === 422) return say([said.message, ...Object.values(said.fields ?? {})].join(" "));
    return notKept(said.message ?? words.offline);
  }

  function kept(said) {
    form.elements.version.value = said.version;
    say(`${words.done} ${said.saved}`);
    if (!unsaved) {
      clearTimeout(timers.shelf);
      shelf.clear();
    }
    one("others").hidden = said.others.length === 0;
    document.querySelector("[data-others]").textContent = `${said.others.join(", ")} ${words.others}`;
  }

  function notKept(sentence) {
    unsaved = true;
    shelf.write();
    say(sentence);
    after("save", TRY_AGAIN_AFTER, save);
  }

  function askWhichText(sentence, restore, version) {
    stopped = true;
    const note = one("two-windows");
    note.querySelector("[data-conflict-text]").textContent = sentence;
    note.hidden = false;
    note.scrollIntoView({ block: "nearest" });
    note.querySelector("[data-keep-mine]").onclick = () => {
      restore();
      if (version !== undefined) form.elements.version.value = version;
      stopped = false;
      note.hidden = true;
      changed();
      save();
    };
  }

  // ---- previews -----------------------------------------------------------------
  let asking = null;
  async function preview() {
    asking?.abort();
    asking = new AbortController();
    try {
      const answer = await fetch(words.preview, {
        method: "POST",
        body: sent(),
        headers: { "HX-Request": "true" },
        signal: asking.signal,
      });
      if (answer.ok) show(await answer.text());
    } catch {
      // The next change asks again; the saved line says when the connection is gone.
    }
  }

  function show(html) {
    const panel = one("panel");
    const inTabs = panel.contains(document.activeElement) && document.activeElement.matches("[role=tab]");
    const { scrollTop } = panel;
    const answers = new Map([...panel.querySelectorAll("textarea")].map((field) => [field.name, field.value]));
    const writing = panel.contains(document.activeElement) && document.activeElement.matches("textarea") && document.activeElement;
    panel.innerHTML = html;
    document.dispatchEvent(new Event("htmx:after:swap"));
    for (const field of panel.querySelectorAll("textarea")) field.value = answers.get(field.name) ?? field.value;
    panel.scrollTop = scrollTop;
    form.querySelector("[data-send] span").textContent = panel.querySelector("[data-send-label]").textContent;
    if (inTabs) panel.querySelector("[role=tab][aria-selected=true]")?.focus();
    const same = writing && panel.querySelector(`textarea[name="${writing.name}"]`);
    if (same) {
      same.focus({ preventScroll: true });
      same.setSelectionRange(writing.selectionStart, writing.selectionEnd);
    }
  }

  one("panel").addEventListener("click", (event) => {
    const wanted = event.target.closest("[data-find]")?.dataset.find;
    if (wanted === undefined) return;
    for (const field of form.querySelectorAll("textarea, input[type=text]")) {
      const start = field.value.indexOf(wanted);
      if (start < 0) continue;
      field.closest("details")?.setAttribute("open", "");
      field.focus();
      field.setSelectionRange(start, start + wanted.length);
      field.scrollIntoView({ block: "center" });
      return;
    }
  });
  one("panel").addEventListener("input", (event) => {
    if (event.target.form === form) changed();
  });

  // ---- pictures -------------------------------------------------------------------
  const rows = one("pictures");
  const wrong = one("upload-wrong");

  async function upload(file) {
    wrong.hidden = true;
    const data = new FormData();
    data.set("csrf_token", form.elements.csrf_token.value);
    data.set("upload", file, file.name || "picture.png");
    try {
      const answer = await fetch(words.upload, { method: "POST", body: data, headers: { Accept: "application/json" } });
      const said = await answer.json();
      if (answer.ok) addPicture(said.html);
      else refuse(said.message);
    } catch {
      refuse(words.offline);
    }
  }

  function refuse(sentence) {
    wrong.textContent = sentence;
    wrong.hidden = false;
  }

  function addPicture(html) {
    const fresh = document.createRange().createContextualFragment(html).querySelector("[data-picture]");
    const there = rows.querySelector(`[data-picture="${fresh.dataset.picture}"]`);
    if (there) there.querySelector("[name=media]").checked = true;
    else rows.append(fresh);
    (there ?? fresh).querySelector("textarea").focus();
    changed();
  }

  async function takeAll(files) {
    for (const file of files) if (file.type.startsWith("image/")) await upload(file);
  }

  form.elements.upload.addEventListener("change", async (event) => {
    const files = [...event.target.files];
    event.target.value = "";
    event.stopPropagation();
    await takeAll(files);
  });
  const zone = one("drop");
  zone.addEventListener("dragover", (event) => {
    event.preventDefault();
    zone.classList.add("is-over");
  });
  zone.addEventListener("dragleave", () => zone.classList.remove("is-over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("is-over");
    takeAll(event.dataTransfer.files);
  });
  form.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    takeAll(files);
  });
  form.addEventListener("click", (event) => {
    const way = event.target.closest("[data-move]")?.dataset.move;
    if (!way) return;
    const row = event.target.closest("[data-picture]");
    const other = way === "up" ? row.previousElementSibling : row.nextElementSibling;
    if (!other) return;
    if (way === "up") other.before(row);
    else other.after(row);
    event.target.closest("[data-move]").focus();
    changed();
  });

  async function pick(box) {
    box.checked = false;
    const answer = await fetch(box.dataset.pick);
    if (answer.ok) addPicture(await answer.text());
  }

  one("picker-search")?.addEventListener("input", (event) => {
    event.stopPropagation();
    after("picker", PREVIEW_AFTER, async () => {
      const address = `${words.pictures}?${new URLSearchParams({ q: event.target.value })}`;
      const answer = await fetch(address, { headers: { "HX-Request": "true" } });
      if (answer.ok) one("picker").innerHTML = await answer.text();
    });
  });

  // ---- topics and products that are not there yet -----------------------------------
  async function addToShelf(field) {
    const holder = field.closest("[data-shelf]");
    const data = new FormData();
    data.set("csrf_token", form.elements.csrf_token.value);
    data.set("name", field.value);
    const answer = await fetch(holder.dataset.shelf, { method: "POST", body: data, headers: { Accept: "application/json" } });
    const said = await answer.json();
    if (!answer.ok) return say(said.message);
    field.value = "";
    tick(holder, said);
    changed();
  }

  function tick(holder, { id, name }) {
    const there = holder.querySelector(`input[type=checkbox][value="${id}"]`);
    if (there) {
      there.checked = true;
      return;
    }
    const card = document.createElement("label");
    card.className = "choice-card";
    const box = Object.assign(document.createElement("input"), {
      type: "checkbox", name: holder.dataset.name, value: id, checked: true, className: "form-check-input",
    });
    const label = Object.assign(document.createElement("span"), { textContent: name, className: "choice-name" });
    card.append(box, label);
    holder.querySelector(".choice-cards").append(card);
  }

  // ---- facts by name ------------------------------------------------------------------
  const facts = form.querySelector("[data-facts]");
  let lastText = form.elements.text;
  form.addEventListener("focusin", (event) => {
    if (event.target.matches("textarea:not([name=submission_note]), [name=title]")) lastText = event.target;
  });
  for (const part of facts?.querySelectorAll("[hidden]") ?? []) part.hidden = false;
  const names = facts?.querySelector(".fact-names");
  if (names) names.hidden = true;
  facts?.querySelector("[data-insert]").addEventListener("click", () => {
    lastText.focus();
    lastText.setRangeText(facts.querySelector("[data-fact]").value, lastText.selectionStart, lastText.selectionEnd, "end");
    changed();
  });

  // ---- keys and leaving ---------------------------------------------------------------
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || document.querySelector("dialog[open]")) return;
    const button = { s: "[data-save]", Enter: "[data-send]" }[event.key];
    if (!button) return;
    event.preventDefault();
    form.requestSubmit(form.querySelector(button));
  });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey || event.isComposing) return;
    if (!event.target.matches("input:not([type=checkbox], [type=radio], [type=file])")) return;
    event.preventDefault();
    if (event.target.closest("[data-shelf]") && event.target.value.trim()) addToShelf(event.target);
    else save();
  });
  form.addEventListener("submit", (event) => {
    if (saving) {
      // Two requests at once would look like two windows: the one under way goes first.
      event.preventDefault();
      const { submitter } = event;
      saving.then(() => setTimeout(() => stopped || form.requestSubmit(submitter), 10));
      return;
    }
    const { submitter } = event;
    const rewrites = submitter?.hasAttribute("data-rewrites"); // the page comes back with other words in the form
    if (rewrites && unsaved) {
      event.preventDefault();
      Promise.resolve(save()).then(() => unsaved || stopped || form.requestSubmit(submitter));
      return;
    }
    leaving = true;
    Object.values(timers).forEach(clearTimeout);
    if (rewrites) shelf.clear();
    else shelf.write();
  });
  form.addEventListener("input", (event) => {
    if (!event.target.matches("[data-pick], [name=new_topic], [name=new_product]")) changed();
  });
  form.addEventListener("change", (event) => {
    if (event.target.matches("[data-pick]")) pick(event.target);
  });
  addEventListener("online", () => unsaved && save());
  addEventListener("pageshow", (event) => {
    if (event.persisted) leaving = false;
  });
  addEventListener("pagehide", () => {
    if (!unsaved || leaving || stopped || saving) return;
    fetch(form.action, { method: "POST", body: sent(), headers: { Accept: "application/json" }, keepalive: true });
  });

  lookForWords();
})();
