/** The page's views, one at a time: the address names it. */

/** @param {string} hash */
const viewOf = (hash) => {
  const views = [...document.querySelectorAll('[data-view]')];
  return views.find(({ id }) => `#${id}` === hash) ?? views[0];
};

const turn = () => {
  const chosen = viewOf(location.hash);
  for (const view of document.querySelectorAll('[data-view]'))
    if (view instanceof HTMLElement) view.hidden = view !== chosen;
  for (const link of document.querySelectorAll('.views a')) {
    if (link instanceof HTMLAnchorElement && viewOf(link.hash) === chosen)
      link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
};

export const turnToView = () => {
  addEventListener('hashchange', turn);
  turn();
};
