import { expect, test } from 'vitest';
import { regionsOf } from '../../src/upstream/regions.ts';

test.each<[readonly string[], readonly string[]]>([
  [['https://us.inference.heroku.com'], ['us']],
  [
    [
      'https://us.inference.heroku.com/',
      'https://eu.inference.heroku.com/base',
      'https://us.inference.heroku.com',
    ],
    ['eu', 'us'],
  ],
  [['http://127.0.0.1:4000', 'https://us.example.com', 'https://us.inference.heroku.com.example.com'], []],
])('of %j are %j', (urls, regions) => {
  expect(regionsOf(urls)).toEqual(regions);
});
