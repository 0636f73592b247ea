/** Elements, made of text and other elements only: nothing that comes from elsewhere is ever read as markup. */

const SVG = 'http://www.w3.org/2000/svg';

const fill = (element, attributes, children) => {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.filter((child) => child !== undefined));
  return element;
};

/** @param {string} tag @param {Record<string, any>} attributes @param {...(Node | string | undefined)} children */
export const h = (tag, attributes = {}, ...children) =>
  fill(document.createElement(tag), attributes, children);

export const svg = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS(SVG, tag), attributes, children);

export const byId = (id) => document.getElementById(id);

/** Changes nothing that is the same already: what a reader or a selection stands on stays. */
export const setText = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

export const setAttribute = (element, name, value) => {
  if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
};

/** Children by name, each made once, and removed with its name. */
export const keyed = (parent, make) => {
  const kept = new Map();
  return (names) => {
    for (const [name, one] of kept) {
      if (names.includes(name)) continue;
      one.element.remove();
      kept.delete(name);
    }
    return names.map((name) => {
      if (!kept.has(name)) {
        const one = make(name);
        kept.set(name, one);
        parent.append(one.element);
      }
      return kept.get(name);
    });
  };
};
