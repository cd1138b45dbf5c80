// While somebody types @ in a field that knows names, a list of them to choose from. Without it the name is typed.

(() => {
  const MOST = 6;
  const WRITING = /(^|[^\w@.])@([\p{L}\p{N}'’\- ]{0,40})$/u;
  let list = null; // the open list: { box, field, start, names, at }

  const namesOf = (field) => JSON.parse(field.dataset.people);
  const fold = (text) => text.normalize("NFC").toLocaleLowerCase();

  function fitting(field) {
    const before = field.value.slice(0, field.selectionStart);
    const match = WRITING.exec(before);
    if (!match) return null;
    const typed = fold(match[2]);
    const begins = (name) => [name, ...name.split(" ")].some((part) => fold(part).startsWith(typed));
    const names = namesOf(field).filter(begins).slice(0, MOST);
    if (names.some((name) => fold(name) === typed.trim())) return null; // it stands there already
    return names.length ? { start: before.length - match[2].length, names } : null;
  }

  function close() {
    if (!list) return;
    list.field.removeAttribute("aria-activedescendant");
    list.field.removeAttribute("aria-controls");
    list.box.remove();
    list = null;
  }

  function show(field) {
    close();
    const found = fitting(field);
    if (!found) return;
    const box = document.createElement("ul");
    box.className = "name-picker";
    box.id = `${field.id}-names`;
    box.setAttribute("role", "listbox");
    box.setAttribute("aria-label", field.dataset.peopleLabel);
    found.names.forEach((name, number) => box.append(option(box.id, name, number)));
    field.after(box);
    field.setAttribute("aria-controls", box.id);
    list = { ...found, box, field, at: 0 };
    mark();
  }

  function option(id, name, number) {
    const item = document.createElement("li");
    item.id = `${id}-${number}`;
    item.setAttribute("role", "option");
    item.dir = "auto";
    item.textContent = name;
    item.addEventListener("mousedown", (event) => {
      event.preventDefault(); // the field keeps the focus
      list.at = number;
      take();
    });
    return item;
  }

  function mark() {
    [...list.box.children].forEach((item, number) => item.setAttribute("aria-selected", String(number === list.at)));
    list.field.setAttribute("aria-activedescendant", list.box.children[list.at].id);
  }

  function take() {
    const { field, start, names, at } = list;
    field.setRangeText(`${names[at]} `, start, field.selectionStart, "end");
    close();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  const KEYS = {
    ArrowDown: () => step(1),
    ArrowUp: () => step(-1),
    Enter: take,
    Tab: take,
    Escape: close,
  };

  function step(by) {
    list.at = (list.at + by + list.names.length) % list.names.length;
    mark();
  }

  function pressed(event) {
    const act = list && list.field === event.target && !event.isComposing && KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  document.addEventListener("input", (event) => event.target.dataset?.people && show(event.target));
  document.addEventListener("keydown", pressed, true);
  document.addEventListener("focusout", close);
})();
