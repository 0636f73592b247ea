/** Questions to the gateway, with the key of whoever looks. */

/** @import { Passage } from '../shown.ts' */

/** @typedef {() => string | undefined} KeyOf the key, if there is one */

/**
 * @param {string | undefined} key
 * @returns {Record<string, string>}
 */
export const authorization = (key) => (key ? { Authorization: `Bearer ${key}` } : {});

/**
 * One of the last requests, or a message that says why not.
 * @param {string} id
 * @param {string | undefined} key
 * @returns {Promise<{passage: Passage} | {passage?: undefined, message: string}>}
 */
export const passageOf = async (id, key) => {
  try {
    const response = await fetch(`/console/requests/${encodeURIComponent(id)}`, {
      headers: authorization(key),
      cache: 'no-store',
    });
    const body = await response.json();
    return response.ok ? { passage: body } : { message: body.message };
  } catch {
    return { message: 'The gateway does not answer.' };
  }
};
