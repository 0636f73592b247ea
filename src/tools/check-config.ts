import { describeConfig, formatProblems, parseConfig } from '../config/config.ts';

// Exit codes: 0 = a gateway would start in this environment, 2 = it would not.
const result = parseConfig(process.env);
if (result.ok) {
  for (const { variable, message } of result.warnings) console.error(`warning: ${variable} ${message}`);
  console.log(JSON.stringify(describeConfig(result.config), null, 2));
} else {
  console.error(formatProblems(result.problems));
  process.exitCode = 2;
}
