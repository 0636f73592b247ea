import { describe, expect, test } from 'vitest';
import { writeCorpus } from '../tools/replay/mini-corpus.ts';
import { isRunning, type StackProcess, startStack } from '../tools/stack/command-line.ts';

/** Prometheus scrapes every 5 s, and rules need two scrapes. */
const PATIENCE = { timeout: 40_000, interval: 250 };

interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

const prometheusOf = async (stack: StackProcess) => {
  const { origin } = new URL(await stack.said('Prometheus'));
  const data = async (path: string): Promise<unknown> => {
    const { status, data: found } = (await (await fetch(`${origin}/api/v1/${path}`)).json()) as {
      status: string;
      data: unknown;
    };
    expect(status).toBe('success');
    return found;
  };
  const query = async (expression: string): Promise<readonly Sample[]> => {
    const { result } = (await data(`query?query=${encodeURIComponent(expression)}`)) as { result: Sample[] };
    return result;
  };
  return { origin, data, query };
};

const isReachable = (url: string): Promise<boolean> =>
  fetch(url).then(
    () => true,
    () => false,
  );

describe('npm run stack', () => {
  test('plays a corpus to two gateways that Prometheus sees, and takes everything along on Ctrl-C', async () => {
    await using corpus = await writeCorpus();
    await using stack = startStack(corpus.path);
    const gateways = (await stack.said('gateways')).split(/\s+/);
    expect(gateways).toHaveLength(2);
    const { origin, data, query } = await prometheusOf(stack);

    const dynos = async () =>
      (await query('count by (dyno) (gateway_build_info)')).map((one) => one.metric.dyno);
    await expect.poll(async () => (await dynos()).sort(), PATIENCE).toEqual(['web.1', 'web.2']);
    // Each once, though either of them tells of both.
    expect((await query('count by (dyno) (gateway_build_info)')).map(({ value }) => value[1])).toEqual([
      '1',
      '1',
    ]);
    expect((await query('up')).map(({ value }) => value[1])).not.toContain('0');
    expect(await query('gateway_redis_up == 1')).not.toEqual([]);
    expect((await stack.said('round 1:')).startsWith('60 requests:')).toBe(true);
    expect(await stack.said('round 1:')).not.toContain('wrong');
    const asked = async () =>
      Number((await query('sum(gateway_requests_total{code="200"})'))[0]?.value[1] ?? 0);
    await expect.poll(asked, PATIENCE).toBeGreaterThan(0);
    // The rules that are deployed are there, and go well with what the gateways tell.
    const rules = async () => {
      const { groups } = (await data('rules')) as { groups: { rules: { name: string; health: string }[] }[] };
      return groups.flatMap((group) => group.rules);
    };
    const evaluated = async () => (await rules()).filter(({ health }) => health === 'ok').length;
    await expect.poll(evaluated, PATIENCE).toBeGreaterThan(0);
    expect((await rules()).filter(({ health }) => health === 'err')).toEqual([]);

    const family = stack.family();
    expect(family.length).toBeGreaterThanOrEqual(5);
    stack.kill('SIGINT');
    expect(await stack.ended).toEqual({ code: 0, notes: '' });
    for (const url of [...gateways, origin]) expect(await isReachable(url)).toBe(false);
    expect(family.filter(isRunning)).toEqual([]);
    expect(stack.leftovers()).toEqual([]);
  });

  test('makes up what to ask without a corpus, and leaves nothing behind even when it is killed', async () => {
    await using stack = startStack();
    const [gateway] = (await stack.said('gateways')).split(/\s+/);
    const token = /Bearer (\S+)'/.exec(await stack.said('metrics'))![1]!;
    const answered = async () => {
      const scrape = await fetch(`${gateway}/metrics`, { headers: { authorization: `Bearer ${token}` } });
      return /gateway_requests_total\{.*code="200".*\} [1-9]/.test(await scrape.text());
    };
    await expect.poll(answered, PATIENCE).toBe(true);
    const family = stack.family();
    stack.kill('SIGKILL');
    expect((await stack.ended).code).toBeNull();
    await expect.poll(() => family.filter(isRunning), PATIENCE).toEqual([]);
    expect(stack.leftovers()).toEqual([]);
  });

  test('says so, and ends, when one of its processes dies', async () => {
    await using corpus = await writeCorpus();
    await using stack = startStack(corpus.path);
    await stack.said('round 1:');
    const family = stack.family();
    // The first that it starts is Redis.
    process.kill(family[0]!, 'SIGKILL');
    const { code, notes } = await stack.ended;
    expect(code).toBe(1);
    expect(notes).toContain('Redis was ended by SIGKILL');
    await expect.poll(() => family.filter(isRunning), PATIENCE).toEqual([]);
    expect(stack.leftovers()).toEqual([]);
  });
});
