/** Plain texts of one line and of several, and whole numbers. */
import { fill, TEXTS } from "../texts";
import { useTyping } from "./use-typing";
import { type Widget, controlProps, optionsOf } from "./widget";

export function TextWidget(props: Widget) {
  const { value, onChange, onBlur, id, schema } = props;
  const { inputmode, autocomplete } = optionsOf(props);
  return (
    <div className="jg-control">
      <input
        {...controlProps(props)}
        type="text"
        inputMode={inputmode ?? "text"}
        autoComplete={autocomplete ?? "off"}
        maxLength={schema.maxLength}
        readOnly={props.readonly}
        value={typeof value === "string" ? value : ""}
        onChange={(event) => onChange(event.target.value)}
        onBlur={() => onBlur(id, value)}
      />
    </div>
  );
}

/** Counts characters, and lets more be typed than fit: cutting a pasted text in silence would lose what was written. */
export function TextareaWidget(props: Widget) {
  const { value, onChange, onBlur, id, schema } = props;
  const text = typeof value === "string" ? value : "";
  const limit = schema.maxLength;
  return (
    <>
      <div className="jg-control">
        <textarea
          {...controlProps(props)}
          rows={4}
          readOnly={props.readonly}
          value={text}
          onChange={(event) => onChange(event.target.value)}
          onBlur={() => onBlur(id, value)}
        />
      </div>
      {limit ? (
        <p className="jg-help jg-num">{fill(TEXTS.characters, { n: [...text].length, limit })}</p>
      ) : null}
    </>
  );
}

/** A whole number. Only digits reach the form; other signs do not appear. */
export function CountWidget(props: Widget) {
  const { value, onChange, onBlur, id } = props;
  const { typed, begin, type, end } = useTyping();
  const { unit } = optionsOf(props);
  return (
    <div className="jg-control">
      <input
        {...controlProps(props)}
        className="is-amount"
        type="text"
        inputMode="numeric"
        maxLength={9}
        readOnly={props.readonly}
        value={typed ?? (typeof value === "number" ? value.toLocaleString("en-US") : "")}
        onFocus={(event) => begin(event, typeof value === "number" ? String(value) : "")}
        onChange={(event) => {
          const digits = event.target.value.normalize("NFKC").replace(/\D/g, "");
          type(digits);
          onChange(digits === "" ? undefined : Number(digits));
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
