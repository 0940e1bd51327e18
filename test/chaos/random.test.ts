import { expect, test } from '@jest/globals';
import { randomOf, type Random } from '../../chaos/random.ts';

const drawn = (random: Random) => Array.from({ length: 20 }, () => random.between(1, 1000));

test('the same seed draws the same, another one something else', () => {
  expect(drawn(randomOf('1'))).toEqual(drawn(randomOf('1')));
  expect(drawn(randomOf('1'))).not.toEqual(drawn(randomOf('2')));
});

test('what one part draws changes nothing for another', () => {
  const alone = drawn(randomOf('1').fork('load'));
  const random = randomOf('1');
  drawn(random);
  drawn(random.fork('faults'));
  expect(drawn(random.fork('load'))).toEqual(alone);
});

test('what weighs nothing is never drawn, and the rest as often as it weighs', () => {
  const random = randomOf('1');
  const items = [
    { name: 'never', weight: 0 },
    { name: 'seldom', weight: 1 },
    { name: 'often', weight: 9 },
  ];
  const names = Array.from({ length: 1000 }, () => random.weighted(items).name);
  const many = (name: string) => names.filter((one) => one === name).length;
  expect(many('never')).toBe(0);
  expect(many('seldom')).toBeGreaterThan(50);
  expect(many('often')).toBeGreaterThan(800);
});
