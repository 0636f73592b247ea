/**
 * Removes from a text what content firewalls take for an attack: URL schemes and markup. Each removed part becomes a space,
 * so that the parts beside it cannot form a new scheme or tag.
 */

/** A tag with its attributes; and an unfinished tag, of which only the bracket is removed. */
const TAG = /<[/!?]?[a-z!][^<>]*>/gi;
const BRACKET = /<(?=\s*[<a-z!/?])/gi;

/**
 * `http://`, `druby://`: also unregistered schemes (RFC 3986 §3.1). A run of letters is matched from its beginning only: one
 * of 100,000 letters would be tried 100,000 times otherwise.
 */
const SCHEME = /(?<![a-z0-9+.-])[a-z0-9+.-]*:\/\//gi;

/** Schemes that carry a program or a document instead of an address. */
const ACTIVE_SCHEME = /\b(?:javascript|vbscript|data)\s*:/gi;

/** `onerror=`: an attribute whose tag may have lost its brackets. */
const HANDLER = /\bon[a-z]+\s*=/gi;

/** `../`: a way out of a folder. */
const CLIMB = /\.\.[/\\]/g;

export const defang = (text: string): string =>
  [TAG, CLIMB, SCHEME, ACTIVE_SCHEME, HANDLER, BRACKET]
    .reduce((left, pattern) => left.replace(pattern, ' '), text)
    .trim();
