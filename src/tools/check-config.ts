/** `npm run check-config`: what the environment comes to, and with `--live` whether what it names can be used. */

import { type Config, describeConfig, formatProblems, parseConfig } from '../config/config.ts';
import { type Finding, reportOf } from './live/finding.ts';
import { checkRedis } from './live/redis.ts';
import { checkUpstream } from './live/upstream.ts';

const HELP = `Usage: npm run check-config [-- --live]

Reads the environment as a start does, and prints the effective configuration, secrets masked, or every problem with it.

  --live      also asks each upstream and Redis whether they can be used: which models there are, whether the key is accepted,
              Redis' version and eviction policy. Nothing is scored, billed or written
  -h, --help; --version

Exit code: 0 a gateway would start, and with --live could use all of it; 1 it would start, but something cannot be used;
2 it would not start.
`;

const askLive = async ({ upstreams, modelLimits, redis }: Config): Promise<Finding[]> => {
  const findings = await Promise.all([
    ...upstreams.map((upstream) =>
      checkUpstream(upstream, upstream.modelId ? [upstream.modelId] : Object.keys(modelLimits)),
    ),
    ...(redis ? [checkRedis(redis.url)] : []),
  ]);
  return findings.flat();
};

const main = async (args: readonly string[]): Promise<number> => {
  if (args.some((word) => word === '--help' || word === '-h')) {
    process.stdout.write(HELP);
    return 0;
  }
  if (args.some((word) => word !== '--live')) {
    process.stderr.write(HELP);
    return 2;
  }
  const result = parseConfig(process.env);
  if (!result.ok) {
    console.error(formatProblems(result.problems));
    return 2;
  }
  for (const { variable, message } of result.warnings) console.error(`warning: ${variable} ${message}`);
  console.log(JSON.stringify(describeConfig(result.config), null, 2));
  if (!args.includes('--live')) return 0;
  const findings = await askLive(result.config);
  if (findings.length === 0) {
    console.log('live: nothing to ask, since there is neither an upstream nor Redis');
    return 0;
  }
  process.stdout.write(reportOf(findings));
  return findings.some(({ kind }) => kind === 'problem') ? 1 : 0;
};

process.exitCode = await main(process.argv.slice(2));
