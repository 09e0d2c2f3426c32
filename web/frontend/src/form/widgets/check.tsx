/** Yes or no in a small box; unanswered it shows what the rules take it for. */
import { type Widget, controlProps } from "./widget";

export function CheckWidget(props: Widget) {
  const { value, onChange, onBlur, id, readonly, disabled } = props;
  return (
    <span className="jg-option">
      <input
        {...controlProps(props)}
        type="checkbox"
        className="jg-check"
        disabled={Boolean(disabled || readonly)}
        checked={value !== false}
        onChange={(event) => onChange(event.target.checked)}
        onBlur={() => onBlur(id, value)}
      />
    </span>
  );
}
