const COLOURS: Record<string, string> = {
  MODEL: '#a78bfa',
  CLIP: '#facc15',
  VAE: '#fb7185',
  CONDITIONING: '#fb923c',
  LATENT: '#f472b6',
  IMAGE: '#38bdf8',
  VIDEO: '#2dd4bf',
  AUDIO: '#c084fc',
  MASK: '#84cc16',
  BIT_SCHEDULE: '#bef264',
  STEP_CACHE: '#818cf8',
  ENGINE: '#93c5fd',
  TRACE: '#fda4af',
  REPORT: '#d6bcfa',
  INT: '#7dd3a8',
  FLOAT: '#86c5c0',
  STRING: '#d9b98c',
  BOOLEAN: '#e2a3a3',
  COMBO: '#b6bccb',
  '*': '#9aa3b5',
};

/** The colour of a port or wire. Types we have not named get one of their own from their letters. */
export function typeColour(type: string): string {
  const first = type.split(',')[0]?.trim() ?? type;
  return COLOURS[first] ?? COLOURS[type] ?? `hsl(${hash(first) % 360} 62% 68%)`;
}

const CATEGORIES: Record<string, string> = {
  loading: '#a78bfa',
  loaders: '#a78bfa',
  quantize: '#bef264',
  quantization: '#bef264',
  conditioning: '#fb923c',
  sampling: '#f472b6',
  schedule: '#818cf8',
  latent: '#f472b6',
  video: '#2dd4bf',
  engine: '#93c5fd',
  report: '#fda4af',
  analysis: '#fda4af',
  values: '#7dd3a8',
  canvas: '#9aa3b5',
};

/** The accent of a palette category, that of its last part that has one: `quantreel/quantize/weights` is `quantize`. */
export function categoryColour(category: string): string {
  const parts = category.toLowerCase().split('/').reverse();
  const known = parts.find((part) => part in CATEGORIES) ?? '';
  return CATEGORIES[known] ?? `hsl(${hash(parts[0] ?? '') % 360} 50% 66%)`;
}

function hash(text: string): number {
  let value = 7;
  for (const letter of text) {
    value = (value * 31 + letter.charCodeAt(0)) >>> 0;
  }
  return value;
}
