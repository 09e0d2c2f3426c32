/** Whether a project has foreign investors: what the server makes of the enterprise's economic type. */
import { useFiling } from "../filing-context";
import { pathOf } from "../layout";
import { textAt, valueAt } from "../paths";
import { fill, TEXTS } from "../texts";
import { type Widget, controlProps } from "./widget";

export function ToldWidget(props: Widget) {
  const { computed, enterprise } = useFiling();
  const told = valueAt(computed, pathOf(props.id));
  return (
    <>
      <div className="jg-control">
        <input {...controlProps(props)} type="text" readOnly value={typeof told === "boolean" ? (told ? TEXTS.yes : TEXTS.no) : ""} />
      </div>
      <p className="jg-help">{fill(TEXTS.foreignFrom, { type: textAt(enterprise, "economic_type") || TEXTS.nothing })}</p>
    </>
  );
}
