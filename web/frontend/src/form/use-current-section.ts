/** The section that is being read or filled in: the one last scrolled to or stepped into. */
import { useEffect, useState } from "react";

import type { Section } from "./shapes";

const idOf = (element: Element): string => element.id.replace(/^section-/, "");

export function useCurrentSection(sections: Section[]): string {
  const [current, setCurrent] = useState(sections[0]?.id ?? "");
  useEffect(() => {
    const places = sections.flatMap(({ id }) => document.getElementById(`section-${id}`) ?? []);
    // A band below the top bar: the section that crosses it is the one being read.
    const watcher = new IntersectionObserver(
      (entries) => {
        const entered = entries.find((entry) => entry.isIntersecting);
        if (entered) setCurrent(idOf(entered.target));
      },
      { rootMargin: "-20% 0px -75% 0px" },
    );
    for (const place of places) watcher.observe(place);
    const step = (event: FocusEvent) => {
      const section = (event.target as Element).closest(".jg-section");
      if (section) setCurrent(idOf(section));
    };
    document.addEventListener("focusin", step);
    return () => {
      watcher.disconnect();
      document.removeEventListener("focusin", step);
    };
  }, [sections]);
  return current;
}
