import { describe, expect, it } from 'vitest';
import { apply, type Command } from '../../src/workflow/commands';
import { randomSeed, seedsAfterQueue } from '../../src/workflow/seed';
import { catalog, connect, documentOf, setValue } from '../fixtures';

function seedAfter(control: string, seed: number, ...more: readonly Command[]): unknown {
  const document = [setValue('1', 'control_after_generate', control), setValue('1', 'seed', seed), ...more].reduce(apply, documentOf('SampleVideo', 'SampleVideo'));
  const commands = seedsAfterQueue(document, catalog, () => 0.5).filter((command) => command.kind === 'setValue' && command.node === '1');
  return commands.reduce(apply, document).nodes.get('1')?.values['seed'];
}

describe('a seed, once its prompt is queued,', () => {
  it.each([
    ['fixed', 41, 41],
    ['increment', 41, 42],
    ['decrement', 41, 40],
    ['decrement', 0, Number.MAX_SAFE_INTEGER],
    ['increment', Number.MAX_SAFE_INTEGER, 0],
  ])('%s goes from %d to %d', (control, from, to) => {
    expect(seedAfter(control, from)).toBe(to);
  });

  it('is random within what JSON carries exactly', () => {
    expect(seedAfter('randomize', 41)).toBe(2 ** 52);
    expect(randomSeed({ min: 3, max: 5 }, () => 0.999)).toBe(5);
    expect(randomSeed({ min: 3, max: 5 }, () => 0)).toBe(3);
  });

  it('stays when it is wired or its node does not run', () => {
    expect(seedAfter('increment', 41, connect('2', 0, '1', 'seed'))).toBe(41);
    expect(seedAfter('increment', 41, { kind: 'setMode', nodes: ['1'], mode: 'never' })).toBe(41);
  });
});
