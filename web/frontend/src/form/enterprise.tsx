/** 企业基本情况: what the system knows of the applicant, masked by the server, to be read and not typed (R94, R95). */
import { useFiling } from "./filing-context";
import { Message, WarningMessage } from "./messages";
import { textAt } from "./paths";
import { TEXTS } from "./texts";

export const ENTERPRISE_FIELDS = Object.keys(TEXTS.enterpriseFields);

export function Enterprise() {
  const { enterprise, companyUrl, findings } = useFiling();
  const about = (field: string) => field.startsWith("enterprise");
  return (
    <div className="jg-card-body" id="filing-enterprise" tabIndex={-1}>
      <dl className="jg-dl jg-dl-roomy">
        {Object.entries(TEXTS.enterpriseFields).map(([path, title]) => (
          <div key={path}>
            <dt>{title}</dt>
            <dd>{textAt(enterprise, path) || TEXTS.nothing}</dd>
          </div>
        ))}
      </dl>
      {findings.errors
        .filter(({ field }) => about(field))
        .map(({ message, detail }) => (
          <Message key={message} kind="error" text={message} detail={detail} />
        ))}
      {findings.warnings
        .filter(({ field }) => about(field))
        .map(({ message, detail }) => (
          <WarningMessage key={message} message={message} detail={detail} />
        ))}
      {companyUrl ? (
        <p className="jg-help">
          <a href={companyUrl}>{TEXTS.companyLink}</a>
        </p>
      ) : null}
    </div>
  );
}
