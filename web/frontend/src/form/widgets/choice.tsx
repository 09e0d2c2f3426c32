/** One of a few: radios in a row, or a list where there are many. */
import { TEXTS } from "../texts";
import { type Widget, controlProps } from "./widget";

export function ChoiceWidget(props: Widget) {
  const { value, onChange, onBlur, id, schema, options, disabled, readonly, rawErrors } = props;
  const chosen = value ?? schema.default;
  return (
    <div className="jg-options">
      {options.enumOptions?.map((option, index) => (
        <label className="jg-option" key={option.label}>
          <input
            type="radio"
            className="jg-radio"
            name={id}
            // The first bears the field's own id, so that links to the field lead into the group.
            id={index ? `${id}-${index}` : id}
            disabled={Boolean(disabled || readonly)}
            aria-invalid={Boolean(rawErrors?.length)}
            checked={chosen === option.value}
            onChange={() => onChange(option.value)}
            onBlur={() => onBlur(id, value)}
          />
          {option.label}
        </label>
      ))}
    </div>
  );
}

export function SelectWidget(props: Widget) {
  const { value, onChange, onBlur, id, options, readonly, disabled } = props;
  const choices = options.enumOptions ?? [];
  return (
    <div className="jg-control">
      <select
        {...controlProps(props)}
        disabled={Boolean(disabled || readonly)}
        value={choices.findIndex((option) => option.value === value)}
        onChange={(event) => onChange(choices[Number(event.target.value)]?.value ?? "")}
        onBlur={() => onBlur(id, value)}
      >
        <option value={-1}>{TEXTS.choose}</option>
        {choices.map((option, index) => (
          <option key={option.label} value={index}>
            {option.label}
          </option>
        ))}
      </select>
    </div>
  );
}
