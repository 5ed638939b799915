// Before the first paint: the theme of last time, so that nothing flashes.
(() => {
  let theme = "system";
  let density = "comfortable";
  try {
    const saved = JSON.parse(localStorage.getItem("plauder.preferences") || "{}");
    theme = saved.theme || theme;
    density = saved.density || density;
  } catch {
    // No storage: the system's theme it is.
  }
  const dark = theme === "dark" || (theme === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  document.documentElement.dataset.density = density;
})();
