/** The log-in panel: two entrances as tabs, and the eye of the password field. */
import { all, on } from "./dom";

export function chooseEntrance(): void {
  const tabs = all("[data-jg-entrance]");
  const choose = (chosen: HTMLElement): void => {
    for (const tab of tabs) {
      tab.setAttribute("aria-selected", String(tab === chosen));
      tab.tabIndex = tab === chosen ? 0 : -1;
    }
    const panel = document.getElementById(chosen.getAttribute("aria-controls") ?? "");
    panel?.setAttribute("aria-labelledby", chosen.id);
    const field = panel?.querySelector<HTMLInputElement>("input[name=entrance]");
    if (field) field.value = chosen.dataset.jgEntrance ?? "";
  };
  for (const [index, tab] of tabs.entries()) {
    tab.tabIndex = tab.getAttribute("aria-selected") === "true" ? 0 : -1;
    tab.addEventListener("click", (event) => {
      event.preventDefault();
      choose(tab);
    });
    tab.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
      const next = tabs[(index + 1) % tabs.length];
      if (!next) return;
      choose(next);
      next.focus();
    });
  }
}

export function revealPassword(): void {
  on("click", "[data-jg-reveal]", (button) => {
    const field = document.getElementById(button.dataset.jgReveal ?? "") as HTMLInputElement | null;
    if (!field) return;
    const shown = field.type === "password";
    field.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
    const use = button.querySelector("use");
    use?.setAttribute("href", (use.getAttribute("href") ?? "").replace(/#.*/, shown ? "#eye-off" : "#eye"));
  });
}
