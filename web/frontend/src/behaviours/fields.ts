/** Fields of server-rendered forms: days, clearing one, lines that come and go, and the files that were chosen. */
import { dayOf } from "./days";
import { all, on } from "./dom";

/** A day is typed in any usual way or picked; leaving the field writes it as YYYY-MM-DD. */
export function pickDays(): void {
  for (const button of all<HTMLButtonElement>("[data-jg-pick]")) {
    const field = document.getElementById(button.dataset.jgPick ?? "") as HTMLInputElement | null;
    const picker = button.nextElementSibling as HTMLInputElement | null;
    if (!field || !picker) continue;
    const told = (day: string): void => {
      field.value = day;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    };
    field.addEventListener("change", () => told(dayOf(field.value) ?? field.value.trim()));
    picker.addEventListener("change", () => told(picker.value));
    button.addEventListener("click", () => {
      picker.value = dayOf(field.value) ?? "";
      picker.showPicker();
    });
    button.hidden = false;
  }
}

/** The X beside a day: there while the field holds something. */
export function clearFields(): void {
  for (const button of all<HTMLButtonElement>("[data-jg-clear]")) {
    const field = document.getElementById(button.dataset.jgClear ?? "") as HTMLInputElement | null;
    if (!field) continue;
    const show = (): void => {
      button.hidden = field.value === "";
    };
    button.addEventListener("click", () => {
      field.value = "";
      field.focus();
      show();
    });
    field.addEventListener("input", show);
    show();
  }
}

/** 新增 puts a copy of the template's line at the end; without scripts the server answers with one line more. */
export function growLines(): void {
  const body = document.querySelector<HTMLElement>("[data-jg-lines]");
  const template = document.querySelector<HTMLTemplateElement>("[data-jg-line-template]");
  if (!body || !template) return;
  let added = 0;
  const offerRemoval = (): void => {
    for (const button of all("[data-jg-remove-line]")) button.hidden = false;
    body.closest("table")?.classList.toggle("is-empty", body.children.length === 0);
  };
  on("click", "[data-jg-add-line]", (_button, event) => {
    event.preventDefault();
    const line = template.content.cloneNode(true) as DocumentFragment;
    added += 1;
    for (const field of line.querySelectorAll("[id]")) field.id = `${field.id}-${added}`;
    body.append(line);
    offerRemoval();
    body.lastElementChild?.querySelector("input")?.focus();
  });
  on("click", "[data-jg-remove-line]", (button) => {
    button.closest("[data-jg-line]")?.remove();
    offerRemoval();
    document.querySelector<HTMLElement>("[data-jg-add-line]")?.focus();
  });
  offerRemoval();
}

/** Says which files were chosen: the field itself lies unseen over its dashed place. */
export function tellChosenFiles(): void {
  for (const field of all<HTMLInputElement>("input[type=file][data-jg-chosen]")) {
    const list = document.getElementById(field.dataset.jgChosen ?? "");
    const place = field.closest<HTMLElement>(".jg-drop");
    field.addEventListener("change", () => {
      const names = Array.from(field.files ?? [], (file) => {
        const item = document.createElement("li");
        item.textContent = file.name;
        return item;
      });
      list?.replaceChildren(...names);
    });
    for (const type of ["dragenter", "dragover"]) field.addEventListener(type, () => place?.classList.add("is-over"));
    for (const type of ["dragleave", "drop"]) field.addEventListener(type, () => place?.classList.remove("is-over"));
  }
}
