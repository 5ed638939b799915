/** F6 goes round: rail, list, log, composer, details. */

const REGIONS = [
  ".rail a",
  ".list-pane a.chat-row, .list-pane a, .list-pane button",
  ".log [data-message][tabindex='0']",
  ".composer textarea",
  ".details button",
];

export function cycleRegions(by: 1 | -1): void {
  const stops = REGIONS.map((selector) => document.querySelector<HTMLElement>(selector));
  const roots = [".rail", ".list-pane", ".log", ".composer", ".details"];
  const at = roots.findIndex((selector) => document.activeElement?.closest(selector));
  for (let i = 1; i <= stops.length; i += 1) {
    const stop = stops[(at + by * i + stops.length * 2) % stops.length];
    if (stop && stop.offsetParent !== null) {
      stop.focus();
      return;
    }
  }
}
