import { contractBundle } from '../../src/core/contract/bundle.ts';
import { contractCacheOf } from '../../src/zapier/contract-cache.ts';
import { crmContract, customersContract, erpContract } from './contracts.ts';

const bundle = contractBundle.parse({
  version: '1.1.1',
  sync: customersContract,
  source: erpContract('http://127.0.0.1:1'),
  target: crmContract('http://127.0.0.1:1'),
});

const connection = { url: 'https://store.example', key: 'tdm_1' };

test('a contract is found again by the connection that got it, and by no other', () => {
  contractCacheOf(connection).set('customers', bundle);
  expect(contractCacheOf({ ...connection }).get('customers')).toBe(bundle);
  expect(contractCacheOf({ ...connection, key: 'tdm_2' }).get('customers')).toBeUndefined();
  expect(contractCacheOf({ ...connection, url: 'https://other.example' }).get('customers')).toBeUndefined();
  expect(contractCacheOf(connection).get('orders')).toBeUndefined();
});

test('a container keeps a bounded number of contracts, the latest ones', () => {
  const cache = contractCacheOf(connection);
  for (let number = 0; number < 200; number += 1) cache.set(`sync-${number}`, bundle);
  const kept = Array.from({ length: 200 }, (_none, number) => number).filter(
    (number) => cache.get(`sync-${number}`) !== undefined,
  );
  expect(kept).toEqual(Array.from({ length: 64 }, (_none, place) => 136 + place));
});
