import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pythonWith } from './python.ts';

/** A program that tests run for real. */
interface Requirement {
  readonly command: string;
  /** Where it takes more than the program's being on the PATH. */
  readonly isThere?: () => boolean;
  readonly debianPackage: string;
  readonly why: string;
}

const REQUIREMENTS: readonly Requirement[] = [
  {
    command: 'redis-server',
    debianPackage: 'redis-server',
    why: 'tests of what processes share use a real Redis',
  },
  {
    command: 'prometheus',
    debianPackage: 'prometheus',
    why: 'a real Prometheus scrapes the fleet',
  },
  {
    command: 'promtool',
    debianPackage: 'prometheus',
    why: 'it judges what /metrics answers',
  },
  {
    command: 'openssl',
    debianPackage: 'openssl',
    why: 'tests of encrypted connections make a certificate',
  },
  {
    command: 'systemd-analyze',
    debianPackage: 'systemd',
    why: 'it judges the unit in deploy/',
  },
  {
    command: 'curl',
    debianPackage: 'curl',
    why: 'what the documents tell to type is typed, and it is one of the clients',
  },
  {
    command: 'python3 with requests',
    isThere: () => pythonWith('requests') !== undefined,
    debianPackage: 'python3-requests',
    why: 'it is one of the clients',
  },
  {
    command: 'chromium',
    debianPackage: 'chromium',
    why: 'a real browser reads the pages',
  },
];

function isOnPath(command: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

const missing = (): Requirement[] =>
  REQUIREMENTS.filter(({ command, isThere = () => isOnPath(command) }) => !isThere());

/** Runs apt-get quietly; its last words when it fails. */
function aptGet(...words: string[]): string | undefined {
  const { status, stderr, error } = spawnSync('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=120', ...words], {
    encoding: 'utf8',
    // RUNLEVEL=1 keeps packages from starting their service; one that starts all the same is in nobody's way.
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return status === 0 ? undefined : (error?.message ?? stderr.trim().split('\n').at(-1) ?? 'it failed');
}

/** Installs what is missing where that is possible without asking anybody; why it failed, if it did. */
function install(requirements: readonly Requirement[]): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can install it by itself';
  if (!isOnPath('apt-get')) return 'there is no apt-get to install it with';
  const packages = [...new Set(requirements.map(({ debianPackage }) => debianPackage))];
  console.error(`Installing ${packages.join(', ')} for the tests`);
  // A failed update may be an offline machine with usable lists: the install tells.
  aptGet('update');
  return aptGet('install', '-y', '--no-install-recommends', ...packages);
}

const reason = missing().length > 0 ? install(missing()) : undefined;
for (const { command, debianPackage, why } of missing()) {
  console.error(
    `Tests need ${command} (${why}): ${reason ?? 'apt-get did not bring it'}. ` +
      `On Debian or Ubuntu: apt-get install ${debianPackage}; elsewhere put ${command} on PATH.`,
  );
  process.exitCode = 1;
}
