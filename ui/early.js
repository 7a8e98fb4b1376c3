// Runs before the first paint, so that a chosen theme does not flash in: see theme.ts.
try {
  const theme = localStorage.getItem("taskapp.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // A browser that stores nothing follows the system.
}
