import { describe, expect, it } from 'vitest';
import { hasSlider, lowestOnGrid, rangeProblem } from '../src/widgets/NumberWidget';
import { isAligned } from '../src/widgets/OutputView';
import { parseLoosely } from '../src/widgets/JsonView';
import { formatMillis } from '../src/widgets/elapsed';
import { categoryColour, typeColour } from '../src/widgets/typeColours';
import { readable } from '../src/workflow/specs';

const int = (min: number | undefined, max: number | undefined, step = 1, initial = 0) =>
  ({ kind: 'int', initial, step, slider: false, ...(min !== undefined && { min }), ...(max !== undefined && { max }) }) as const;

describe('a number', () => {
  it('has a slider where its range is bounded and a slider can reach each value', () => {
    expect(hasSlider(int(1, 200))).toBe(true);
    expect(hasSlider(int(0, Number.MAX_SAFE_INTEGER))).toBe(false);
    expect(hasSlider(int(0, undefined))).toBe(false);
    expect(hasSlider({ ...int(0, 1_000_000), slider: true })).toBe(true);
  });

  it('says what would be accepted instead', () => {
    expect(rangeProblem(int(1, 8), 9)).toBe('At most 8');
    expect(rangeProblem(int(1, 8), 0)).toBe('At least 1');
    expect(rangeProblem(int(1, 8), 2.5)).toBe('A whole number');
    expect(rangeProblem(int(1, 8), 8)).toBeUndefined();
  });

  it('steps through its initial value', () => {
    expect(lowestOnGrid({ kind: 'float', initial: 16, min: 0.1, max: 240, step: 0.5, slider: false })).toBe(0.5);
    expect(lowestOnGrid(int(1, 257, 4, 17))).toBe(1);
    expect(lowestOnGrid({ kind: 'float', initial: 0.3, min: 0, max: 1, step: 0.1, slider: false })).toBe(0);
  });
});

describe('words on the screen', () => {
  it.each([
    ['filenamePrefix', 'filename prefix'],
    ['coarse_steps', 'coarse steps'],
    ['vae', 'vae'],
    ['MODEL', 'MODEL'],
    ['BIT_SCHEDULE', 'BIT SCHEDULE'],
    ['groupSize', 'group size'],
    ['', ''],
  ])('%s reads %s', (name, text) => {
    expect(readable(name)).toBe(text);
  });

  it.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [4210, '4.2 s'],
    [65_000, '1:05 min'],
    [3_600_000, '60:00 min'],
  ])('%d ms reads %s', (millis, text) => {
    expect(formatMillis(millis)).toBe(text);
  });

  it('keeps the lines of a table of spaces whole, and lets prose flow', () => {
    expect(isAligned('layer    bits\nq           4\nk           4')).toBe(true);
    expect(isAligned('One sentence.  Another one.\nAnd a third.')).toBe(false);
  });

  it('takes a text for JSON only when it is an object or a list', () => {
    expect(parseLoosely(' {"a": 1}')).toEqual({ a: 1 });
    expect(parseLoosely('12')).toBeUndefined();
    expect(parseLoosely('[broken')).toBeUndefined();
  });
});

describe('colours', () => {
  it('differ between the types that are wired most, and are stable for unknown ones', () => {
    const types = ['MODEL', 'CLIP', 'VAE', 'CONDITIONING', 'LATENT', 'IMAGE', 'VIDEO', 'BIT_SCHEDULE', 'STEP_CACHE', 'ENGINE', 'TRACE'];

    expect(new Set(types.map(typeColour)).size).toBe(types.length);
    expect(typeColour('SOMETHING_NEW')).toBe(typeColour('SOMETHING_NEW'));
    expect(typeColour('IMAGE,VIDEO')).toBe(typeColour('IMAGE'));
    expect(categoryColour('quantreel/quantize')).toBe(categoryColour('quantize'));
    expect(categoryColour('quantize/weights')).toBe(categoryColour('quantize'));
    expect(categoryColour('sampling/step caches')).toBe(categoryColour('sampling'));
  });
});
