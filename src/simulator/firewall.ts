/**
 * The content firewall in front of Heroku Inference, as users have met it: it judges a whole body by its bytes, before
 * anybody looks at the key, and answers a page. It takes addresses of the own network for an attempt to reach them
 * (SSRF), and markup that runs programs, and ways out of a folder, for attacks, wherever they stand.
 */

const ATTACKS = [
  /\b[a-z][a-z0-9+.-]*:\/\/(?:localhost|127\.|10\.|192\.168\.|169\.254\.)/i,
  /\b169\.254\.169\.254\b/,
  /<\s*(?:script|iframe)\b/i,
  /\b(?:javascript|vbscript):/i,
  /\bonerror\s*=/i,
  /\.\.\/\.\.\//,
];

export const isBlocked = (body: string): boolean => ATTACKS.some((attack) => attack.test(body));

/** What CloudFront answers: no JSON, and none of Heroku's headers. */
export const BLOCKED = {
  status: 403,
  headers: { 'content-type': 'text/html', server: 'CloudFront' },
  body:
    '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN" "http://www.w3.org/TR/html4/loose.dtd">\n' +
    '<HTML><HEAD><TITLE>ERROR: The request could not be satisfied</TITLE></HEAD><BODY>\n' +
    '<H1>403 ERROR</H1><H2>The request could not be satisfied.</H2>Request blocked.\n</BODY></HTML>\n',
} as const;
