/** The same request for other programs. The key is named, never written down. */

/** @param {string} text */
const shellQuoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

/** @type {Readonly<Record<string, string>>} */
const PYTHON = { true: 'True', false: 'False', null: 'None' };

/** Python's literals are JSON's but for these words; outside of strings only. @param {string} json */
const python = (json) =>
  json.replace(/"(?:[^"\\]|\\.)*"|\btrue\b|\bfalse\b|\bnull\b/g, (word) => PYTHON[word] ?? word);

/** @param {{url: string, body: unknown, headers: Record<string, string>}} request */
export const snippets = ({ url, body, headers }) => {
  const json = JSON.stringify(body, null, 2);
  const extra = Object.entries(headers);
  return {
    curl: [
      `curl -s ${url}`,
      `-H "Authorization: Bearer $GATEWAY_KEY"`,
      ...extra.map(([name, value]) => `-H ${shellQuoted(`${name}: ${value}`)}`),
      `-d ${shellQuoted(json)}`,
    ].join(' \\\n  '),
    Python: [
      'import os, requests',
      '',
      `answer = requests.post(${JSON.stringify(url)},`,
      `    headers={"Authorization": f"Bearer {os.environ['GATEWAY_KEY']}"${extra.map(([name, value]) => `, ${JSON.stringify(name)}: ${JSON.stringify(value)}`).join('')}},`,
      `    json=${python(json).replaceAll('\n', '\n    ')})`,
      'answer.raise_for_status()',
      'print(answer.json())',
    ].join('\n'),
    TypeScript: [
      "const key = '…'; // of the gateway",
      `const answer = await fetch(${JSON.stringify(url)}, {`,
      "  method: 'POST',",
      `  headers: { Authorization: \`Bearer \${key}\`${extra.map(([name, value]) => `, ${JSON.stringify(name)}: ${JSON.stringify(value)}`).join('')} },`,
      `  body: JSON.stringify(${json.replaceAll('\n', '\n  ')}),`,
      '});',
      'if (!answer.ok) throw new Error(await answer.text());',
      'console.log(await answer.json());',
    ].join('\n'),
  };
};
