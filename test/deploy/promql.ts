/** What a PromQL expression asks of the series it looks at. */

import { parser } from '@prometheus-io/lezer-promql';

export interface Selector {
  /** As it stands in the expression, e.g. `up{job="a"}`. */
  readonly series: string;
  /** Labels that something around it groups or matches by: without them, it would quietly be something else. */
  readonly labels: readonly string[];
}

type Node = ReturnType<typeof parser.parse>['topNode'];

const childrenOf = (node: Node, name: string): Node[] => node.getChildren(name);

const labelNames = (node: Node, text: (node: Node) => string): string[] =>
  childrenOf(node, 'GroupingLabels').flatMap((labels) => childrenOf(labels, 'LabelName').map(text));

/** Labels that this very node groups (`by`) or matches (`on`) by. */
const labelsOf = (node: Node, text: (node: Node) => string): string[] =>
  [...childrenOf(node, 'AggregateModifier'), ...childrenOf(node, 'MatchingModifierClause')]
    .filter((modifier) => modifier.getChild('By') ?? modifier.getChild('On'))
    .flatMap((modifier) => labelNames(modifier, text));

/** @throws SyntaxError for what is no PromQL */
export const selectorsOf = (expr: string): Selector[] => {
  const text = (node: Node): string => expr.slice(node.from, node.to);
  const found: Selector[] = [];
  const visit = (node: Node, around: readonly string[]): void => {
    if (node.type.isError) throw new SyntaxError(`No PromQL at ${node.from}: ${expr}`);
    const labels = [...around, ...labelsOf(node, text)];
    if (node.name === 'VectorSelector') found.push({ series: text(node), labels: [...new Set(labels)] });
    for (let child = node.firstChild; child; child = child.nextSibling) visit(child, labels);
  };
  visit(parser.parse(expr).topNode, []);
  return found;
};
