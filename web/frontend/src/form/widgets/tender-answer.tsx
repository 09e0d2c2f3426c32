/** Whether the tenders need approval, too, and on what ground: the tables' answer to what is typed. */
import { useFiling } from "../filing-context";
import { Icon } from "../icon";
import { valueAt } from "../paths";
import { TEXTS } from "../texts";
import type { Widget } from "./widget";

export function TenderAnswerWidget({ id }: Widget) {
  const { computed } = useFiling();
  const required = valueAt(computed, "tender.required");
  const basis = valueAt(computed, "tender.basis");
  const grounds = Array.isArray(basis) ? basis.map(String) : [];
  if (typeof required !== "boolean") {
    return (
      <p className="jg-answer" id={id} role="status">
        {TEXTS.tenderUnknown}
      </p>
    );
  }
  return (
    <div className={required ? "jg-answer is-required" : "jg-answer"} id={id} role="status">
      <b>
        <Icon name={required ? "clipboard-check" : "circle-check"} />
        {required ? TEXTS.tenderRequired : TEXTS.tenderFree}
      </b>
      <ul>
        {grounds.map((ground) => (
          <li key={ground}>{ground}</li>
        ))}
      </ul>
      <span className="jg-muted">{required ? TEXTS.tenderRequiredNext : TEXTS.tenderFreeNext}</span>
    </div>
  );
}
