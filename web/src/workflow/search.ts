import { typesMatch } from './linkTypes';
import type { NodeCatalog, NodeSpec } from './specs';

/** Only node types that could take this end of a wire. */
export type PortFilter = { readonly direction: 'takes' | 'gives'; readonly type: string };

const GREEK: Record<string, string> = { δ: 'delta', Δ: 'delta', σ: 'sigma', λ: 'lambda' };

function normalise(text: string): string {
  return text.replace(/[δΔσλ]/g, (letter) => GREEK[letter] ?? letter).toLowerCase();
}

/** `MinMaxQuantize` reads as `min max quantize`, so that each word can be found by its beginning. */
function words(text: string): string {
  return normalise(text.replace(/([a-z0-9])([A-Z])/g, '$1 $2').replace(/[_\-/.]/g, ' '));
}

/**
 * How well `query` fits `text`: 0 when its letters do not occur in order, higher for letters at word starts, for runs
 * of letters and for short texts.
 */
export function fuzzyScore(query: string, text: string): number {
  const wanted = normalise(query).replace(/\s+/g, '');
  const target = words(text);
  if (wanted === '') {
    return 1;
  }
  const exact = target.indexOf(normalise(query).trim());
  if (exact >= 0) {
    const atWord = exact === 0 || target[exact - 1] === ' ';
    return 100 + (atWord ? 50 : 0) + (exact === 0 ? 25 : 0) - target.length * 0.1;
  }
  return Math.max(walk(wanted, target, true), walk(wanted, target, false));
}

/** One greedy walk over the text; the first kind of walk skips to word starts where it can. */
function walk(wanted: string, target: string, preferStarts: boolean): number {
  let score = 0;
  let last = -2;
  for (const letter of wanted) {
    const follows = target[last + 1] === letter ? last + 1 : -1;
    const start = preferStarts && follows < 0 ? target.indexOf(` ${letter}`, Math.max(0, last)) + 1 : 0;
    const at = follows >= 0 ? follows : start > 0 ? start : target.indexOf(letter, last + 1);
    if (at < 0 || at <= last) {
      return 0;
    }
    const wordStart = at === 0 || target[at - 1] === ' ';
    score += 1 + (wordStart ? 4 : 0) + (at === last + 1 ? 3 : 0);
    last = at;
  }
  return Math.max(0.1, score - target.length * 0.05);
}

function score(spec: NodeSpec, query: string): number {
  const tokens = query.trim().split(/\s+/).filter((token) => token !== '');
  let total = 0;
  for (const token of tokens.length === 0 ? [''] : tokens) {
    const names = Math.max(fuzzyScore(token, spec.title), fuzzyScore(token, spec.type));
    const others = Math.max(fuzzyScore(token, spec.category), ...spec.searchWords.map((word) => fuzzyScore(token, word)), 0);
    const described = normalise(spec.description).includes(normalise(token)) ? 5 : 0;
    const best = Math.max(names, others * 0.6, described);
    if (best <= 0) {
      return 0;
    }
    total += best;
  }
  return total + (tokens.length > 1 ? fuzzyScore(query, spec.title) : 0);
}

function fits(spec: NodeSpec, filter: PortFilter): boolean {
  return filter.direction === 'takes'
    ? spec.inputs.some((input) => typesMatch(filter.type, input.type))
    : spec.outputs.some((output) => typesMatch(output.type, filter.type));
}

/** The node types a search finds, best first; without a query all of them in the server's order. */
export function searchNodes(catalog: NodeCatalog, query: string, filter?: PortFilter): NodeSpec[] {
  const candidates = [...catalog.values()].filter((spec) => !filter || fits(spec, filter));
  if (query.trim() === '') {
    return candidates;
  }
  return candidates
    .map((spec) => ({ spec, score: score(spec, query) - (spec.deprecated ? 20 : 0) }))
    .filter((hit) => hit.score > 0.5)
    .sort((a, b) => b.score - a.score || a.spec.title.localeCompare(b.spec.title))
    .map((hit) => hit.spec);
}
