/** Native dialogs: confirmation, the drawer with the diagram, the decision sheet of small screens. */
import { all, on } from "./dom";

/** Opens the dialog and resolves to whether the person agreed; `agree` is the text of the button that does. */
export function confirmed(id: string, title?: string, text?: string, agree?: string): Promise<boolean> {
  const dialog = document.getElementById(id) as HTMLDialogElement | null;
  if (!dialog) return Promise.resolve(true);
  const heading = dialog.querySelector("h2");
  const paragraph = dialog.querySelector("p");
  const button = dialog.querySelector("button[value=yes]");
  if (agree && button) button.textContent = agree;
  if (title && heading) heading.textContent = title;
  if (text && paragraph) paragraph.textContent = text;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

export function askBeforeSending(): void {
  for (const form of all<HTMLFormElement>("form[data-jg-confirm]")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.confirmed) return;
      event.preventDefault();
      void confirmed(form.dataset.jgConfirm ?? "").then((yes) => {
        if (!yes) return;
        form.dataset.confirmed = "yes";
        form.requestSubmit();
      });
    });
  }
}

export function openDrawers(): void {
  on("click", "[data-jg-drawer]", (link, event) => {
    const drawer = document.getElementById(link.dataset.jgDrawer ?? "") as HTMLDialogElement | null;
    if (!drawer) return;
    event.preventDefault();
    drawer.showModal();
    for (const diagram of drawer.querySelectorAll("[data-diagram-url]")) {
      diagram.dispatchEvent(new CustomEvent("jg:diagram-open", { bubbles: true }));
    }
  });
  // A click on the backdrop is a click on the dialog element itself.
  for (const drawer of all<HTMLDialogElement>("dialog.jg-drawer")) {
    drawer.addEventListener("click", (event) => {
      if (event.target === drawer) drawer.close();
    });
  }
}

/** Below 768 the decision panel is a sheet; wider, the link just leads to it. */
export function openSheets(): void {
  const narrow = window.matchMedia("(max-width: 767.98px)");
  const shade = document.createElement("div");
  shade.className = "jg-sheet-shade";
  let opener: HTMLElement | null = null;
  const close = (): void => {
    for (const sheet of all(".jg-sheet.is-open")) sheet.classList.remove("is-open");
    shade.remove();
    opener?.focus();
    opener = null;
  };
  on("click", "[data-jg-sheet]", (link, event) => {
    const sheet = document.getElementById(link.dataset.jgSheet ?? "");
    if (!sheet || !narrow.matches) return;
    event.preventDefault();
    opener = link;
    sheet.classList.add("is-open");
    document.body.append(shade);
    const button = sheet.querySelector<HTMLElement>("[data-jg-sheet-close]");
    if (button) button.hidden = false;
    button?.focus();
  });
  on("click", "[data-jg-sheet-close], .jg-sheet-shade", close);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && opener) close();
  });
}
