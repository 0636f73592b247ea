import { expect, test } from 'vitest';
import { LIVE, warningsOf } from './environments.ts';
import { TABLE } from './values.ts';

test.each([
  ['METRIC_TOKEN', 'METRICS_TOKEN'],
  ['METRICS_TOKNE', 'METRICS_TOKEN'],
  ['CACHE_TTL', 'CACHE_TTL_SECONDS'],
  ['CACHE_TTL_MS', 'CACHE_TTL_SECONDS'],
  ['MAX_WAIT_SECONDS', 'MAX_WAIT_MS'],
  ['MAX_WAIT', 'MAX_WAIT_MS'],
  ['MAX_BODY_BYTES', 'MAX_BODY_MB'],
  ['STALL_MS', 'STALL_SECONDS'],
  ['GATEWAY_KEY', 'GATEWAY_KEYS'],
  ['UPSTREAM', 'UPSTREAMS'],
  ['RERANK_MODEL', undefined],
  ['rerank_url', 'RERANK_URL'],
  ['REDISURL', 'REDIS_URL'],
  ['LOGLEVEL', 'LOG_LEVEL'],
  ['MODEL_LIMIT', 'MODEL_LIMITS'],
])('%s is said to be ignored, and that there is %s', (name, meant) => {
  expect(warningsOf({ ...LIVE, [name]: 'SECRET' })).toEqual(
    meant ? [`${name} is ignored: there is no such variable, but ${meant}`] : [],
  );
});

test('nothing is said of what is ours, now or later', () => {
  const names = [...TABLE.map(([variable]) => variable), 'NODE_ENV', 'CORS_ORIGINS'];
  for (const name of names) {
    const good = TABLE.find(([variable]) => variable === name)?.[1][0] ?? 'x';
    expect(warningsOf({ ...LIVE, [name]: good }).filter((text) => text.includes('ignored'))).toEqual([]);
  }
});

test('nothing is said of what platforms, shells and other add-ons set', () => {
  const names = [
    ...[
      'PATH',
      'HOME',
      'PWD',
      'OLDPWD',
      'TERM',
      'SHELL',
      'USER',
      'LOGNAME',
      'LANG',
      'LC_ALL',
      'HOSTNAME',
      'TZ',
    ],
    ...['DYNOS', 'PORTS', 'POST', 'HOSTS', 'WEB_CONCURRENCY', 'WEB_MEMORY', 'MEMORY_AVAILABLE', 'STACK'],
    ...[
      'HEROKU_APP_ID',
      'HEROKU_APP_NAME',
      'HEROKU_APP_DEFAULT_DOMAIN_NAME',
      'HEROKU_DYNO_ID',
      'HEROKU_EXEC_URL',
    ],
    ...['HEROKU_RELEASE_CREATED_AT', 'HEROKU_SLUG_DESCRIPTION', 'HEROKU_BUILD_DESCRIPTION'],
    ...[
      'REDIS_TLS_URL',
      'REDIS_TEMPORARY_URL',
      'HEROKU_REDIS_AMBER_URL',
      'DATABASE_URL',
      'REDIS_HOST',
      'REDIS_PORT',
    ],
    ...[
      'NODE_OPTIONS',
      'NODE_VERSION',
      'NODE_HOME',
      'NODE_EXTRA_CA_CERTS',
      'NODE_MODULES_CACHE',
      'NPM_TOKEN',
    ],
    ...['npm_config_cache', 'npm_package_name', 'npm_lifecycle_event', 'INIT_CWD', 'FORCE_COLOR', 'NO_PROXY'],
    ...['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'CI', 'DEBUG', 'LOG_FORMAT', 'CACHE_DIR', 'CACHE_URL'],
    ...['GATEWAY_INTERFACE', 'MAX_WORKERS', 'KUBERNETES_SERVICE_HOST', 'RERANK_GATEWAY_PORT', 'SENTRY_DSN'],
  ];
  for (const name of names) expect(warningsOf({ ...LIVE, [name]: 'x' })).toEqual([]);
});
