/** The form of a change: a ticked item brings its lines into the table, and only what is shown is sent. */
import { all } from "./dom";

export function followTickedItems(): void {
  const form = document.querySelector<HTMLFormElement>("form[data-jg-items]");
  if (!form) return;
  const boxes = all<HTMLInputElement>("input[name=item]");
  const rows = all<HTMLElement>("tr[data-item]");
  const none = document.querySelector<HTMLElement>("[data-jg-none-ticked]");
  const table = document.querySelector<HTMLElement>(".jg-compare-form");
  const follow = (): void => {
    const ticked = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    for (const row of rows) {
      row.hidden = !ticked.has(row.dataset.item ?? "");
      for (const field of row.querySelectorAll<HTMLInputElement>("[name]")) field.disabled = row.hidden;
    }
    if (none) none.hidden = ticked.size > 0;
    if (table) table.hidden = ticked.size === 0;
  };
  for (const box of boxes) box.addEventListener("change", follow);
  follow();
}
