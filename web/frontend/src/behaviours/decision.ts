/** The decision panel: the button names the outcome, the next holder is said, the opinion is asked for where needed. */
import { all, on } from "./dom";
import { confirmed } from "./dialogs";

/** Characters as people count them: code points, as the server counts. */
const length = (text: string): number => Array.from(text).length;

export function countCharacters(): void {
  for (const field of all<HTMLTextAreaElement>("textarea[data-jg-counter]")) {
    const counter = document.getElementById(field.dataset.jgCounter ?? "");
    if (!counter) continue;
    const show = (): void => {
      counter.textContent = `${length(field.value)} / ${field.maxLength}`;
      counter.classList.toggle("is-over", length(field.value) >= field.maxLength);
    };
    field.addEventListener("input", show);
    show();
  }
}

export function insertPhrases(): void {
  on("click", "[data-jg-phrase]", (button) => {
    const field = document.getElementById(button.dataset.jgPhrase ?? "") as HTMLTextAreaElement | null;
    if (!field) return;
    field.setRangeText(button.textContent ?? "", field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  });
}

export function explainDecision(): void {
  for (const form of all<HTMLFormElement>("form[data-jg-decision]")) {
    const opinion = form.querySelector<HTMLTextAreaElement>("textarea[name=opinion]");
    const button = form.querySelector<HTMLButtonElement>("[data-jg-submit-button]");
    const label = button?.querySelector("span");
    const next = form.querySelector<HTMLElement>("[data-jg-next]");
    const chosen = (): HTMLInputElement | null => form.querySelector("input[name=decision]:checked");

    const show = (): void => {
      const outcome = chosen();
      if (!outcome || !button) return;
      if (label) label.textContent = `${button.dataset.prefix ?? ""}${outcome.dataset.label ?? ""}`;
      button.classList.toggle("jg-btn-danger", outcome.hasAttribute("data-danger"));
      button.classList.toggle("btn-primary", !outcome.hasAttribute("data-danger"));
      if (opinion) opinion.required = outcome.hasAttribute("data-opinion-required");
      if (next && outcome.dataset.next) {
        const holder = document.createElement("b");
        holder.textContent = outcome.dataset.next;
        next.replaceChildren(next.dataset.prefix ?? "", holder);
      }
    };
    form.addEventListener("change", show);
    show();

    form.addEventListener("submit", (event) => {
      const outcome = chosen();
      if (!outcome?.dataset.confirmTitle || form.dataset.confirmed) return;
      event.preventDefault();
      const { confirmTitle, confirmText } = outcome.dataset;
      const agree = label?.textContent ?? undefined;
      void confirmed("decision-confirm", confirmTitle, confirmText, agree).then((yes) => {
        if (!yes) return;
        form.dataset.confirmed = "yes";
        form.requestSubmit();
      });
    });
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      form.requestSubmit();
    });
  }
}
