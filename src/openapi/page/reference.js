/**
 * Swagger UI as a page to read, which is what it is here: no key is typed into it. Where it is not accessible by itself, its
 * parts are replaced, or labelled when they are there.
 */

/** @param {{React: any}} system */
const plugin = ({ React: { createElement } }) => {
  const nothing = () => null;
  return {
    components: {
      ServersContainer: nothing,
      AuthorizeBtnContainer: nothing,
      authorizeOperationBtn: nothing,
      CopyToClipboardBtn: nothing,
      // A link would stand inside a button.
      DeepLink: ({ text }) => createElement('span', null, text),
      Reference: ({ getComponent }) => {
        const part = (name) => createElement(getComponent(name, true));
        return createElement(
          'main',
          { className: 'swagger-ui' },
          part('InfoContainer'),
          createElement('h2', null, 'Routes'),
          part('operations'),
          part('Models'),
        );
      },
    },
  };
};

const root = document.getElementById('reference');

new MutationObserver(() => {
  for (const select of root.querySelectorAll('select:not([aria-label])')) {
    select.setAttribute('aria-label', 'Example');
  }
  for (const button of root.querySelectorAll('.json-schema-2020-12-accordion:not([aria-label])')) {
    if (button.textContent === '') button.setAttribute('aria-label', 'Schema');
  }
  // A landmark for each table of answers, and none of them named.
  for (const table of root.querySelectorAll('table[role=region]')) table.removeAttribute('role');
}).observe(root, { childList: true, subtree: true });

const dark = matchMedia('(prefers-color-scheme: dark)');
const adapt = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', adapt);
adapt();

SwaggerUIBundle({
  domNode: root,
  url: '/openapi.json',
  layout: 'Reference',
  plugins: [plugin],
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  supportedSubmitMethods: [],
  syntaxHighlight: false,
  validatorUrl: null,
});
