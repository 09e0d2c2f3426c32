/** Every sentence that the form says by itself, in the reader's language: the page hands them over. What fields are called
 *  and their help stand in the form's files; what is wrong with a field is the server's sentence. `{n}` and its like are
 *  filled by `fill`. */
import type source from "../../../templates/enterprise/form_texts.json";

const place = document.querySelector<HTMLElement>("[data-texts]");

export const TEXTS = JSON.parse(place?.dataset["texts"] ?? "{}") as typeof source;

export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
