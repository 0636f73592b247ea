/**
 * The names of our keys and our channel: the prefix, then a kind with the version of its format, as in
 * `rerank:pairs3:{question}`. A version is raised whenever releases that run at the same time would misread each other:
 * each then has keys of its own, and those of the older one expire.
 */

const VERSIONS = {
  pairs: 3,
  claims: 4,
  item: 1,
  itemClaim: 1,
  window: 6,
  metrics: 2,
  quota: 2,
  models: 2,
  fleet: 2,
} as const;

export const versioned = (kind: keyof typeof VERSIONS): string => `${kind}${VERSIONS[kind]}`;
