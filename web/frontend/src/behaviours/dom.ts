/** The two things every behaviour does: find elements, and listen on the document for those that match. */
export function all<T extends HTMLElement = HTMLElement>(selector: string): T[] {
  return Array.from(document.querySelectorAll<T>(selector));
}

export function on(type: string, selector: string, act: (element: HTMLElement, event: Event) => void): void {
  document.addEventListener(type, (event) => {
    const element = (event.target as Element | null)?.closest<HTMLElement>(selector);
    if (element) act(element, event);
  });
}
