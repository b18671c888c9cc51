import { describe, expect, it } from 'vitest';
import { headOfPage } from '../../src/api/client';

describe('the head of a page', () => {
  it('is its heading and its first paragraph, without marks', () => {
    const page = '# Sweep: *error* against `bytes`\nMeasures the\n[demo](x.md) model.\n\n    ./quantreel run x.json\n';

    expect(headOfPage(page)).toEqual({ title: 'Sweep: error against bytes', summary: 'Measures the demo model.' });
  });

  it('may have no paragraph, and a page may have no head', () => {
    expect(headOfPage('# Title\n')).toEqual({ title: 'Title', summary: '' });
    expect(headOfPage('no heading')).toBeUndefined();
  });
});
