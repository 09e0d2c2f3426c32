/** An amount or area: grouped to be read, plain to be typed, stored as text. */
import { groupedAmount, plainAmount, sumOfAmounts } from "../amounts";
import { useFiling } from "../filing-context";
import { pathOf } from "../layout";
import { textAt } from "../paths";
import { useTyping } from "./use-typing";
import { type Widget, controlProps, optionsOf } from "./widget";

export function AmountWidget(props: Widget) {
  const { value, onChange, onBlur, id, schema } = props;
  const { typed, begin, type, end } = useTyping();
  const { unit, look } = optionsOf(props);
  const shared = controlProps(props);
  const computed = useComputed(props);
  const stored = typeof value === "string" ? value : "";
  return (
    <div className="jg-control">
      <input
        {...shared}
        className="is-amount"
        type="text"
        inputMode="decimal"
        maxLength={schema.maxLength}
        readOnly={look === "computed" || props.readonly}
        value={look === "computed" ? groupedAmount(computed) : (typed ?? groupedAmount(stored))}
        onFocus={(event) => look !== "computed" && begin(event, stored)}
        onChange={(event) => {
          type(event.target.value);
          onChange(plainAmount(event.target.value));
        }}
        onBlur={() => {
          end();
          onBlur(id, value);
        }}
      />
      {unit ? <span className="jg-unit">{unit}</span> : null}
    </div>
  );
}

/** The sum as typed so far; where that cannot be told, what the server said. */
function useComputed(props: Widget): string {
  const { form, computed } = useFiling();
  const parts = (optionsOf(props).sumOf ?? []).map((path) => textAt(form, path)).filter((amount) => amount !== "");
  const sum = parts.length ? sumOfAmounts(parts) : undefined;
  return sum ?? textAt(computed, pathOf(props.id));
}
