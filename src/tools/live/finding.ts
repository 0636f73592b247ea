/** What a live check has found out about one thing. */
export interface Finding {
  /** An attachment's alias, or `Redis`. */
  readonly about: string;
  /** `problem`: a gateway would not serve, or not fully. */
  readonly kind: 'fine' | 'warning' | 'problem';
  /** Holds no key, password or text of an answer. */
  readonly text: string;
}

export const of =
  (about: string, kind: Finding['kind']) =>
  (text: string): Finding => ({ about, kind, text });

/** A table for people; problems and warnings say that they are. */
export const reportOf = (findings: readonly Finding[]): string => {
  const width = Math.max(...findings.map(({ about }) => about.length));
  const lines = findings.map(
    ({ about, kind, text }) =>
      `${about.padEnd(width)}  ${kind === 'fine' ? '' : `${kind.toUpperCase()}: `}${text}`,
  );
  const problems = findings.filter(({ kind }) => kind === 'problem').length;
  return [...lines, problems === 0 ? 'live: all can be used' : `live: ${problems} to repair`, ''].join('\n');
};
