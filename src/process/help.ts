/** What a start says instead of starting. */

const HELP = `Usage: npm start [-- --help | --version]
       npm run dev [-- --unkind [PROFILE]]

A gateway in front of Heroku Inference's rerank API. It takes no other option: all settings are environment variables, which
README.md lists under Configuration. \`npm run check-config\` says what they come to, and with \`-- --live\` whether the upstream
and Redis can be used.

Log: JSON on standard output, or lines for people where that is a terminal.
SIGTERM, SIGINT or SIGHUP: stops accepting, finishes what runs, and ends within 25 s.
Exit code: 0 ended by a signal; 1 could not listen, or an unforeseen error; 2 the configuration is wrong, every problem on
standard error; 70 the event loop stood still for STALL_SECONDS (137 if it did so in native code).
`;

/** @returns undefined when it is to start */
export const answerInstead = (args: readonly string[], version: string): string | undefined => {
  if (args.some((word) => word === '--help' || word === '-h')) return HELP;
  return args.includes('--version') ? `${version}\n` : undefined;
};
