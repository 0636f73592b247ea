/**
 * The regions that addresses of Heroku Inference name: `us.inference.heroku.com` and `eu.inference.heroku.com`.
 * @param urls base URLs; those of anybody else name none
 */
export const regionsOf = (urls: readonly string[]): string[] =>
  [
    ...new Set(
      urls.flatMap((url) => /^https:\/\/(us|eu)\.inference\.heroku\.com(\/|$)/.exec(url)?.[1] ?? []),
    ),
  ].sort();
