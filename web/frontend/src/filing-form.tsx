/** The form of a project, a filing's or an application's for approval, on `<div id="filing-form" data-…>` of enterprise/filing_form.html. */
import { createRoot, type Root } from "react-dom/client";

import { Api, SessionEnded } from "./form/api";
import { FilingApplication, type Mount } from "./form/application";
import { Draft } from "./form/draft";
import { Keeper } from "./form/keeper";
import { Layout } from "./form/layout";
import { Alert } from "./form/notices";
import { TEXTS } from "./form/texts";

async function open(element: HTMLElement, root: Root): Promise<void> {
  const { collection = "", documentId = "", formUrl = "", apiBase = "/api/v1", returnUrl = "/", companyUrl = "", printUrl = "", mode, taskId = "", held } = element.dataset;
  const mount: Mount = { mode: mode === "correct" ? "correct" : "draft", taskId, held: held === "true", returnUrl, companyUrl, printUrl };
  const api = new Api(apiBase, collection, documentId);
  try {
    const [files, filing] = await Promise.all([api.form(formUrl), api.filing()]);
    const [layout, draft] = [new Layout(files), new Draft(api, new Keeper(documentId), filing)];
    root.render(<FilingApplication {...{ mount, element, api, draft, filing, files, layout }} />);
  } catch (error) {
    if (error instanceof SessionEnded) return window.location.reload(); // the page itself leads to the log-in
    root.render(
      <Alert kind="error" title={TEXTS.loadFailed} text={TEXTS.loadFailedText}>
        <div className="jg-alert-actions">
          <button type="button" className="btn jg-btn" onClick={() => void open(element, root)}>
            {TEXTS.retry}
          </button>
        </div>
      </Alert>,
    );
  }
}

const element = document.getElementById("filing-form");
if (element) void open(element, createRoot(element));
