/**
 * A text without what content firewalls take for an attack: schemes of URLs, and markup. What is left out becomes a space,
 * so that the parts beside it make up no new scheme or tag.
 */

/** A tag with its attributes; then the beginning of what may pass for one, which costs no more than its bracket. */
const TAG = /<[/!?]?[a-z!][^<>]*>/gi;
const BRACKET = /<(?=\s*[<a-z!/?])/gi;

/**
 * `http://`, `druby://`: also those that nobody has registered (RFC 3986 §3.1). A run of letters is tried from its beginning
 * only, or one of 100,000 would be tried 100,000 times.
 */
const SCHEME = /(?<![a-z0-9+.-])[a-z0-9+.-]*:\/\//gi;

/** Schemes that carry a program or a document instead of an address. */
const ACTIVE_SCHEME = /\b(?:javascript|vbscript|data)\s*:/gi;

/** `onerror=`: the attribute of a tag that may have lost its brackets. */
const HANDLER = /\bon[a-z]+\s*=/gi;

/** `../`: a way out of a folder. */
const CLIMB = /\.\.[/\\]/g;

export const defang = (text: string): string =>
  [TAG, CLIMB, SCHEME, ACTIVE_SCHEME, HANDLER, BRACKET]
    .reduce((left, pattern) => left.replace(pattern, ' '), text)
    .trim();
