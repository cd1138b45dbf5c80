// Before the first paint: the chosen theme, and a mark that script runs.
(() => {
  const root = document.documentElement;
  root.classList.add("has-script");
  let chosen = null;
  try {
    chosen = localStorage.getItem("deskcast-theme");
  } catch {
    // Storage can be closed to us; the system's choice stands.
  }
  if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
})();
