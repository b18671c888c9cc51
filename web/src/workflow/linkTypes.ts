/** The type that accepts, or pretends to be, any other. */
export const ANY = '*';

function members(type: string): readonly string[] {
  return type.split(',').map((part) => part.trim().toUpperCase());
}

/**
 * May a wire of type `source` end at an input of type `target`?
 *
 * Types match when they are equal, when either is `*`, or when the comma-separated unions overlap.
 */
export function typesMatch(source: string, target: string): boolean {
  const sources = members(source);
  const targets = members(target);
  if (sources.includes(ANY) || targets.includes(ANY)) {
    return true;
  }
  return sources.some((type) => targets.includes(type));
}
