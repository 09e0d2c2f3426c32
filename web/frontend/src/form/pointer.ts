/** Leaving a field by a click on another thing must not move that thing away while the button is held: what a message
 *  would push down is then missed by the click. */
let held = false;
const waiting: (() => void)[] = [];

function release(): void {
  held = false;
  // After the click that belongs to this release.
  window.setTimeout(() => waiting.splice(0).forEach((act) => act()));
}

document.addEventListener("pointerdown", () => (held = true), true);
for (const type of ["pointerup", "pointercancel", "dragend"]) document.addEventListener(type, release, true);

export function whenReleased(act: () => void): void {
  if (held) waiting.push(act);
  else act();
}
