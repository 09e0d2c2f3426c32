/** Behaviours any page may need. */
import { all, on } from "./dom";

/** Controls that need scripts are rendered `hidden`, so that a page without scripts offers nothing dead. */
export function showEnhancements(): void {
  const selector = "[data-jg-dismiss], [data-jg-copy], [data-jg-reveal], [data-jg-phrase], [data-jg-script]";
  for (const element of all(selector)) element.hidden = false;
}

export function dismissAlerts(): void {
  on("click", "[data-jg-dismiss]", (button) => button.closest(".jg-alert")?.remove());
}

/** Copies the text of the element that data-jg-copy names, and says so on the button. */
export function copyTexts(): void {
  on("click", "[data-jg-copy]", (button) => {
    const source = document.getElementById(button.dataset.jgCopy ?? "");
    if (!source) return;
    void navigator.clipboard.writeText(source.textContent?.trim() ?? "").then(() => {
      const label = button.querySelector("span") ?? button;
      label.textContent = button.dataset.done ?? label.textContent;
    });
  });
}

export function closeMenusOutside(): void {
  const menus = "details.jg-drawer-menu[open], details.jg-more[open]";
  document.addEventListener("click", (event) => {
    for (const menu of all<HTMLDetailsElement>(menus)) {
      if (!menu.contains(event.target as Node)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of all<HTMLDetailsElement>(menus)) {
      menu.open = false;
      menu.querySelector("summary")?.focus();
    }
  });
}

export function submitOnChange(): void {
  on("change", "[data-jg-submit]", (field) => (field as HTMLSelectElement).form?.requestSubmit());
}

/** A second click on a form that is on its way does nothing; the button says what is happening and keeps its width. */
export function sendOnce(): void {
  document.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    if (event.defaultPrevented || !form.hasAttribute("data-jg-once")) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    const button = (event.submitter ?? form.querySelector("[type=submit]")) as HTMLButtonElement | null;
    if (!button) return;
    button.style.minWidth = `${button.offsetWidth}px`;
    button.setAttribute("aria-disabled", "true");
    const label = button.querySelector("span");
    if (label && button.dataset.waiting) label.textContent = button.dataset.waiting;
  });
  // Coming back by the browser's history must not find the form locked.
  window.addEventListener("pageshow", () => {
    for (const form of all<HTMLFormElement>("form[data-sent]")) {
      delete form.dataset.sent;
      form.querySelector("[aria-disabled]")?.removeAttribute("aria-disabled");
    }
  });
}

/** Diagrams that stand in the page are drawn when they come near the window. */
export function drawEagerDiagrams(): void {
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        watcher.unobserve(entry.target);
        entry.target.dispatchEvent(new CustomEvent("jg:diagram-open", { bubbles: true }));
      }
    },
    { rootMargin: "200px" },
  );
  for (const element of all("[data-diagram-eager]")) watcher.observe(element);
}

/** What is under way is asked for again every so many seconds, in place, until it no longer says so. */
export function askAgain(): void {
  const part = document.querySelector<HTMLElement>("[data-jg-again]");
  if (!part) return;
  window.setTimeout(async () => {
    const answer = await fetch(location.href).catch(() => null);
    if (answer?.ok) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      part.replaceWith(page.getElementById(part.id) ?? "");
    }
    askAgain();
  }, Number(part.dataset.jgAgain) * 1000);
}
