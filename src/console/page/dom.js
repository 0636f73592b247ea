/** Elements, made of text and other elements only: nothing that comes from elsewhere is ever read as markup. */

/** @typedef {Readonly<Record<string, string | number | boolean | undefined>>} Attributes */
/** @typedef {Node | string | undefined} Child */

const SVG = 'http://www.w3.org/2000/svg';

/**
 * @template {Element} E
 * @param {E} element
 * @param {Attributes} attributes
 * @param {readonly Child[]} children
 */
const fill = (element, attributes, children) => {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false)
      element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.filter((child) => child !== undefined));
  return element;
};

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Attributes} attributes
 * @param {readonly Child[]} children
 */
export const h = (tag, attributes = {}, ...children) =>
  fill(document.createElement(tag), attributes, children);

/**
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} tag
 * @param {Attributes} attributes
 * @param {readonly Child[]} children
 */
export const svg = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS(SVG, tag), attributes, children);

/**
 * One of the elements that index.html has.
 * @template {HTMLElement} E
 * @param {string} id
 * @param {new () => E} kind
 */
export const control = (id, kind) => {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`The page has no ${kind.name} ${id}.`);
  return element;
};

/** @param {string} id */
export const byId = (id) => control(id, HTMLElement);

/**
 * Changes nothing that is the same already: what a reader or a selection stands on stays.
 * @param {Element} element
 * @param {string} text
 */
export const setText = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

/**
 * @param {Element} element
 * @param {string} name
 * @param {string | number | boolean} value
 */
export const setAttribute = (element, name, value) => {
  if (element.getAttribute(name) !== String(value)) element.setAttribute(name, String(value));
};

/**
 * Children by name, each made once, and removed with its name.
 * @template {{element: Element}} T
 * @param {Element} parent
 * @param {(name: string) => T} make
 * @returns {(names: readonly string[]) => T[]}
 */
export const keyed = (parent, make) => {
  /** @type {Map<string, T>} */
  const kept = new Map();
  return (names) => {
    for (const [name, one] of kept) {
      if (names.includes(name)) continue;
      one.element.remove();
      kept.delete(name);
    }
    return names.map((name) => {
      const known = kept.get(name);
      if (known) return known;
      const one = make(name);
      kept.set(name, one);
      parent.append(one.element);
      return one;
    });
  };
};
