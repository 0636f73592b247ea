/** What is wrong with one variable, and what would be right. Never holds a value: any of them may be a secret. */
export interface Problem {
  readonly variable: string;
  readonly message: string;
}

export type Report = (variable: string, message: string) => void;

/** Reports on one variable; returns undefined so that a reader can end with `return complain('…')`. */
export type Complain = (message: string) => undefined;

/** Reports what is ignored or repaired in one variable, without preventing the start. */
export type Warn = (message: string) => void;

export const complainAbout =
  (report: Report, variable: string): Complain =>
  (message) => {
    report(variable, message);
    return undefined;
  };

/** One line per problem, `VARIABLE: message`, without a newline at the end. */
export const formatProblems = (problems: readonly Problem[]): string =>
  problems.map(({ variable, message }) => `${variable}: ${message}`).join('\n');
