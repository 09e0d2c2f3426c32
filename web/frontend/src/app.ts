/** Small improvements on pages that already work as plain forms. Each behaviour finds its own elements by data-jg-*. */
import { followTickedItems } from "./behaviours/change-items";
import { askBeforeSending, openDrawers, openSheets } from "./behaviours/dialogs";
import { countCharacters, explainDecision, insertPhrases } from "./behaviours/decision";
import { clearFields, growLines, pickDays, tellChosenFiles } from "./behaviours/fields";
import { followFilingForm } from "./behaviours/filing-frame";
import { chooseEntrance, revealPassword } from "./behaviours/login";
import {
  askAgain,
  closeMenusOutside,
  copyTexts,
  dismissAlerts,
  drawEagerDiagrams,
  sendOnce,
  showEnhancements,
  submitOnChange,
} from "./behaviours/page";

document.documentElement.classList.add("jg-js");
showEnhancements();
dismissAlerts();
copyTexts();
closeMenusOutside();
submitOnChange();
chooseEntrance();
revealPassword();
countCharacters();
insertPhrases();
explainDecision();
askBeforeSending();
sendOnce();
openDrawers();
openSheets();
followFilingForm();
clearFields();
pickDays();
growLines();
tellChosenFiles();
followTickedItems();
drawEagerDiagrams();
askAgain();
