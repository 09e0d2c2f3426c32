/** The diagram of a case, drawn where `data-diagram-url` stands: what is done, where it is, what is not reached yet. */
import NavigatedViewer from "bpmn-js/lib/NavigatedViewer";
import type Canvas from "diagram-js/lib/core/Canvas";
import type ElementRegistry from "diagram-js/lib/core/ElementRegistry";
import type EventBus from "diagram-js/lib/core/EventBus";
import type { ElementLike, ShapeLike } from "diagram-js/lib/model/Types";

import "./styles/diagram.css";

type State = "done" | "current" | "failed";

interface CaseDiagram {
  key: string;
  name: string;
  xml: string;
  elements: Record<string, State>;
  flows: string[];
  focus: string | null;
}

interface Course {
  diagrams: CaseDiagram[];
  /** The diagram to show first. */
  open: string;
  words: { zoom_in: string; zoom_out: string; fit: string };
}

/** What a bpmn-js element says of its BPMN element. */
interface Drawn {
  type?: string;
  businessObject?: { calledElement?: string };
}

const READABLE = 0.8;
const MARGIN = 24;
const ZOOM_STEP = 1.25;

class CasePicture {
  readonly #course: Course;
  readonly #canvas = document.createElement("div");
  readonly #viewer: NavigatedViewer;
  readonly #tabs = new Map<string, HTMLButtonElement>();

  constructor(place: HTMLElement, course: Course) {
    this.#course = course;
    this.#canvas.className = "jg-diagram-canvas";
    if (course.diagrams.length > 1) place.append(this.#tabBar());
    place.append(this.#canvas, this.#zoomBar());
    this.#viewer = new NavigatedViewer({
      container: this.#canvas,
      bpmnRenderer: colours(place),
      textRenderer: {
        defaultStyle: { fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 14 },
        externalStyle: { fontSize: 13 },
      },
    });
    // The picture is the drawing alone: beside it stand buttons and the mark of bpmn.io, which a picture cannot contain.
    const drawing = this.#canvas.querySelector(".djs-container > svg");
    for (const name of ["role", "aria-label"]) {
      drawing?.setAttribute(name, place.getAttribute(name) ?? "");
      place.removeAttribute(name);
    }
    this.#viewer.get<EventBus>("eventBus").on<{ element: Drawn }>("element.click", ({ element }) => {
      const called = element.businessObject?.calledElement;
      if (called && this.#tabs.has(called)) void this.show(called);
    });
  }

  async show(key: string): Promise<void> {
    const diagram = this.#course.diagrams.find((one) => one.key === key) ?? this.#course.diagrams[0];
    if (!diagram) return;
    await this.#viewer.importXML(diagram.xml);
    for (const [tabKey, tab] of this.#tabs) tab.setAttribute("aria-pressed", String(tabKey === diagram.key));
    this.#mark(diagram);
    this.#look(diagram.focus);
  }

  #mark(diagram: CaseDiagram): void {
    const canvas = this.#viewer.get<Canvas>("canvas");
    const taken = new Set(diagram.flows);
    this.#viewer.get<ElementRegistry>("elementRegistry").forEach((element: ElementLike) => {
      const { type } = element as Drawn;
      if (type === "bpmn:Participant" || type === "bpmn:Collaboration") return;
      if (type === "bpmn:Lane") return canvas.addMarker(element.id, `jg-lane-${element.id}`);
      // A label is an element of its own, beside the one it names.
      const id = element.id.replace(/_label$/, "");
      if (type === "bpmn:SequenceFlow") return canvas.addMarker(element.id, taken.has(id) ? "jg-taken" : "jg-todo");
      const state = diagram.elements[id] ?? "todo";
      if (state === "todo" || id === element.id) canvas.addMarker(element.id, `jg-${state}`);
      const called = (element as Drawn).businessObject?.calledElement;
      if (called && this.#tabs.has(called)) canvas.addMarker(element.id, "jg-leads-on");
    });
  }

  /** The whole diagram where it stays readable, else the part around the current step. */
  #look(focus: string | null): void {
    const canvas = this.#viewer.get<Canvas>("canvas");
    canvas.resized();
    const { inner, outer } = canvas.viewbox();
    const scale = Math.min(1, (outer.width - 2 * MARGIN) / inner.width, (outer.height - 2 * MARGIN) / inner.height);
    const used = Math.max(scale, READABLE);
    const [width, height] = [outer.width / used, outer.height / used];
    const element = focus ? (this.#viewer.get<ElementRegistry>("elementRegistry").get(focus) as ShapeLike | undefined) : undefined;
    const middle = element
      ? { x: element.x + element.width / 2, y: element.y + element.height / 2 }
      : { x: inner.x + (scale < READABLE ? width / 2 - MARGIN : inner.width / 2), y: inner.y + inner.height / 2 };
    canvas.viewbox({
      x: within(middle.x - width / 2, inner.x, inner.width, width),
      y: within(middle.y - height / 2, inner.y, inner.height, height),
      width,
      height,
    });
  }

  #tabBar(): HTMLElement {
    const bar = document.createElement("div");
    bar.className = "jg-diagram-tabs jg-segments";
    for (const { key, name } of this.#course.diagrams) {
      const tab = button(name, () => void this.show(key));
      this.#tabs.set(key, tab);
      bar.append(tab);
    }
    return bar;
  }

  #zoomBar(): HTMLElement {
    const { zoom_in, zoom_out, fit } = this.#course.words;
    const by = (factor: number) => () => {
      const canvas = this.#viewer.get<Canvas>("canvas");
      canvas.zoom(canvas.zoom() * factor);
    };
    const bar = document.createElement("div");
    bar.className = "jg-diagram-zoom";
    for (const [sign, label, act] of [
      ["+", zoom_in, by(ZOOM_STEP)],
      ["−", zoom_out, by(1 / ZOOM_STEP)],
      ["⤢", fit, () => this.#viewer.get<Canvas>("canvas").zoom("fit-viewport")],
    ] as const) {
      const made = button(sign, act);
      made.setAttribute("aria-label", label);
      made.title = label;
      bar.append(made);
    }
    return bar;
  }
}

function button(text: string, act: () => void): HTMLButtonElement {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.addEventListener("click", act);
  return made;
}

/** The start of a view `seen` long on something `whole` long: never past its ends, centred where all of it is seen. */
function within(wanted: number, start: number, whole: number, seen: number): number {
  if (seen >= whole + 2 * MARGIN) return start - (seen - whole) / 2;
  return Math.min(Math.max(wanted, start - MARGIN), start + whole + MARGIN - seen);
}

/** bpmn-js writes colours into the drawing; they are those of the page's tokens. */
function colours(place: HTMLElement): Record<string, string> {
  const token = (name: string) => getComputedStyle(place).getPropertyValue(`--jg-${name}`).trim();
  return {
    defaultFillColor: token("surface"),
    defaultStrokeColor: token("diagram-stroke"),
    defaultLabelColor: token("ink-900"),
  };
}

async function draw(place: HTMLElement): Promise<void> {
  if (place.dataset.drawn) return;
  place.dataset.drawn = "yes";
  try {
    const answer = await fetch(place.dataset.diagramUrl ?? "", { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(`${answer.status}`);
    const course = (await answer.json()) as Course;
    place.classList.add("is-ready");
    await new CasePicture(place, course).show(course.open);
  } catch {
    place.classList.remove("is-ready");
    const wait = place.querySelector(".jg-diagram-wait[data-jg-script]");
    if (wait) wait.textContent = place.dataset.unreadable ?? "";
    delete place.dataset.drawn;
  }
}

document.addEventListener("jg:diagram-open", (event) => {
  if (event.target instanceof HTMLElement) void draw(event.target);
});
