import { expect } from 'chai';
import { Accounts } from '../../../src/quotas/accounts.js';

const MINUTE = 60_000;

describe('The accounts of consumers', () => {
  it('are no more than they may be, however many addresses there are', () => {
    const accounts = new Accounts(100);
    for (let index = 0; index < 10_000; index += 1) accounts.of(` 10.0.${index}`, index);
    expect(accounts.size).to.equal(100);
  });

  it('of those who have something are never forgotten', () => {
    const accounts = new Accounts(10);
    const held = accounts.of('ada', 0);
    held.requests = 1;
    for (let index = 0; index < 1_000; index += 1) accounts.of(` 10.0.${index}`, 10 * MINUTE + index);
    expect(accounts.of('ada', 20 * MINUTE)).to.equal(held);
    expect(accounts.size).to.equal(10);
  });

  it('are forgotten only after some minutes if others can be instead', () => {
    const accounts = new Accounts(2);
    accounts.of('early', 0);
    const late = accounts.of('late', 10 * MINUTE);
    accounts.of('another', 10 * MINUTE + 1);
    expect(accounts.of('late', 10 * MINUTE + 2)).to.equal(late);
  });
});
