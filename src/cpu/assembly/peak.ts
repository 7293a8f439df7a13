/** The peak arithmetic rate of this machine, to compare results with. */
import { madd } from './lanes';

/**
 * Makes multiply-adds in registers only, in 12 independent chains.
 * @param room address of 192 bytes
 * @returns the number of four-lane multiply-adds
 */
export function multiplyAdds(room: usize, rounds: i32): f64 {
  const x = v128.load(room);
  const y = v128.load(room, 16);
  let sum0 = x;
  let sum1 = y;
  let sum2 = v128.load(room, 32);
  let sum3 = v128.load(room, 48);
  let sum4 = v128.load(room, 64);
  let sum5 = v128.load(room, 80);
  let sum6 = v128.load(room, 96);
  let sum7 = v128.load(room, 112);
  let sum8 = v128.load(room, 128);
  let sum9 = v128.load(room, 144);
  let sum10 = v128.load(room, 160);
  let sum11 = v128.load(room, 176);
  for (let round = 0; round < rounds; round++) {
    sum0 = madd(x, sum0, y);
    sum1 = madd(x, sum1, y);
    sum2 = madd(x, sum2, y);
    sum3 = madd(x, sum3, y);
    sum4 = madd(x, sum4, y);
    sum5 = madd(x, sum5, y);
    sum6 = madd(x, sum6, y);
    sum7 = madd(x, sum7, y);
    sum8 = madd(x, sum8, y);
    sum9 = madd(x, sum9, y);
    sum10 = madd(x, sum10, y);
    sum11 = madd(x, sum11, y);
  }
  v128.store(room, sum0);
  v128.store(room, sum1, 16);
  v128.store(room, sum2, 32);
  v128.store(room, sum3, 48);
  v128.store(room, sum4, 64);
  v128.store(room, sum5, 80);
  v128.store(room, sum6, 96);
  v128.store(room, sum7, 112);
  v128.store(room, sum8, 128);
  v128.store(room, sum9, 144);
  v128.store(room, sum10, 160);
  v128.store(room, sum11, 176);
  return <f64>rounds * 12;
}
