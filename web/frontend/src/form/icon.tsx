/** An icon of the page's sprite, whose address the page itself knows. */
const sprite = document.querySelector("svg.jg-icon use")?.getAttribute("href")?.replace(/#.*/, "") ?? "";

export function Icon({ name }: { name: string }) {
  return (
    <svg className="jg-icon" aria-hidden="true">
      <use href={`${sprite}#${name}`} />
    </svg>
  );
}
