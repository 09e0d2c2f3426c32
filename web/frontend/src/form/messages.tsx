/** The lines below a field. */
import { Icon } from "./icon";
import { TEXTS } from "./texts";

const GLYPHS = { error: "alert-circle", warning: "alert-triangle", ok: "circle-check" } as const;

interface MessageProps {
  kind: keyof typeof GLYPHS;
  text: string;
  /** The figures behind it, in bold on a line of their own. */
  detail?: string | undefined;
}

export function Message({ kind, text, detail }: MessageProps) {
  return (
    <p className={`jg-message jg-message-${kind}`}>
      <Icon name={GLYPHS[kind]} />
      <span>
        {text}
        {detail ? <b>{detail}</b> : null}
      </span>
    </p>
  );
}

/** A warning ends by saying that it stops nobody. */
export function WarningMessage({ message, detail }: { message: string; detail?: string | undefined }) {
  const [text, more] = detail ? [message, detail + TEXTS.maySubmit] : [message + TEXTS.maySubmit, ""];
  return <Message kind="warning" text={text} detail={more} />;
}

/** A link out of the form opens beside it, so that nobody leaves what they are filling in. */
export function AsideLink({ href, text }: { href: string; text: string }) {
  return (
    <a href={href} target="_blank" rel="noopener">
      {text}
      <span className="visually-hidden">{TEXTS.opensNewWindow}</span>
    </a>
  );
}
