/** The commitment: its text, and the box that says it is agreed to. */
import { TEXTS } from "../texts";
import { type Widget, controlProps } from "./widget";

export function StatementWidget(props: Widget) {
  const { value, onChange, onBlur, id, schema, readonly, disabled } = props;
  return (
    <>
      <div className="jg-statement">
        {schema.description?.split("\n").map((line) => (
          <div key={line}>{line}</div>
        ))}
      </div>
      <label className="jg-option">
        <input
          {...controlProps(props)}
          type="checkbox"
          className="jg-check"
          disabled={Boolean(disabled || readonly)}
          checked={value === true}
          onChange={(event) => onChange(event.target.checked)}
          onBlur={() => onBlur(id, value)}
        />
        {TEXTS.agree}
      </label>
    </>
  );
}
